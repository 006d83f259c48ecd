// Bridges that are added, changed and removed while the broker runs: what waits goes on, others do not notice, what
// is gone leaves nothing behind.
#include <doctest/doctest.h>

#include "mqtt/store.hpp"
#include "support/bridged_brokers.hpp"
#include "support/faulty_disk.hpp"
#include "support/stored_broker.hpp"
#include "support/temp_folder.hpp"

using namespace ::test;

namespace {

BridgeConfig revised(BridgeConfig bridge, std::string revision) {
    bridge.revision = std::move(revision);
    return bridge;
}

std::uint64_t connects_of(TestBroker& broker) {
    return broker->stats().connects;
}

}  // namespace

TEST_CASE("bridge reload: one is added, another goes on undisturbed, one ends with its session") {
    for (const unsigned threads : kThreadCounts) {
        CAPTURE(threads);
        TestBroker first(with_threads(threads));
        TestBroker second(with_threads(threads));
        BridgeConfig one = bridge_to(first.port(), "one");
        one.topics = {{"a/#", BridgeDirection::out, QoS::exactly_once, "", ""}};
        BridgeConfig two = bridge_to(second.port(), "two");
        two.topics = {{"b/#", BridgeDirection::out, QoS::exactly_once, "", ""}};
        TestBroker here(with(one, threads));
        until_state(first, "1", "one");
        const std::uint64_t before = connects_of(first);
        CHECK(here->change_bridges({one, two}).ok());
        until_state(second, "1", "two");
        RawClient at_first = subscriber(first, "a/#");
        RawClient at_second = subscriber(second, "b/#");
        RawClient pub = here.client("pub");
        pub.publish_acked("a/x", "1");
        pub.publish_acked("b/x", "2");
        CHECK(take(at_first) == "a/x=1");
        CHECK(take(at_second) == "b/x=2");
        const std::uint64_t sessions = here->stats().sessions;
        CHECK(here->change_bridges({one}).ok());
        until_state(second, "0", "two");
        CHECK(eventually([&] { return here->stats().sessions == sessions - 1; }));
        pub.publish_acked("b/x", "nobody");
        pub.publish_acked("a/x", "3");
        CHECK(take(at_first) == "a/x=3");
        CHECK(connects_of(first) == before + 1);  // the subscriber's
        CHECK(here->stats().queued_messages == 0);
        // Nothing is retained about it any more.
        RawClient look = here.client("look");
        look.subscribe("$SYS/broker/connection/#", QoS::at_most_once);
        CHECK(take(look) == "$SYS/broker/connection/one/state=1");
        CHECK(has_nothing(look));
    }
}

TEST_CASE("bridge reload: changed lines hold at once, and what waits goes out by them, in order") {
    for (const unsigned threads : kThreadCounts) {
        CAPTURE(threads);
        TestBroker there(with_threads(threads));
        BridgeConfig bridge = bridge_to(1);  // nobody is there
        bridge.topics = {{"t/#", BridgeDirection::both, QoS::exactly_once, "", "old/"}};
        TestBroker here(with(bridge, threads));
        RawClient sub = subscriber(there, "#");
        RawClient pub = here.client("pub");
        for (int i = 0; i < 50; ++i)
            pub.publish_acked("t/x", std::to_string(i));
        bridge = revised(bridge, "moved");
        bridge.addresses.front().port = there.port();
        bridge.topics.front().remote_prefix = "new/";
        CHECK(here->change_bridges({bridge}).ok());
        for (int i = 0; i < 50; ++i)
            CHECK(take(sub) == "new/t/x=" + std::to_string(i));
        // Again, connected this time: the remote is asked for the new topics, and no more for the old ones.
        until_state(here, "1");
        bridge = revised(bridge, "turned");
        bridge.topics = {{"u/#", BridgeDirection::both, QoS::exactly_once, "", ""}};
        CHECK(here->change_bridges({bridge}).ok());
        RawClient local = here.client("local");
        local.subscribe("#", QoS::exactly_once);
        RawClient far = there.client("far");
        CHECK(eventually([&] {
            far.publish("u/probe", "");
            local.send(Pingreq{});
            return std::holds_alternative<Publish>(local.receive());
        }));
        CHECK(eventually([&] { return there->stats().subscriptions == 2; }));  // and "#"
        CHECK(here->stats().queued_messages == 0);
    }
}

TEST_CASE("bridge reload: lazy waits for the end of the connection, and may be taken back") {
    std::uint16_t port = 0;
    TestBroker here(with(bridge_to(1)));
    {
        TestBroker there;
        port = there.port();
        BridgeConfig bridge = revised(bridge_to(port), "1");
        CHECK(here->change_bridges({bridge}).ok());
        until_state(there, "1");
        const std::uint64_t before = connects_of(there);
        bridge = revised(bridge, "2");
        bridge.topics.front().remote_prefix = "far/";
        bridge.changes_at_once = false;
        CHECK(here->change_bridges({bridge}).ok());
        RawClient sub = subscriber(there, "#");
        RawClient pub = here.client("pub");
        pub.publish_acked("x", "near");
        CHECK(take(sub) == "x=near");
        CHECK(connects_of(there) == before + 1);
    }
    TestBroker there(at(port));
    RawClient sub = subscriber(there, "far/#");
    until_state(there, "1");
    RawClient pub = here.client("pub");
    pub.publish_acked("x", "far");
    CHECK(take(sub) == "far/x=far");
    // Said and taken back before it came to it.
    const std::uint64_t before = connects_of(there);
    BridgeConfig bridge = revised(bridge_to(port), "3");
    bridge.changes_at_once = false;
    CHECK(here->change_bridges({bridge}).ok());
    BridgeConfig same = revised(bridge_to(port), "2");
    same.topics.front().remote_prefix = "far/";
    CHECK(here->change_bridges({same}).ok());
    pub.publish_acked("y", "far");
    CHECK(take(sub) == "far/y=far");
    CHECK(connects_of(there) == before);
}

TEST_CASE(
    "bridge reload: again and again under way, and on the disk, loses nothing and doubles "
    "nothing" *
    doctest::skip(!no_store().empty())) {
    FaultyDisk::install();
    const TempFolder folder;
    TestBroker there;
    RawClient sub = subscriber(there, "q", QoS::exactly_once);
    BridgeConfig bridge = bridge_to(there.port());
    BrokerConfig config = stored(folder.path() + "/store.db", Persistence::strict);
    config.bridges = {bridge};
    constexpr int kMessages = 300;
    {
        TestBroker here(config);
        RawClient pub = here.client("pub");
        for (int i = 0; i < kMessages; ++i) {
            const PacketId id = pub.next_id();
            pub.publish("q", std::to_string(i), QoS::exactly_once, id);
            pub.expect<Ack>();
            pub.ack(PacketType::pubrel, id);
            pub.expect<Ack>();
            if (i % 10 == 0) CHECK(here->change_bridges({revised(bridge, std::to_string(i))}).ok());
        }
    }
    TestBroker here(config);
    for (int i = 0; i < kMessages; ++i)
        CHECK(take(sub) == "q=" + std::to_string(i));
    CHECK(has_nothing(sub));
}

TEST_CASE("bridge reload: one that contradicts itself changes nothing") {
    TestBroker there;
    const BridgeConfig bridge = bridge_to(there.port());
    TestBroker here(with(bridge));
    until_state(there, "1");
    BridgeConfig wrong = bridge_to(there.port(), "wrong");
    wrong.topics.clear();
    std::string message;
    CHECK(!here->change_bridges({bridge, wrong}, &message).ok());
    CHECK(message == "bridge wrong: it has no topic, so nothing would cross");
    CHECK(here->config().bridges.size() == 1);
}
