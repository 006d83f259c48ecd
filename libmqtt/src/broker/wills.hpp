// Will messages: made from CONNECT, published by the session's fate (sessions.cpp decides when).
#pragma once

#include <memory>

#include "broker/session.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

class Wills {
public:
    explicit Wills(Shard& shard) : shard_(shard) {}
    std::unique_ptr<WillMessage> make(const WillView& will) const;
    // With the rights of the session's client.
    void publish(const WillMessage& will, const Session& session);

private:
    Shard& shard_;
};

}  // namespace mqtt::broker
