// Options of bridges, each by what it makes another broker see: where it connects and when, what it says of itself,
// what it asks for and what it sends.
#include <doctest/doctest.h>

#include <algorithm>
#include <mutex>

#include "support/bridged_brokers.hpp"
#include "support/raw_remote.hpp"
#include "support/test_certificates.hpp"

using namespace test;

namespace {

// What a broker logs, from any thread.
class Lines {
public:
    void take_from(BrokerConfig& config) {
        config.log = [this](LogLevel, std::string_view line) {
            const std::lock_guard lock(mutex_);
            text_.append(line).append("\n");
        };
    }
    bool have(std::string_view text) const {
        const std::lock_guard lock(mutex_);
        return text_.find(text) != std::string::npos;
    }

private:
    mutable std::mutex mutex_;
    std::string text_;
};

std::uint16_t unused_port() {
    const TestBroker gone;
    return gone.port();
}

// Lets t out, and tells its remote nothing of itself.
BrokerConfig with_byte_window(std::uint16_t remote, std::size_t bytes) {
    BridgeConfig bridge = bridge_to(remote);
    bridge.notifications = false;
    bridge.attempt_unsubscribe = false;
    bridge.topics = {{"t/#", BridgeDirection::out, QoS::exactly_once, "", ""}};
    BrokerConfig config = with(bridge);
    config.maximum_inflight_bytes = bytes;
    return config;
}

}  // namespace

TEST_CASE(
    "bridge: round_robin goes to the next address and stays there, though the first is back") {
    auto first = std::make_unique<TestBroker>();
    auto second = std::make_unique<TestBroker>();
    const std::uint16_t first_port = first->port();
    BridgeConfig bridge = bridge_to(first_port);
    bridge.addresses.push_back(bridge.addresses.front());
    bridge.addresses.back().port = second->port();
    bridge.round_robin = true;
    BrokerConfig config = with(bridge);
    Lines lines;
    lines.take_from(config);
    TestBroker here(config);
    until_state(*first, "1");
    CHECK((*second)->stats().clients_connected == 0);
    first.reset();
    until_state(*second, "1");
    first = std::make_unique<TestBroker>(at(first_port));
    // A bridge without the option is back at its first address by now.
    BridgeConfig other = bridge_to(unused_port(), "other");
    other.addresses.push_back(other.addresses.front());
    other.addresses.front().port = first_port;
    other.addresses.back().port = second->port();
    TestBroker there(with(other));
    until_state(*first, "1", "other");
    RawClient sub = subscriber(*second, "x");
    RawClient pub = here.client("pub");
    pub.publish_acked("x", "to the second");
    CHECK(take(sub) == "x=to the second");
    second.reset();
    until_state(*first, "1");
}

TEST_CASE("bridge: start_type once connects at the start, and not again") {
    auto there = std::make_unique<TestBroker>();
    const std::uint16_t port = there->port();
    BridgeConfig bridge = bridge_to(port, "once");
    bridge.start = BridgeStart::once;
    BrokerConfig config = with(bridge);
    config.bridges.push_back(bridge_to(port, "always"));
    config.bridges.back().topics.front().pattern = "other";
    Lines lines;
    lines.take_from(config);
    TestBroker here(config);
    until_state(*there, "1", "once");
    until_state(*there, "1", "always");
    there.reset();
    CHECK(eventually([&] { return lines.have("start_type once: it is not connected again"); }));
    until_state(here, "0", "once");
    TestBroker back(at(port));
    until_state(back, "1", "always");
    CHECK(back->stats().clients_connected <= 2);  // the other bridge, and who asked for its state
    until_state(here, "0", "once");
}

TEST_CASE("bridge: notification_topic has its state here and there, and there as its will") {
    TestBroker there;
    RawClient watcher = there.client("watcher there");
    watcher.subscribe("bridges/+", QoS::at_most_once);
    BridgeConfig bridge = bridge_to(there.port());
    bridge.topics = {{"x", BridgeDirection::out, QoS::at_most_once, "", ""}};
    bridge.notification_topic = "bridges/b";
    {
        TestBroker here(with(bridge));
        watcher.expect_publish("bridges/b", "1");
        RawClient late = here.client("late");
        late.subscribe("bridges/b", QoS::at_most_once);
        CHECK(late.expect_publish("bridges/b", "1").retain);
    }
    watcher.expect_publish("bridges/b", "0");
    // Local only: the remote broker hears nothing.
    bridge.notifications_local_only = true;
    TestBroker here(with(bridge));
    RawClient local = here.client("local");
    local.subscribe("bridges/b", QoS::at_most_once);
    while (as_text(local.expect<Publish>().payload) != "1") {
    }
    watcher.expect_silence();
    // And not at all.
    bridge.notifications = false;
    bridge.remote_client_id = bridge.name = "silent";
    bridge.local_client_id.clear();
    TestBroker silent(with(bridge));
    CHECK(eventually([&] { return there->stats().clients_connected == 3; }));
    CHECK(silent->stats().retained_messages == 0);
}

TEST_CASE("bridge: without bridge_outgoing_retain nothing is retained at the remote") {
    for (const bool keeps : {true, false}) {
        TestBroker there;
        BridgeConfig bridge = bridge_to(there.port());
        bridge.outgoing_retain = keeps;
        bridge.notifications = false;
        TestBroker here(with(bridge));
        RawClient sub = subscriber(there, "r");
        RawClient pub = here.client("pub");
        CHECK(eventually([&] { return there->stats().clients_connected == 2; }));
        pub.publish_acked("r", "kept here", true);
        CHECK(take(sub) == "r=kept here");
        CHECK(here->stats().retained_messages == 1);
        CHECK(there->stats().retained_messages == (keeps ? 1U : 0U));
    }
}

TEST_CASE("bridge: bridge_max_packet_size keeps larger messages at the remote") {
    TestBroker there;
    BridgeConfig bridge = bridge_to(there.port());
    bridge.version = ProtocolVersion::v5;
    bridge.connect.maximum_packet_size = 200;
    TestBroker here(with(bridge));
    until_state(there, "1");
    RawClient sub = subscriber(here, "x");
    RawClient pub = there.client("pub");
    pub.publish_acked("x", std::string(300, 'l'));
    pub.publish_acked("x", "small");
    CHECK(take(sub) == "x=small");
    CHECK(there->stats().dropped_too_large == 1);
}

TEST_CASE("bridge: bridge_attempt_unsubscribe ends what an earlier configuration subscribed to") {
    for (const bool attempts : {true, false}) {
        CAPTURE(attempts);
        TestBroker there;
        BridgeConfig bridge = bridge_to(there.port());
        bridge.topics = {{"old", BridgeDirection::both, QoS::at_least_once, "", ""},
                         {"in", BridgeDirection::in, QoS::at_least_once, "", ""}};
        {
            TestBroker here(with(bridge));
            CHECK(eventually([&] { return there->stats().subscriptions == 2; }));
        }
        bridge.topics.front().direction = BridgeDirection::out;
        bridge.attempt_unsubscribe = attempts;
        TestBroker here(with(bridge));
        until_state(there, "1");
        RawClient sub = subscriber(here, "#");
        RawClient pub = there.client("pub");
        // Its SUBSCRIBE, and an UNSUBSCRIBE behind it, are answered before this comes back.
        pub.publish_acked("in", "now");
        CHECK(take(sub) == "in=now");
        if (attempts)
            CHECK(eventually([&] { return there->stats().subscriptions == 1; }));
        else
            CHECK(there->stats().subscriptions == 2);
    }
}

TEST_CASE("bridge: bridge_alpn is asked for at the remote") {
    mqtt::test::TestAuthority authority;
    const mqtt::test::CertificateFiles files = authority.issue();
    BrokerConfig config = loopback(Transport::tls);
    config.listeners.front().tls.certificate_file = files.certificate;
    config.listeners.front().tls.key_file = files.key;
    config.listeners.front().tls.alpn = {"x-amzn-mqtt-ca"};
    TestBroker there(config);
    BridgeConfig bridge = bridge_to(there.port());
    bridge.addresses.front().transport = Transport::tls;
    bridge.connect.tls.ca_file = authority.ca_file();
    for (const char* name : {"mqtt", "x-amzn-mqtt-ca"}) {
        bridge.connect.tls.alpn = {name};
        BrokerConfig with_bridge = with(bridge);
        Lines lines;
        lines.take_from(with_bridge);
        TestBroker here(with_bridge);
        if (std::string_view(name) == "mqtt")
            CHECK(eventually([&] { return lines.have("no application protocol"); }));
        else
            CHECK(eventually([&] { return there->stats().clients_connected == 1; }));
    }
}

TEST_CASE("bridge: max_inflight_bytes lets the next message go while less payload is unfinished") {
    RawRemote remote;
    const TestBroker here(with_byte_window(remote.port(), 100));
    remote.accept();
    RawClient pub = here.client("pub");
    for (const std::size_t size : {60, 60, 60, 500, 1})
        pub.publish_acked("t", std::string(size, 'x'));
    const PacketId first = remote.expect<Publish>().id;
    const PacketId second = remote.expect<Publish>().id;
    remote.expect_silence();  // 120 are under way
    remote.ack(PacketType::puback, second);
    const PacketId third = remote.expect<Publish>().id;
    remote.expect_silence();
    remote.ack(PacketType::puback, first);
    const Publish large = remote.expect<Publish>();  // 60 are under way
    CHECK(large.payload.size() == 500);
    const PacketId large_id = large.id;
    remote.ack(PacketType::puback, third);
    remote.expect_silence();

    // Sent again it counts: what waits behind it still does.
    remote.hang_up();
    remote.accept(true);
    CHECK(remote.expect<Publish>().dup);
    remote.expect_silence();
    remote.ack(PacketType::puback, large_id);
    CHECK(remote.expect<Publish>().payload.size() == 1);

    // A remote without the session gets both again, one after the other.
    pub.publish_acked("t", std::string(100, 'x'));
    CHECK(remote.expect<Publish>().payload.size() == 100);
    remote.expect_silence();
    pub.publish_acked("t", "last");
    remote.hang_up();
    remote.accept();
    CHECK(remote.expect<Publish>().payload.size() == 1);
    const Publish again = remote.expect<Publish>();
    CHECK(again.payload.size() == 100);
    const PacketId again_id = again.id;
    remote.expect_silence();
    remote.ack(PacketType::puback, again_id);
    CHECK(as_text(remote.expect<Publish>().payload) == "last");
}

TEST_CASE("bridge: max_inflight_bytes counts QoS 2 to the end, QoS 0 never, retained as others") {
    RawRemote remote;
    const TestBroker here(with_byte_window(remote.port(), 100));
    RawClient pub = here.client("pub");
    for (const char* topic : {"t/a", "t/b"}) {
        const PacketId id = pub.next_id();
        pub.publish(topic, std::string(100, 'x'), QoS::exactly_once, id, true);
        pub.expect<Ack>();
        pub.ack(PacketType::pubrel, id).expect<Ack>();
    }
    remote.accept();
    const auto finish = [&](PacketId id) {
        remote.ack(PacketType::pubrec, id);
        CHECK(remote.expect<Ack>().type == PacketType::pubrel);
        remote.expect_silence();
        // What is new looks whether there is room.
        pub.publish_acked("t/c", "new");
        remote.expect_silence();
        remote.ack(PacketType::pubcomp, id);
    };
    finish(remote.expect<Publish>().id);
    finish(remote.expect<Publish>().id);
    for (int i = 0; i < 2; ++i)
        CHECK(as_text(remote.expect<Publish>().payload) == "new");
    // The queue is empty: what was retained before the connection follows.
    const PacketId retained = remote.expect<Publish>().id;
    remote.expect_silence();
    pub.publish("t/d", std::string(500, 'x'));
    CHECK(remote.expect<Publish>().qos == QoS::at_most_once);
    finish(retained);
    CHECK(as_text(remote.expect<Publish>().payload) == "new");
    CHECK(remote.expect<Publish>().retain);
}
