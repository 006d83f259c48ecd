// What becomes of messages that meet a full queue, by policy.
#include "mqtt/limits.hpp"
#include "support/test_broker.hpp"

using namespace ::test;

namespace {

// A queue of `most` behind a window of one.
BrokerConfig small_queue(QueueOverflow policy, std::size_t most) {
    BrokerConfig config = loopback();
    config.maximum_inflight = 1;
    config.maximum_queued_messages = most;
    config.queue_overflow = policy;
    return config;
}

// Acknowledges what comes until `count` messages are here.
std::vector<std::string> read_all(RawClient& client, std::size_t count) {
    std::vector<std::string> got;
    while (got.size() < count) {
        const Publish publish = client.expect<Publish>();
        got.emplace_back(as_text(publish.payload));
        client.ack(PacketType::puback, publish.id);
    }
    return got;
}

// What the HTTP API, which is the second listener, says of a client.
std::string client_json(const TestBroker& broker, const std::string& id) {
    RawClient http(broker.port(1));
    http.send_raw(as_bytes("GET /api/clients/" + id +
                           " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    std::string answer;
    char buffer[4'096];
    for (ssize_t n; (n = ::recv(http.fd(), buffer, sizeof buffer, 0)) > 0;)
        answer.append(buffer, static_cast<std::size_t>(n));
    return answer;
}

}  // namespace

TEST_CASE("queue overflow: what is dropped is counted for each client, and told once") {
    for (const QueueOverflow policy : {QueueOverflow::newest, QueueOverflow::oldest}) {
        BrokerConfig config = small_queue(policy, 2);
        config.listeners.push_back(config.listeners.front());
        config.listeners.back().serves_http = true;
        std::atomic<int> told = 0;
        config.log = [&](LogLevel, std::string_view line) {
            if (line == "Outgoing messages are being dropped for client full.") ++told;
        };
        TestBroker broker(config);
        RawClient full = broker.client("full");
        full.subscribe("t", QoS::at_least_once);
        RawClient reads = broker.client("reads");
        reads.subscribe("t", QoS::at_least_once);
        RawClient pub = broker.client("pub");
        for (int i = 0; i < 7; ++i) {
            pub.publish_acked("t", "x");
            read_all(reads, 1);
        }
        CHECK(client_json(broker, "full").find("\"dropped\":4,") != std::string::npos);
        CHECK(client_json(broker, "reads").find("\"dropped\":0,") != std::string::npos);
        CHECK(told == 1);
        CHECK(broker->stats().dropped_queue_full == 4);
    }
}

TEST_CASE("queue overflow: newest drops what comes last") {
    TestBroker broker(small_queue(QueueOverflow::newest, 2));
    RawClient sub = broker.client("sub");
    sub.subscribe("t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    for (const char* text : {"1", "2", "3", "4", "5"})
        pub.publish_acked("t", text);
    CHECK(read_all(sub, 3) == std::vector<std::string>{"1", "2", "3"});
    sub.expect_silence();
    CHECK(broker->stats().dropped_queue_full == 2);
}

TEST_CASE("queue overflow: oldest drops the first in the queue") {
    TestBroker broker(small_queue(QueueOverflow::oldest, 2));
    RawClient sub = broker.client("sub");
    sub.subscribe("t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    for (const char* text : {"1", "2", "3", "4", "5"})
        pub.publish_acked("t", text);
    CHECK(read_all(sub, 3) == std::vector<std::string>{"1", "4", "5"});
    sub.expect_silence();
    CHECK(broker->stats().dropped_queue_full == 2);
    CHECK(broker->stats().queued_messages == 0);
    CHECK(broker->stats().queued_bytes == 0);
}

TEST_CASE("queue overflow: disconnect ends the subscriber with 0x97") {
    TestBroker broker(small_queue(QueueOverflow::disconnect, 2));
    RawClient sub = broker.client("sub");
    sub.subscribe("t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    for (const char* text : {"1", "2", "3", "4"})
        pub.publish_acked("t", text);
    CHECK(as_text(sub.expect<Publish>().payload) == "1");
    CHECK(sub.expect<Disconnect>().reason == ReasonCode::quota_exceeded);
    sub.expect_closed();
    CHECK(broker->stats().limits[Limit::queue_disconnects] == 1);
    pub.expect_silence();
}

TEST_CASE(
    "queue overflow: block withholds the acknowledgement until there is room, and loses nothing") {
    TestBroker broker(small_queue(QueueOverflow::block, 2));
    RawClient sub = broker.client("sub");
    sub.subscribe("t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    for (const char* text : {"1", "2", "3"})
        pub.publish_acked("t", text);
    pub.publish("t", "4", QoS::at_least_once, 40).publish("t", "5", QoS::exactly_once, 50);
    pub.expect_silence();  // it is still read, and answered, but for these two
    CHECK(broker->stats().limits[Limit::queue_blocks] == 2);
    CHECK(read_all(sub, 5) == std::vector<std::string>{"1", "2", "3", "4", "5"});
    CHECK(pub.expect<Ack>().id == 40);
    CHECK(pub.expect<Ack>().id == 50);
    CHECK(broker->stats().dropped_queue_full == 0);
}

TEST_CASE("queue overflow: block gives way when the subscriber goes, or is the publisher itself") {
    TestBroker broker(small_queue(QueueOverflow::block, 1));
    RawClient pub = broker.client("pub");
    {
        RawClient sub = broker.client("sub");
        sub.subscribe("t", QoS::at_least_once);
        pub.publish_acked("t", "1");
        pub.publish_acked("t", "2");
        pub.publish("t", "3", QoS::at_least_once, 30);
        pub.expect_silence();
    }
    CHECK(pub.expect<Ack>().id == 30);
    RawClient self = broker.client("self");
    self.subscribe("s", QoS::at_least_once);
    for (PacketId id = 1; id <= 3; ++id)
        self.publish("s", "x", QoS::at_least_once, id);
    int acks = 0;
    for (int packets = 0; packets < 4; ++packets) {
        if (std::holds_alternative<Ack>(self.receive())) ++acks;
    }
    CHECK(acks == 3);
}

TEST_CASE("queue overflow: block needs one thread") {
    BrokerConfig config = small_queue(QueueOverflow::block, 2);
    config.threads = 2;
    CHECK_THROWS_AS(Broker{config}, std::invalid_argument);
}
