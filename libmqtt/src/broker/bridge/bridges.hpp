// The bridges of one shard: those whose local client id is at home there.
#pragma once

#include <memory>
#include <vector>

#include "broker/bridge/bridge.hpp"

namespace mqtt::broker {

class Bridges {
public:
    explicit Bridges(Shard& shard) : shard_(shard) {}

    // On the shard's thread.
    void add(BridgeConfig config);
    void stop();   // says good-bye
    void abort();  // at once
    bool are_closed() const;
    // Of a session with Session::is_bridge.
    Bridge& of(const Session& session) const;

private:
    Shard& shard_;
    std::vector<std::unique_ptr<Bridge>> bridges_;
};

}  // namespace mqtt::broker
