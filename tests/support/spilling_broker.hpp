// A broker of whose queues next to nothing is in memory, for tests, and numbered messages through it.
#pragma once

#include "support/stored_broker.hpp"

namespace test {

inline constexpr int kMessages = 400;
inline constexpr std::string_view kFilling =
    "0123456789012345678901234567890123456789012345678901234567890123456789";

inline BrokerConfig spilling(const std::string& file, Persistence persistence,
                             unsigned threads = 1) {
    BrokerConfig config = stored(file, persistence, threads);
    config.queue_memory = 4096 * threads;
    config.maximum_queued_messages = 0;
    config.maximum_inflight = 20;
    return config;
}

inline std::string payload(int i) {
    return std::to_string(i) + '/' + std::string(kFilling);
}

inline void publish_numbers(RawClient& pub, int from, int to) {
    for (int i = from; i < to; ++i)
        pub.publish("t", payload(i), QoS::at_least_once, static_cast<PacketId>(i + 1));
    for (int i = from; i < to; ++i)
        CHECK(pub.expect<Ack>().id == i + 1);
}

// In order, each acknowledged.
inline void take_numbers(RawClient& sub, int from, int to) {
    for (int i = from; i < to; ++i)
        sub.ack(PacketType::puback, sub.expect_publish("t", payload(i)).id);
}

// What a client has sent is read. What comes meanwhile is thrown away, and comes again to its session.
inline void until_read(RawClient& client) {
    client.send(Pingreq{});
    while (!std::holds_alternative<Pingresp>(client.receive())) {
    }
}

}  // namespace test
