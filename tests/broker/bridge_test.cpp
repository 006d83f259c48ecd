// Bridges between brokers in this process: both directions and every QoS, loops, absence, lost sessions,
// properties, rights, and the end of a broker in the middle.
#include <doctest/doctest.h>

#include <algorithm>

#include "support/bridged_brokers.hpp"
#include "support/raw_remote.hpp"
#include "support/temp_folder.hpp"

using namespace ::test;

namespace {

void publish_all_qos(RawClient& client, const std::string& topic) {
    client.publish(topic, "0").publish_acked(topic, "1");
    const PacketId id = client.next_id();
    client.publish(topic, "2", QoS::exactly_once, id);
    client.expect<Ack>();
    client.ack(PacketType::pubrel, id);
    client.expect<Ack>();
}

}  // namespace

TEST_CASE("bridge: # both carries every QoS both ways, and nothing comes back") {
    for (const unsigned threads : kThreadCounts) {
        for (const ProtocolVersion version : {ProtocolVersion::v5, ProtocolVersion::v3_1_1}) {
            CAPTURE(threads);
            CAPTURE(static_cast<int>(version));
            const TestBroker there(with_threads(threads));
            BridgeConfig bridge = bridge_to(there.port());
            bridge.version = version;
            const TestBroker here(with(bridge, threads));
            until_state(here, "1");
            until_state(there, "1");
            RawClient sub_here = subscriber(here);
            RawClient sub_there = subscriber(there);
            RawClient pub_here = here.client("pub");
            RawClient pub_there = there.client("pub");
            publish_all_qos(pub_here, "up");
            for (RawClient* sub : {&sub_here, &sub_there})
                for (const char* text : {"up=0", "up=1", "up=2"})
                    CHECK(take(*sub) == text);
            publish_all_qos(pub_there, "down");
            for (RawClient* sub : {&sub_here, &sub_there})
                for (const char* text : {"down=0", "down=1", "down=2"})
                    CHECK(take(*sub) == text);
            // An echo would stand before these.
            pub_here.publish_acked("end", "here");
            CHECK(take(sub_here) == "end=here");
            CHECK(take(sub_there) == "end=here");
            pub_there.publish_acked("end", "there");
            CHECK(take(sub_there) == "end=there");
            CHECK(take(sub_here) == "end=there");
        }
    }
}

TEST_CASE("bridge: prefixes are exchanged, and the QoS is that of the line at most") {
    const TestBroker there;
    BridgeConfig bridge = bridge_to(there.port());
    bridge.topics = {{"t/#", BridgeDirection::out, QoS::at_least_once, "here/", "there/"},
                     {"c/#", BridgeDirection::in, QoS::at_most_once, "from/", "to/"}};
    const TestBroker here(with(bridge));
    until_state(there, "1");
    RawClient sub_there = subscriber(there, "there/#");
    RawClient sub_here = subscriber(here, "from/#");
    RawClient pub_here = here.client("pub");
    publish_all_qos(pub_here, "here/t/x");
    for (const char* text : {"0", "1", "2"}) {
        const Publish publish = sub_there.expect_publish("there/t/x", text);
        CHECK(publish.qos == (*text == '0' ? QoS::at_most_once : QoS::at_least_once));
        if (publish.id != 0) sub_there.ack(PacketType::puback, publish.id);
    }
    RawClient pub_there = there.client("pub");
    pub_there.publish_acked("to/c/1", "x");
    CHECK(sub_here.expect_publish("from/c/1", "x").qos == QoS::at_most_once);
}

TEST_CASE("bridge: what goes out waits in order while the remote is away") {
    std::uint16_t port = 0;
    {
        const TestBroker first;
        port = first.port();
    }
    const TestBroker here(with(bridge_to(port)));
    RawClient pub = here.client("pub");
    for (int i = 0; i < 200; ++i)
        pub.publish_acked("q", std::to_string(i));
    const TestBroker there(at(port));
    RawClient late = subscriber(there);
    // Before or after the subscription: a retained message says which is the first that counts.
    until_state(here, "1");
    pub.publish_acked("q", "end");
    int last = -1;
    for (std::string got = take(late); got != "q=end"; got = take(late)) {
        const int number = std::stoi(got.substr(2));
        CHECK(number > last);
        last = number;
    }
}

TEST_CASE("bridge: the very first message of the very first client is its already") {
    for (int i = 0; i < 20; ++i) {
        const std::string id = std::to_string(i);  // at home on one thread or another
        TestBroker here(with(bridge_to(1, "b" + id), 4));
        RawClient pub = here.client("pub" + id);
        pub.publish_acked("t/x", "1");
        CHECK(eventually([&] { return here->stats().queued_messages == 1; }));
    }
}

TEST_CASE("bridge: retained messages cross when it connects, and as retained") {
    const TestBroker there;
    RawClient pub_there = there.client("pub");
    pub_there.publish_acked("there", "kept", true);
    const TestBroker here(with(bridge_to(there.port())));
    RawClient pub_here = here.client("pub");
    pub_here.publish_acked("here", "kept", true);
    const auto has = [](const TestBroker& broker, std::string_view topic) {
        RawClient sub = broker.client();
        sub.connect("look");
        sub.subscribe(topic, QoS::at_most_once);
        sub.send(Pingreq{});
        const Packet packet = sub.receive();
        const auto* publish = std::get_if<Publish>(&packet);
        return publish != nullptr && publish->retain && as_text(publish->payload) == "kept";
    };
    CHECK(eventually([&] { return has(here, "there"); }));
    CHECK(eventually([&] { return has(there, "here"); }));
}

TEST_CASE("bridge: properties pass, and the expiry is what is left") {
    const TestBroker there;
    const TestBroker here(with(bridge_to(there.port())));
    until_state(there, "1");
    RawClient sub = subscriber(there);
    RawClient pub = here.client("pub");
    PropertyList list;
    list.add(PropertyId::message_expiry_interval, 100).add(PropertyId::content_type, "text/plain");
    list.add(PropertyId::response_topic, "re").add(PropertyId::correlation_data, "id");
    list.add_user("k", "v");
    pub.publish_acked("p", "x", false, list.view());
    const Publish got = sub.expect_publish("p", "x");
    const auto left = got.properties.number(PropertyId::message_expiry_interval);
    REQUIRE(left.has_value());
    CHECK(*left <= 100);
    CHECK(*left > 50);
    CHECK(got.properties.text(PropertyId::content_type) == "text/plain");
    CHECK(got.properties.text(PropertyId::response_topic) == "re");
    CHECK(got.properties.text(PropertyId::correlation_data) == "id");
    bool has_user = false;
    for (const PropertyView& property : got.properties)
        has_user |= property.name == "k" && property.text == "v";
    CHECK(has_user);
}

TEST_CASE("bridge: a ring of three brokers with names of hops carries a message once around") {
    std::uint16_t port = 0;
    {
        const TestBroker reserve;
        port = reserve.port();
    }
    const auto hop = [](std::uint16_t to, std::string name) {
        BridgeConfig bridge = bridge_to(to, name);
        bridge.topics = {{"#", BridgeDirection::out, QoS::exactly_once, "", ""}};
        bridge.hop_name = std::move(name);
        return bridge;
    };
    const TestBroker c(with(hop(port, "c")));
    const TestBroker b(with(hop(c.port(), "b")));
    BrokerConfig config = with(hop(b.port(), "a"));
    config.listeners.front().endpoint.port = port;
    const TestBroker a(config);
    until_state(a, "1", "c");
    until_state(b, "1", "a");
    until_state(c, "1", "b");
    RawClient subs[] = {subscriber(a), subscriber(b), subscriber(c)};
    RawClient pub = a.client("pub");
    pub.publish_acked("ring", "once");
    for (RawClient& sub : subs)
        CHECK(take(sub) == "ring=once");
    // Behind the first on each leg: had that come back to A, it would stand before this.
    RawClient pub_c = c.client("pub");
    pub_c.publish_acked("ring", "from c");
    for (RawClient* sub : {&subs[2], &subs[0], &subs[1]})
        CHECK(take(*sub) == "ring=from c");
    for (RawClient& sub : subs)
        CHECK(has_nothing(sub));
}

TEST_CASE("bridge: brokers with bridges to each other do not go on for ever") {
    std::uint16_t port = 0;
    {
        const TestBroker reserve;
        port = reserve.port();
    }
    BridgeConfig first = bridge_to(port, "a");
    first.hop_name = "a";
    TestBroker a(with(first));
    BridgeConfig second = bridge_to(a.port(), "b");
    second.hop_name = "b";
    BrokerConfig config = with(second);
    config.listeners.front().endpoint.port = port;
    const TestBroker b(config);
    until_state(b, "1", "a");
    until_state(a, "1", "b");
    RawClient sub = subscriber(a);
    RawClient pub = a.client("pub");
    pub.publish_acked("x", "1");
    CHECK(take(sub) == "x=1");
    const auto received = [&] { return a->stats().publishes_received; };
    std::uint64_t before = 0;
    // Quiet is when nothing has come between two looks.
    CHECK(eventually([&] {
        const std::uint64_t now = received();
        const bool is_quiet = now == before;
        before = now;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        return is_quiet;
    }));
    CHECK(received() < 20);
}

TEST_CASE("bridge: what the remote did not acknowledge goes again when it has lost the session") {
    // The first remote takes messages and acknowledges none.
    RawRemote deaf;
    BridgeConfig bridge = bridge_to(deaf.port());
    bridge.notifications = false;
    bridge.topics = {{"#", BridgeDirection::out, QoS::exactly_once, "", ""}};
    const TestBroker here(with(bridge));
    deaf.accept();
    RawClient pub = here.client("pub");
    for (int i = 0; i < 10; ++i)
        pub.publish_acked("m", std::to_string(i));
    while (as_text(deaf.expect<Publish>().payload) != "9") {
    }
    deaf.stop_listening();
    deaf.hang_up();
    TestBroker there(at(deaf.port()));
    RawClient sub = subscriber(there, "m");
    pub.publish_acked("m", "10");
    // Those before its subscription went by; the last are there, in order.
    int last = -1;
    while (last != 10) {
        const int number = std::stoi(take(sub).substr(2));
        CHECK(number > last);
        last = number;
    }
    CHECK(there->stats().publishes_received == 11);
}

TEST_CASE("bridge: a client cannot have its client id, and a bad configuration is refused") {
    const TestBroker there;
    const TestBroker here(with(bridge_to(there.port())));
    until_state(here, "1");
    RawClient thief = here.client();
    thief.send_connect({.client_id = "local.b", .clean_start = false});
    CHECK(thief.expect<Connack>().reason == ReasonCode::client_identifier_not_valid);

    BridgeConfig no_topic = bridge_to(there.port());
    no_topic.topics.clear();
    CHECK_THROWS_AS(Broker{with(no_topic)}, std::invalid_argument);
    BridgeConfig no_address = bridge_to(there.port());
    no_address.addresses.clear();
    CHECK_THROWS_AS(Broker{with(no_address)}, std::invalid_argument);
    BrokerConfig twice = with(bridge_to(there.port()));
    twice.bridges.push_back(twice.bridges.front());
    CHECK_THROWS_AS(Broker{twice}, std::invalid_argument);
}

TEST_CASE("bridge: a user of this broker has its rights over the bridge, too") {
    const TestBroker there;
    BridgeConfig bridge = bridge_to(there.port());
    bridge.local_user_name = "guest";
    BrokerConfig config = with(bridge);
    config.authorize = [](const AccessRequest& request) {
        return request.user_name != "guest" || request.topic.starts_with("open/");
    };
    const TestBroker here(config);
    until_state(there, "1");
    RawClient sub_there = subscriber(there, "+/x");
    RawClient sub_here = subscriber(here, "+/y");
    RawClient pub_here = here.client("pub");
    RawClient pub_there = there.client("pub");
    pub_here.publish_acked("secret/x", "no");
    pub_here.publish_acked("open/x", "yes");
    CHECK(take(sub_there) == "open/x=yes");
    pub_there.publish_acked("secret/y", "no");
    pub_there.publish_acked("open/y", "yes");
    CHECK(take(sub_here) == "open/y=yes");
}

TEST_CASE("bridge: lazy, it connects for the messages that wait, and goes when it is idle") {
    TestBroker there;
    BridgeConfig bridge = bridge_to(there.port());
    bridge.start = BridgeStart::lazy;
    bridge.threshold = 3;
    bridge.idle_timeout = std::chrono::seconds(1);
    const TestBroker here(with(bridge));
    RawClient sub = subscriber(there, "l");
    RawClient pub = here.client("pub");
    pub.publish_acked("l", "1");
    pub.publish_acked("l", "2");
    sub.expect_silence();
    pub.publish_acked("l", "3");
    for (const char* text : {"l=1", "l=2", "l=3"})
        CHECK(take(sub) == text);
    until_state(here, "0");
    CHECK(eventually([&] { return there->stats().clients_connected == 1; }));
}

TEST_CASE("bridge: the first address is taken again when it is back") {
    std::uint16_t first = 0;
    {
        const TestBroker gone;
        first = gone.port();
    }
    const TestBroker second;
    BridgeConfig bridge = bridge_to(first);
    bridge.addresses.push_back(bridge.addresses.front());
    bridge.addresses.back().port = second.port();
    const TestBroker here(with(bridge));
    until_state(second, "1");
    const TestBroker back(at(first));
    until_state(back, "1");
    until_state(second, "0");
    RawClient sub = subscriber(back, "x");
    RawClient pub = here.client("pub");
    pub.publish_acked("x", "first");
    CHECK(take(sub) == "x=first");
}

TEST_CASE("bridge: how many messages wait is told") {
    std::uint16_t port = 0;
    {
        const TestBroker gone;
        port = gone.port();
    }
    BridgeConfig bridge = bridge_to(port);
    bridge.topics = {{"q", BridgeDirection::out, QoS::at_least_once, "", ""}};
    BrokerConfig config = with(bridge);
    config.sys_interval = std::chrono::seconds(1);
    const TestBroker here(config);
    RawClient watcher = here.client("watcher");
    watcher.subscribe("$SYS/broker/connection/b/queued", QoS::at_most_once);
    RawClient pub = here.client("pub");
    for (int i = 0; i < 3; ++i)
        pub.publish_acked("q", "x");
    while (as_text(watcher.expect<Publish>().payload) != "3") {
    }
    const TestBroker there(at(port));
    while (as_text(watcher.expect<Publish>().payload) != "0") {
    }
}

TEST_CASE("bridge: of several addresses the first that answers") {
    const TestBroker there;
    std::uint16_t nobody = 0;
    {
        const TestBroker gone;
        nobody = gone.port();
    }
    BridgeConfig bridge = bridge_to(nobody);
    bridge.addresses.push_back(bridge.addresses.front());
    bridge.addresses.back().port = there.port();
    bridge.restart_base = bridge.restart_cap = std::chrono::seconds(60);  // not waited for
    const TestBroker here(with(bridge));
    until_state(there, "1");
}
