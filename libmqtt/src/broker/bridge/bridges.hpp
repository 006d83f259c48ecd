// The bridges of one shard: those whose local client id is at home there; what a change of the configuration
// makes of them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "broker/bridge/bridge.hpp"

namespace mqtt::broker {

class Bridges {
public:
    explicit Bridges(Shard& shard) : shard_(shard) {}

    // Before the threads start: the sessions of those that are at home here, which begin with start().
    void open(const std::vector<BridgeConfig>& all);

    // All on the shard's thread.
    void start();
    // Of all bridges of the broker those that are at home here; see Broker::change_bridges.
    void change(const std::vector<BridgeConfig>& all);
    void stop();   // says good-bye
    void abort();  // at once
    bool are_closed() const;
    // Of a session with Session::is_bridge.
    Bridge& of(const Session& session) const;
    // A bridge has ended as it was told; called from inside it.
    void ended();

private:
    enum class Fate : std::uint8_t { stays, is_replaced, is_removed };
    struct Entry {
        std::unique_ptr<Bridge> bridge;
        Fate fate = Fate::stays;             // when it has ended
        std::optional<BridgeConfig> next{};  // by what it is replaced
    };
    bool is_at_home(const BridgeConfig& config) const;
    Bridge& add(const BridgeConfig& config);
    void change(Entry& entry, const BridgeConfig& config);
    void settle();
    void replace(Entry& entry);

    Shard& shard_;
    std::vector<Entry> entries_;
};

}  // namespace mqtt::broker
