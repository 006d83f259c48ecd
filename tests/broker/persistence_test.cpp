// Durable sessions and retained messages: what a second broker finds in the files of a first one, at its
// orderly end, at the instant of a kill (a copy of the files) and of a power cut (only what was synced).
#include <doctest/doctest.h>

#include <fstream>

#include "support/faulty_disk.hpp"
#include "support/stored_broker.hpp"
#include "support/temp_folder.hpp"

using namespace ::test;

TEST_CASE("persistence: queued messages, subscriptions and retained survive an orderly restart") {
    for (const Persistence mode : {Persistence::batch, Persistence::strict}) {
        const TempFolder folder;
        const std::string file = folder.path() + "/store.db";
        {
            TestBroker broker(stored(file, mode));
            leave_session(broker, "sub", "t/+", QoS::exactly_once);
            RawClient pub = broker.client("pub");
            pub.publish_acked("t/1", "one");
            pub.publish_acked("t/2", "two", true);
            pub.publish_acked("gone", "x", true);
            pub.publish_acked("gone", "", true);
        }
        TestBroker broker(stored(file, mode));
        CHECK(broker->stats().retained_messages == 1);
        RawClient sub = broker.client();
        CHECK(resume(sub, "sub").session_present);
        sub.expect_publish("t/1", "one");
        sub.expect_publish("t/2", "two");
        RawClient pub = broker.client("pub");
        pub.publish_acked("t/3", "three");
        sub.expect_publish("t/3", "three");
        RawClient late = broker.client("late");
        late.subscribe("#", QoS::at_most_once);
        CHECK(late.expect_publish("t/2", "two").retain);
    }
}

TEST_CASE("persistence strict: what was acknowledged is there after a kill and after a power cut") {
    FaultyDisk::install();
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    TestBroker first(stored(file));
    leave_session(first, "sub", "t", QoS::exactly_once);
    RawClient pub = first.client("pub");
    pub.publish_acked("t", "1");
    pub.publish("t", "2", QoS::exactly_once, 7, true);
    REQUIRE(pub.expect<Ack>().type == PacketType::pubrec);
    for (const std::string& copy :
         {after_kill(file, folder.path()), FaultyDisk::after_power_cut(file, folder.path())}) {
        INFO(copy);
        TestBroker second(stored(copy));
        RawClient sub = second.client();
        REQUIRE(resume(sub, "sub").session_present);
        sub.expect_publish("t", "1");
        sub.expect_publish("t", "2");
        CHECK(second->stats().retained_messages == 1);
    }
}

TEST_CASE("persistence strict: every acknowledgement of a run survives a power cut after it") {
    FaultyDisk::install();
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    TestBroker first(stored(file));
    leave_session(first, "sub", "t", QoS::at_least_once);
    RawClient pub = first.client("pub");
    for (int i = 0; i < 20; ++i) {
        pub.publish_acked("t", std::to_string(i));
        for (unsigned seed = 0; seed < 3; ++seed) {
            INFO("after " << i << ", seed " << seed);
            TestBroker second(stored(FaultyDisk::after_power_cut(
                file, folder.path(), seed == 0 ? 0 : seed + static_cast<unsigned>(i))));
            CHECK(second->stats().queued_messages == static_cast<std::uint64_t>(i + 1));
        }
    }
}

TEST_CASE("persistence strict: the states of QoS 2 in both directions survive [MQTT-4.3.3-10]") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    TestBroker first(stored(file));
    RawClient sub = first.client();
    resume(sub, "sub");
    sub.subscribe("t", QoS::exactly_once);
    RawClient pub = first.client();
    resume(pub, "pub");
    pub.publish("t", "once", QoS::exactly_once, 9);
    REQUIRE(pub.expect<Ack>().type == PacketType::pubrec);
    const PacketId id = sub.expect_publish("t", "once").id;
    sub.ack(PacketType::pubrec, id);
    REQUIRE(sub.expect<Ack>().type == PacketType::pubrel);

    TestBroker second(stored(after_kill(file, folder.path())));
    RawClient sub2 = second.client();
    REQUIRE(resume(sub2, "sub").session_present);
    const Ack repeated = sub2.expect<Ack>();
    CHECK(repeated.type == PacketType::pubrel);
    CHECK(repeated.id == id);
    sub2.ack(PacketType::pubcomp, id);
    RawClient pub2 = second.client();
    REQUIRE(resume(pub2, "pub").session_present);
    pub2.send(Publish{true, QoS::exactly_once, false, 9, "t", {}, as_bytes("once")});
    CHECK(pub2.expect<Ack>().type == PacketType::pubrec);
    sub2.expect_silence();
    pub2.ack(PacketType::pubrel, 9);
    CHECK(pub2.expect<Ack>().type == PacketType::pubcomp);

    // The id is free again, after another kill too.
    const TempFolder second_folder;
    TestBroker third(stored(after_kill(folder.path() + "/after-kill.db", second_folder.path())));
    RawClient sub3 = third.client();
    REQUIRE(resume(sub3, "sub").session_present);
    RawClient pub3 = third.client();
    REQUIRE(resume(pub3, "pub").session_present);
    pub3.publish("t", "twice", QoS::exactly_once, 9);
    CHECK(pub3.expect<Ack>().type == PacketType::pubrec);
    sub3.expect_publish("t", "twice");
}

TEST_CASE("persistence strict: a QoS 1 message sent and not acknowledged comes again with its id") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    TestBroker first(stored(file));
    RawClient sub = first.client();
    resume(sub, "sub");
    sub.subscribe("t", {.qos = QoS::at_least_once, .no_local = true}, 17);
    RawClient pub = first.client("pub");
    pub.publish_acked("t", "a");
    const PacketId id = sub.expect_publish("t", "a").id;

    TestBroker second(stored(after_kill(file, folder.path())));
    RawClient again = second.client();
    REQUIRE(resume(again, "sub").session_present);
    const Publish repeated = again.expect_publish("t", "a");
    CHECK(repeated.dup);
    CHECK(repeated.id == id);
    CHECK(repeated.properties.number(PropertyId::subscription_identifier) == 17);
    again.publish("t", "No Local is kept", QoS::at_most_once);
    again.expect_silence();
}

TEST_CASE(
    "persistence strict: a retained message on its way is in flight again after a kill "
    "[MQTT-4.4.0-1]") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    TestBroker first(stored(file));
    RawClient pub = first.client("pub");
    pub.send(Publish{false, QoS::exactly_once, true, 9, "t", {}, as_bytes("kept")});
    REQUIRE(pub.expect<Ack>().type == PacketType::pubrec);
    pub.ack(PacketType::pubrel, 9);
    REQUIRE(pub.expect<Ack>().type == PacketType::pubcomp);
    RawClient sub = first.client();
    resume(sub, "sub");
    sub.subscribe("t", QoS::exactly_once);
    const PacketId id = sub.expect_publish("t", "kept").id;

    TestBroker second(stored(after_kill(file, folder.path())));
    RawClient again = second.client();
    REQUIRE(resume(again, "sub").session_present);
    const Publish repeated = again.expect_publish("t", "kept");
    CHECK(repeated.dup);
    CHECK(repeated.retain);
    CHECK(repeated.id == id);
    // Under that id a new one would count as a repetition, and be lost.
    RawClient other = second.client("other");
    other.publish("t", "new", QoS::exactly_once, 1);
    CHECK(again.expect_publish("t", "new").id != id);
}

TEST_CASE("persistence: a delivered and acknowledged message leaves nothing behind") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    {
        TestBroker broker(stored(file));
        RawClient sub = broker.client();
        resume(sub, "sub");
        sub.subscribe("t", QoS::at_least_once);
        RawClient pub = broker.client("pub");
        for (int i = 0; i < 50; ++i) {
            pub.publish_acked("t", "x");
            sub.ack(PacketType::puback, sub.expect_publish("t", "x").id);
        }
        sub.expect_silence();
    }
    TestBroker broker(stored(file));
    RawClient sub = broker.client();
    REQUIRE(resume(sub, "sub").session_present);
    sub.expect_silence();
}

TEST_CASE("persistence: sessions end on time although the broker was away; wills are sent") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    TestBroker first(stored(file));
    WillView will;
    will.topic = "will";
    will.payload = as_bytes("gone");
    will.qos = QoS::at_least_once;
    {
        RawClient brief = first.client();
        const PropertyList second = expiry(1);
        brief.connect({.client_id = "brief", .properties = second.view()});
        brief.send(Disconnect{}).expect_closed();
    }
    leave_session(first, "watcher", "will", QoS::at_least_once);
    RawClient online = first.client();
    const PropertyList kept = expiry(1000);
    online.connect({.client_id = "online", .properties = kept.view(), .will = will});
    const std::string copy = after_kill(file, folder.path());

    TestBroker second(stored(copy));
    RawClient watcher = second.client();
    REQUIRE(resume(watcher, "watcher").session_present);
    watcher.expect_publish("will", "gone");
    CHECK(eventually([&] { return second->stats().sessions_expired == 1; }));
    RawClient brief = second.client();
    CHECK_FALSE(resume(brief, "brief").session_present);
    RawClient back = second.client();
    CHECK(resume(back, "online").session_present);
}

TEST_CASE("persistence: clean start, unsubscribing and expiry 0 are remembered, too") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    {
        TestBroker broker(stored(file));
        leave_session(broker, "cleaned", "t", QoS::at_least_once);
        leave_session(broker, "unsubscribed", "t", QoS::at_least_once);
        RawClient pub = broker.client("pub");
        pub.publish_acked("t", "x");
        broker.client("cleaned").send(Disconnect{}).expect_closed();
        RawClient other = broker.client();
        resume(other, "unsubscribed");
        other.ack(PacketType::puback, other.expect_publish("t", "x").id);
        other.unsubscribe("t");
        other.send(Disconnect{}).expect_closed();
        pub.publish_acked("t", "y");
    }
    TestBroker broker(stored(file));
    RawClient cleaned = broker.client();
    CHECK_FALSE(resume(cleaned, "cleaned").session_present);
    RawClient unsubscribed = broker.client();
    CHECK(resume(unsubscribed, "unsubscribed").session_present);
    unsubscribed.expect_silence();
    CHECK(broker->stats().queued_messages == 0);
}

TEST_CASE(
    "persistence batch: sessions on several shards come back, on another number of them too") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    constexpr int kSessions = 12;
    const auto name = [](int i) { return "client" + std::to_string(i); };
    for (const unsigned threads : {1U, 3U, 2U}) {
        BrokerConfig config = stored(file, Persistence::batch);
        config.threads = threads;
        TestBroker broker(config);
        for (int i = 0; i < kSessions; ++i) {
            RawClient client = broker.client();
            const bool is_first = threads == 1;
            CHECK(resume(client, name(i)).session_present == !is_first);
            if (is_first) client.subscribe("t", QoS::at_least_once);
            if (!is_first) {
                const Publish got = client.expect_publish("t", "for all");
                client.ack(PacketType::puback, got.id);
                client.expect_silence();
            }
            client.send(Disconnect{}).expect_closed();
        }
        RawClient pub = broker.client("pub");
        pub.publish_acked("t", "for all");
        pub.publish_acked("kept", std::to_string(threads), true);
        CHECK(eventually([&] { return broker->stats().queued_messages == kSessions; }));
    }
    BrokerConfig config = stored(file, Persistence::batch);
    TestBroker last(config);
    RawClient sub = last.client("sub");
    sub.subscribe("kept", QoS::at_most_once);
    sub.expect_publish("kept", "2");
}

TEST_CASE("persistence: a store that cannot be used ends the start with what to do") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    const auto start_error = [&](const std::string& path) {
        Broker broker(stored(path));
        CHECK_FALSE(broker.start().ok());
        return broker.start_error();
    };
    {
        TestBroker first(stored(file));
        CHECK(start_error(file).find("in use by another process") != std::string::npos);
    }
    std::ofstream(folder.path() + "/mosquitto.db") << std::string(4096, 'm');
    CHECK(start_error(folder.path() + "/mosquitto.db").find("no store of this broker") !=
          std::string::npos);
    CHECK(start_error(folder.path() + "/nowhere/store.db").find("nowhere/store.db") !=
          std::string::npos);
}

TEST_CASE("persistence strict: a full disk refuses what would have to be stored, and recovers") {
    FaultyDisk::install();
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    TestBroker broker(stored(file));
    leave_session(broker, "sub", "t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    pub.publish_acked("t", "before");
    FaultyDisk::fail_from(1, FaultyDisk::Fault::full);
    // Accepted before the fault was seen: its acknowledgement waits until it is on disk.
    pub.publish("t", "meanwhile", QoS::at_least_once, 100);
    RawClient other = broker.client("other");
    CHECK(eventually(
        [&] { return other.publish_acked("elsewhere", "x") == ReasonCode::quota_exceeded; }));
    {
        RawClient refused = broker.client();
        const PropertyList kept = expiry(1000);
        refused.send_connect({.client_id = "new", .properties = kept.view()});
        CHECK(refused.expect<Connack>().reason == ReasonCode::quota_exceeded);
    }
    broker.client("brief").expect_silence();
    CHECK(broker->stats().store_is_failing == 1);
    CHECK(broker->stats().store_failures != 0);
    FaultyDisk::mend();
    CHECK(pub.expect<Ack>().id == 100);
    CHECK(eventually([&] { return other.publish_acked("t", "after") == ReasonCode::success; }));
    CHECK(broker->stats().store_is_failing == 0);
    CHECK(broker->stats().store_commits != 0);
    RawClient sub = broker.client();
    REQUIRE(resume(sub, "sub").session_present);
    for (const char* text : {"before", "meanwhile", "after"})
        sub.expect_publish("t", text);
}

TEST_CASE("persistence strict: a disk that fails at call N loses nothing acknowledged, for all N") {
    FaultyDisk::install();
    using Fault = FaultyDisk::Fault;
    for (const Fault fault : {Fault::full, Fault::io_error, Fault::short_write}) {
        std::uint64_t call = 0;
        for (bool has_failed = true; has_failed && call < 200;) {
            ++call;
            INFO("call " << call << " fault " << int(fault));
            const TempFolder folder;
            const std::string file = folder.path() + "/store.db";
            TestBroker broker(stored(file, Persistence::strict, call % 2 == 0 ? 3 : 1));
            leave_session(broker, "sub", "t", QoS::at_least_once);
            RawClient pub = broker.client("pub");
            const std::uint64_t before = FaultyDisk::calls();
            FaultyDisk::fail_at(call, fault);
            std::uint64_t taken = 0;
            for (int i = 0; i < 4; ++i) {
                if (pub.publish_acked("t", std::to_string(i)) == ReasonCode::success) ++taken;
            }
            has_failed = FaultyDisk::calls() - before >= call;
            FaultyDisk::mend();
            TestBroker second(stored(FaultyDisk::after_power_cut(file, folder.path())));
            CHECK(second->stats().queued_messages >= taken);
        }
        CHECK(call > 7);
    }
}
