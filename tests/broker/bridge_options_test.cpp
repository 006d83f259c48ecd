// Options of bridges, each by what it makes another broker see: where it connects and when, what it says of itself,
// what it asks for and what it sends.
#include <doctest/doctest.h>

#include "support/bridged_brokers.hpp"
#include "support/test_certificates.hpp"

using namespace ::test;

namespace {

std::uint16_t unused_port() {
    const TestBroker gone;
    return gone.port();
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
    LogLines lines;
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
    LogLines lines;
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
        LogLines lines;
        lines.take_from(with_bridge);
        TestBroker here(with_bridge);
        if (std::string_view(name) == "mqtt")
            CHECK(eventually([&] { return lines.have("no application protocol"); }));
        else
            CHECK(eventually([&] { return there->stats().clients_connected == 1; }));
    }
}
