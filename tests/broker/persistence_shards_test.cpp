// Durable sessions on several shards: an acknowledgement covers what lives on other shards as well, and
// what is on its way between two shards is neither lost nor doubled, whatever shards there are afterwards.
#include <doctest/doctest.h>

#include <algorithm>

#include "broker/hash.hpp"
#include "broker/store/batch.hpp"
#include "broker/store/open.hpp"
#include "core/message.hpp"
#include "support/faulty_disk.hpp"
#include "support/stored_broker.hpp"
#include "support/temp_folder.hpp"

using namespace ::test;
namespace store = mqtt::broker::store;

namespace {

constexpr int kSessions = 9;  // on three shards: never all on one

std::string name(int i) {
    return "client" + std::to_string(i);
}

void leave_sessions(const TestBroker& broker, std::string_view filter) {
    for (int i = 0; i < kSessions; ++i)
        leave_session(broker, name(i), filter, QoS::exactly_once);
}

// What waits for a session, in order; it has acknowledged all of it afterwards.
std::vector<std::string> take_all(const TestBroker& broker, std::string_view id,
                                  bool may_be_gone = false) {
    RawClient client = broker.client();
    CHECK((resume(client, id).session_present || may_be_gone));
    client.send(Pingreq{});
    std::vector<std::string> got;
    for (std::size_t before = 0;;) {
        const Packet packet = client.receive();
        if (const auto* publish = std::get_if<Publish>(&packet)) {
            got.emplace_back(as_text(publish->payload));
            const bool twice = publish->qos == QoS::exactly_once;
            client.ack(twice ? PacketType::pubrec : PacketType::puback, publish->id);
        } else if (const auto* ack = std::get_if<Ack>(&packet)) {
            if (ack->type == PacketType::pubrel) client.ack(PacketType::pubcomp, ack->id);
        } else if (std::holds_alternative<Pingresp>(packet)) {
            if (got.size() == before) return got;
            before = got.size();  // what the window held back may follow
            client.send(Pingreq{});
        }
    }
}

std::vector<std::string> numbers(int last) {
    std::vector<std::string> list;
    for (int i = 1; i <= last; ++i)
        list.push_back(std::to_string(i));
    return list;
}

core::MessageRef message(std::string_view topic, std::string_view payload) {
    core::Message::Init init;
    init.topic = topic;
    init.payload = as_bytes(payload);
    init.qos = QoS::at_least_once;
    return core::Message::create(init);
}

void write(const std::string& file, const store::Batch& batch) {
    store::Fault fault;
    const auto backend = store::open(file, store::Durability::machine, fault);
    REQUIRE_MESSAGE(backend, fault.text);
    const store::Batch* batches[] = {&batch};
    REQUIRE(!backend->write(batches));
}

}  // namespace

TEST_CASE(
    "persistence strict: acknowledgements cover the sessions of other shards [MQTT-4.3.3-10]") {
    FaultyDisk::install();
    for (const unsigned after : {3U, 1U, 2U}) {
        const TempFolder folder;
        const std::string file = folder.path() + "/store.db";
        TestBroker first(stored(file, Persistence::strict, 3));
        leave_sessions(first, "t");
        RawClient pub = first.client();
        resume(pub, "pub");
        for (PacketId id = 1; id <= 8; ++id) {
            INFO("message " << id << ", then " << after << " shards");
            const bool twice = id % 2 == 0;
            pub.publish("t", std::to_string(id), twice ? QoS::exactly_once : QoS::at_least_once, id,
                        true);
            REQUIRE(pub.expect<Ack>().type == (twice ? PacketType::pubrec : PacketType::puback));
            const std::string copy = FaultyDisk::after_power_cut(file, folder.path());
            TestBroker second(stored(copy, Persistence::strict, after));
            CHECK(second->stats().retained_messages == 1);
            // The publisher's word that it has been taken counts after the cut as well.
            RawClient again = second.client();
            REQUIRE(resume(again, "pub").session_present);
            if (twice) {
                again.send(Publish{true, QoS::exactly_once, false, id, "t", {}, as_bytes("twice")});
                REQUIRE(again.expect<Ack>().type == PacketType::pubrec);
            }
            for (int i = 0; i < kSessions; ++i)
                CHECK(take_all(second, name(i)) == numbers(id));
            if (!twice) continue;
            pub.ack(PacketType::pubrel, id);
            REQUIRE(pub.expect<Ack>().type == PacketType::pubcomp);
        }
    }
}

TEST_CASE("persistence strict: a power cut at any time of a stream, on three shards") {
    FaultyDisk::install();
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    TestBroker first(stored(file, Persistence::strict, 3));
    leave_sessions(first, "t");
    RawClient pub = first.client();
    resume(pub, "pub");
    constexpr int kMessages = 120;
    constexpr int kWindow = 8;
    int sent = 0;
    for (int acked = 0; acked < kMessages; ++acked) {
        for (; sent < std::min(acked + kWindow, kMessages); ++sent) {
            const auto id = static_cast<PacketId>(sent + 1);
            pub.publish("t", std::to_string(sent + 1), QoS::exactly_once, id);
        }
        REQUIRE(pub.expect<Ack>().type == PacketType::pubrec);
        if (acked % 12 != 0) continue;
        // Commits go on while this is copied. All that is not known there comes again.
        const auto seed = static_cast<unsigned>(acked % 36 == 0 ? 0 : acked);
        TestBroker second(stored(FaultyDisk::after_power_cut(file, folder.path(), seed),
                                 Persistence::strict, acked % 24 == 0 ? 3 : 2));
        RawClient again = second.client();
        REQUIRE(resume(again, "pub").session_present);
        for (int i = acked + 1; i < sent; ++i) {
            const std::string text = std::to_string(i + 1);
            again.send(Publish{true,
                               QoS::exactly_once,
                               false,
                               static_cast<PacketId>(i + 1),
                               "t",
                               {},
                               as_bytes(text)});
        }
        for (int i = acked + 1; i < sent; ++i)
            REQUIRE(again.expect<Ack>().type == PacketType::pubrec);
        for (int i = 0; i < kSessions; ++i) {
            INFO("acknowledged " << acked + 1 << ", sent " << sent);
            CHECK(take_all(second, name(i)) == numbers(sent));
        }
    }
}

TEST_CASE("persistence strict: messages of a shared group on three shards come once") {
    FaultyDisk::install();
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    TestBroker first(stored(file, Persistence::strict, 3));
    leave_sessions(first, "$share/g/t");
    RawClient pub = first.client("pub");
    for (int i = 1; i <= 20; ++i)
        pub.publish_acked("t", std::to_string(i));
    // A member that comes, does not acknowledge and goes for good gives its share to others.
    for (int i = 0; i < 3; ++i) {
        RawClient member = first.client();
        resume(member, name(i));
        const PropertyList ended = expiry(0);
        member.send(Disconnect{ReasonCode::success, ended.view()});
        while (member.receive_unless_closed()) {
        }
        TestBroker second(
            stored(FaultyDisk::after_power_cut(file, folder.path()), Persistence::strict, 3));
        std::vector<int> seen(21);
        for (int k = 0; k < kSessions; ++k) {
            for (const std::string& text : take_all(second, name(k), k <= i))
                ++seen[std::stoul(text)];
        }
        for (int k = 1; k <= 20; ++k) {
            INFO("message " << k << " after " << i + 1 << " have left");
            CHECK(seen[k] == 1);
        }
    }
}

TEST_CASE(
    "persistence strict: what a shared group gave to a session moves on when it ends after "
    "restarts, "
    "[MQTT-4.8.2-5]") {
    for (const unsigned threads : {1U, 3U}) {
        INFO(threads << " threads");
        const TempFolder folder;
        const std::string file = folder.path() + "/store.db";
        TestBroker first(stored(file, Persistence::strict, threads));
        leave_session(first, "stays", "$share/g/t", QoS::exactly_once);
        RawClient ends = first.client();
        resume(ends, "ends");
        ends.subscribe("$share/g/t", QoS::exactly_once);
        RawClient pub = first.client("pub");
        // To the one that is there, which acknowledges nothing; then to both in turn, who are away.
        for (int i = 1; i <= 3; ++i) {
            pub.publish_acked("t", std::to_string(i));
            ends.expect<Publish>();
        }
        pub.publish("t", "QoS 2 stays", QoS::exactly_once, pub.next_id());
        CHECK(pub.expect<Ack>().type == PacketType::pubrec);
        ends.expect<Publish>();
        ends.send(Disconnect{}).expect_closed();
        for (int i = 4; i <= 10; ++i)
            pub.publish_acked("t", std::to_string(i));

        const std::string copy = after_kill(file, folder.path());
        { const TestBroker second(stored(copy, Persistence::strict, threads)); }
        TestBroker third(stored(copy, Persistence::strict, threads));
        // It ends, with what waits and what was sent at QoS 1; what has been sent at QoS 2 goes with it.
        CHECK_FALSE(third.client().connect({.client_id = "ends"}).session_present);
        CHECK(eventually([&] { return third->stats().queued_messages == 10; }));
        std::vector<std::string> got = take_all(third, "stays");
        std::vector<std::string> expected = numbers(10);
        std::sort(got.begin(), got.end());
        std::sort(expected.begin(), expected.end());
        CHECK(got == expected);
    }
}

TEST_CASE("persistence: what was between two shards goes on to those who were there") {
    constexpr std::uint64_t kSeed = 7;
    for (const unsigned threads : {1U, 3U}) {
        const TempFolder folder;
        const std::string file = folder.path() + "/store.db";
        {
            TestBroker broker(stored(file));
            leave_sessions(broker, "t");
            leave_session(broker, "sharer", "$share/g/s", QoS::at_least_once);
        }
        store::Batch batch;
        batch.hash_seed = kSeed;
        batch.shards = 2;
        batch.live = 3;
        batch.transits.push_back({1 << 8, message("t", "for shard 1"), "", 1});
        batch.transits.push_back({2 << 8, message("s", "for the group"), "g/s", 0});
        batch.transits.push_back({3 << 8, message("t", "arrived"), "", 0});
        batch.arrived.push_back(3 << 8);
        write(file, batch);
        for (int restart = 0; restart < 2; ++restart) {
            TestBroker broker(stored(file, Persistence::strict, threads));
            for (int i = 0; i < kSessions; ++i) {
                const bool was_there =
                    (broker::hash_bytes(name(i), kSeed) >> 32) % batch.shards == 1;
                std::vector<std::string> expected;
                if (was_there && restart == 0) expected.emplace_back("for shard 1");
                CHECK(take_all(broker, name(i)) == expected);
            }
            CHECK(take_all(broker, "sharer").size() == (restart == 0 ? 1U : 0U));
        }
    }
}

TEST_CASE("persistence: several shards end in order, and nobody waits for one that has ended") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    for (int run = 1; run <= 3; ++run) {
        TestBroker broker(stored(file, Persistence::strict, 3));
        if (run == 1) leave_sessions(broker, "t");
        RawClient pub = broker.client("pub");
        pub.publish_acked("t", std::to_string(run));
        RawClient idle = broker.client("idle");
        const TimePoint before = Clock::now();
        broker->stop(std::chrono::seconds(60));
        CHECK(Clock::now() - before < std::chrono::seconds(30));
    }
    TestBroker last(stored(file));
    for (int i = 0; i < kSessions; ++i)
        CHECK(take_all(last, name(i)) == numbers(3));
}

// Numbers of sessions have the shard in them where they began, and come home elsewhere.
TEST_CASE("persistence: on other shards than before, new sessions have nothing of old ones") {
    FaultyDisk::install();
    for (int round = 0; round < 5; ++round) {
        const TempFolder folder;
        const std::string file = folder.path() + "/store.db";
        std::vector<std::string> everybody;
        for (const unsigned threads : {1U, 3U, 3U}) {
            TestBroker broker(stored(file, Persistence::strict, threads));
            for (int i = 0; i < 6; ++i) {
                const std::string id =
                    std::to_string(round) + "/" + std::to_string(everybody.size());
                leave_session(broker, id, id, QoS::at_least_once);
                everybody.push_back(id);
            }
        }
        TestBroker broker(stored(file, Persistence::strict, 1));
        RawClient pub = broker.client("pub");
        for (const std::string& id : everybody)
            REQUIRE(pub.publish_acked(id, id) == ReasonCode::success);
        for (const std::string& id : everybody)
            CHECK(take_all(broker, id) == std::vector<std::string>{id});
    }
}
