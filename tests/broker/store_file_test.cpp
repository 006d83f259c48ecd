// Files of stores: the way from an older version, copies, and what a disk that fails does to both, at every
// write and sync.
#include <doctest/doctest.h>

#include <filesystem>

#include "mqtt/store.hpp"
#include "support/faulty_disk.hpp"
#include "support/store_sql.hpp"
#include "support/stored_broker.hpp"
#include "support/temp_folder.hpp"

using namespace ::test;

namespace {

using DiskFault = FaultyDisk::Fault;
constexpr DiskFault kFaults[] = {DiskFault::full, DiskFault::io_error, DiskFault::short_write};

// A store as the first version of the schema had it, with a session for which a message waits.
void make_version_1(const std::string& file) {
    {
        TestBroker broker(stored(file));
        leave_session(broker, "sub", "t", QoS::at_least_once);
        broker.client("pub").publish_acked("t", "old", true);
    }
    run_sql(file,
            "DROP TABLE transit; DROP TABLE chunk; DROP TABLE change; DROP TABLE handover;"
            "ALTER TABLE retained DROP COLUMN source_client;"
            "ALTER TABLE retained DROP COLUMN source_user;"
            "ALTER TABLE retained DROP COLUMN source_listener;"
            "ALTER TABLE entry DROP COLUMN shared_tag;"
            "ALTER TABLE subscription DROP COLUMN shared_tag; PRAGMA user_version = 1");
}

void check_content(const std::string& file) {
    TestBroker broker(stored(file));
    CHECK(broker->stats().queued_messages == 1);
    CHECK(broker->stats().retained_messages == 1);
    RawClient sub = broker.client();
    CHECK(resume(sub, "sub").session_present);
    sub.expect_publish("t", "old");
}

std::string exported(const std::string& file) {
    std::string message;
    std::string lines;
    const auto store = StoreFile::open(file, message);
    REQUIRE_MESSAGE(store, message);
    const auto take = [&](std::string_view line) {
        lines += line;
        return true;
    };
    CHECK(store->export_lines(take, message));
    return lines;
}

// Calls `attempt()` with one failing call, then the next, until all go through. How many failed.
template <class F>
std::uint64_t with_every_call_failing(DiskFault fault, F&& attempt) {
    for (std::uint64_t call = 1;; ++call) {
        INFO("call " << call << " fault " << int(fault));
        const std::uint64_t before = FaultyDisk::calls();
        FaultyDisk::fail_at(call, fault);
        attempt();
        const bool has_failed = FaultyDisk::calls() - before >= call;
        FaultyDisk::mend();
        if (!has_failed || call == 1000) return call - 1;
    }
}

}  // namespace

TEST_CASE("store: a file of the first version is upgraded, with everything in it") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    make_version_1(file);
    CHECK(problems_of(file).empty());  // looking at it changes nothing
    CHECK(exported(file).find("\"kind\":\"retained\"") != std::string::npos);
    CHECK(value(file, "PRAGMA user_version") == "1");
    check_content(file);
    CHECK(value(file, "PRAGMA user_version") == "7");
    CHECK(value(file, "SELECT count(*) FROM transit") == "0");
    run_sql(file, "PRAGMA user_version = 8");
    Broker broker(stored(file));
    CHECK_FALSE(broker.start().ok());
    CHECK(broker.start_error().find("newer version") != std::string::npos);
}

TEST_CASE(
    "store: memberships of a file without their tags get some, and what comes then moves on") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    {
        TestBroker broker(stored(file));
        leave_session(broker, "stays", "$share/g/t", QoS::at_least_once);
        leave_session(broker, "ends", "$share/g/t", QoS::at_least_once);
        leave_session(broker, "other", "other", QoS::at_least_once);
        RawClient pub = broker.client("pub");
        // Enough for a chunk, which stays one until the file is opened again.
        for (int i = 0; i < 30; ++i)
            pub.publish("other", "packed", QoS::at_least_once, pub.next_id());
        for (int i = 0; i < 30; ++i)
            pub.expect<Ack>();
    }
    run_sql(file,
            "DROP TABLE handover; ALTER TABLE entry DROP COLUMN shared_tag;"
            "ALTER TABLE subscription DROP COLUMN shared_tag; PRAGMA user_version = 4");
    CHECK(problems_of(file).empty());
    std::string message;
    std::size_t lines = 0;
    const auto count = [&](std::string_view) { return ++lines != 0; };
    CHECK(StoreFile::open(file, message)->export_lines(count, message));
    CHECK(lines == 3 + 3 + 30 + 30);
    {
        TestBroker broker(stored(file));
        CHECK(broker->stats().queued_messages == 30);
        for (int i = 0; i < 8; ++i)
            broker.client("pub").publish_acked("t", "x");
    }
    CHECK(value(file, "SELECT count(*) FROM subscription WHERE shared_tag != 0") == "2");
    TestBroker broker(stored(file));
    CHECK_FALSE(broker.client().connect({.client_id = "ends"}).session_present);
    RawClient sub = broker.client();
    CHECK(resume(sub, "stays").session_present);
    for (int i = 0; i < 8; ++i)
        sub.expect_publish("t", "x");
}

// Retained messages overtake a queue, so that entries have later ids than entries behind them; and ids begin
// anew.
TEST_CASE(
    "store: messages under way keep their ids, in the order of sending, whatever that of their "
    "entries "
    "[MQTT-4.3.3-2] [MQTT-4.6.0-1]") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    {
        TestBroker broker(stored(file));
        RawClient sub = broker.client();
        resume(sub, "sub");
        sub.subscribe("t", QoS::exactly_once);
        RawClient pub = broker.client("pub");
        for (const char* text : {"1", "65535", "2", "65534"}) {
            pub.publish("t", text, QoS::exactly_once, pub.next_id());
            CHECK(pub.expect<Ack>().type == PacketType::pubrec);
            sub.expect_publish("t", text);
        }
    }
    run_sql(file,
            "UPDATE entry SET packet_id ="
            "  (SELECT cast(cast(payload AS text) AS integer) FROM message"
            "    WHERE message.key = entry.message)");
    TestBroker broker(stored(file));
    RawClient sub = broker.client();
    CHECK(resume(sub, "sub").session_present);
    for (const int id : {65'534, 65'535, 1, 2}) {
        const Publish again = sub.expect_publish("t", std::to_string(id));
        CHECK(again.id == id);
        CHECK(again.dup);
    }
    sub.expect_silence();
}

TEST_CASE("store: an upgrade whose disk fails at call N, for all N, is made the next time") {
    FaultyDisk::install();
    const TempFolder made;
    const std::string old = made.path() + "/old.db";
    make_version_1(old);
    for (const DiskFault fault : kFaults) {
        const std::uint64_t calls = with_every_call_failing(fault, [&] {
            const TempFolder folder;
            const std::string file = folder.path() + "/store.db";
            std::filesystem::copy(old, file);
            {
                Broker broker(stored(file));
                static_cast<void>(broker.start());  // may fail
            }
            FaultyDisk::mend();
            check_content(file);
            CHECK(problems_of(file).empty());
        });
        CHECK(calls > 3);
    }
}

TEST_CASE("store: a copy whose disk fails at call N, for all N, leaves nothing or is sound") {
    FaultyDisk::install();
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    make_version_1(file);
    const std::string copy = folder.path() + "/copy.db";
    for (const DiskFault fault : kFaults) {
        const std::uint64_t calls = with_every_call_failing(fault, [&] {
            std::string message;
            const bool is_made = back_up_store(file, copy, message);
            FaultyDisk::mend();
            CHECK(is_made == message.empty());
            CHECK(std::filesystem::exists(copy) == is_made);
            CHECK_FALSE(std::filesystem::exists(copy + ".part"));
            if (!is_made) return;
            CHECK(problems_of(copy).empty());
            std::filesystem::remove(copy);
        });
        CHECK(calls > 3);
    }
}

TEST_CASE("store: a broker is copied while it is written, and goes on when the copy fails") {
    FaultyDisk::install();
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    TestBroker broker(stored(file, Persistence::strict, 2));
    leave_session(broker, "sub", "t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    for (int i = 0; i < 5; ++i) {
        pub.publish("t", std::string(100'000, 'x'), QoS::at_least_once,
                    static_cast<PacketId>(i + 1));
        const std::string copy = folder.path() + "/copy" + std::to_string(i);
        std::string message;
        CHECK_MESSAGE(back_up_store(file, copy, message), message);
        CHECK(pub.expect<Ack>().type == PacketType::puback);
        CHECK(problems_of(copy).empty());
        std::string nowhere;
        CHECK_FALSE(back_up_store(file, folder.path() + "/nowhere/copy", nowhere));
        CHECK(nowhere.find("nowhere/copy.part") != std::string::npos);
    }
    // Of the running one, by way of a copy that is gone afterwards.
    CHECK(problems_of(file).empty());
    std::string message;
    const auto store = StoreFile::open(file, message);
    REQUIRE_MESSAGE(store, message);
    std::uint64_t queued = 0;
    for (const auto& figure : store->figures()) {
        if (figure.name == "queued messages") queued = figure.value;
    }
    CHECK(queued == 5);
}

TEST_CASE("store: chunks stay over a start, and go when their last message has; damage is told") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    BrokerConfig config = stored(file, Persistence::batch);
    const auto publish = [](TestBroker& broker, int count) {
        RawClient pub = broker.client("pub");
        for (int i = 0; i < count; ++i)
            pub.publish("t", std::to_string(i), QoS::at_least_once, static_cast<PacketId>(i + 1));
        for (int i = 0; i < count; ++i)
            pub.expect<Ack>();
    };
    const auto take_all = [](TestBroker& broker) {
        RawClient a = broker.client();
        resume(a, "a");
        for (int i = 0; i < 300; ++i)
            a.ack(PacketType::puback, a.expect_publish("t", std::to_string(i)).id);
    };
    {
        TestBroker broker(config);
        leave_session(broker, "a", "t", QoS::at_least_once);
        publish(broker, 300);
    }
    const std::string chunks = value(file, "SELECT count(*) FROM chunk");
    CHECK(chunks != "0");
    for (const char* damage :
         {"UPDATE chunk SET body = zeroblob(100)", "UPDATE chunk SET body = substr(body, 1, 200)",
          "UPDATE chunk SET last = first", "UPDATE chunk SET first = last",
          "UPDATE chunk SET first = 1, last = 9000000000000000000",
          "UPDATE chunk SET body = body || x'00'"}) {
        INFO(damage);
        const std::string bad = folder.path() + "/bad.db";
        std::filesystem::copy(file, bad, std::filesystem::copy_options::overwrite_existing);
        run_sql(bad, damage);
        Broker broker(stored(bad));
        CHECK_FALSE(broker.start().ok());
        CHECK(broker.start_error().find("damaged") != std::string::npos);
        std::filesystem::remove(bad + "-wal");
    }
    { TestBroker broker(config); }
    CHECK(value(file, "SELECT count(*) FROM chunk") == chunks);
    {
        TestBroker broker(config);
        CHECK(broker->stats().queued_messages == 300);
        take_all(broker);
        CHECK(eventually([&] { return broker->stats().queued_messages == 0; }));
    }
    CHECK(value(file,
                "SELECT (SELECT count(*) FROM chunk) + (SELECT count(*) FROM change) + "
                "(SELECT count(*) FROM entry) + (SELECT count(*) FROM message)") == "0");
    // More threads than one: all are rows then.
    {
        TestBroker broker(config);
        publish(broker, 300);
    }
    config.threads = 3;
    TestBroker broker(config);
    CHECK(broker->stats().queued_messages == 300);
    take_all(broker);
}

TEST_CASE("store: after a start no message gets the key of one that was in a chunk") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    const BrokerConfig config = stored(file, Persistence::batch);
    const auto take = [](TestBroker& broker, std::string_view text, int count) {
        RawClient b = broker.client();
        resume(b, "b");
        for (int i = 0; i < count; ++i) {
            const auto wanted = std::string(text) + std::to_string(i);
            b.ack(PacketType::puback, b.expect_publish("b", wanted).id);
        }
        b.expect_silence();
        CHECK(eventually([&] { return broker->stats().queued_messages == 60; }));
    };
    {
        TestBroker broker(config);
        leave_session(broker, "a", "a", QoS::at_least_once);
        leave_session(broker, "b", "b", QoS::at_least_once);
        RawClient pub = broker.client("pub");
        for (int i = 0; i < 100; ++i) {
            pub.publish(i < 60 ? "a" : "b", "old" + std::to_string(i % 60), QoS::at_least_once,
                        static_cast<PacketId>(i + 1));
        }
        for (int i = 0; i < 100; ++i)
            pub.expect<Ack>();
    }
    {
        TestBroker broker(config);
        take(broker, "old", 40);
    }
    CHECK(value(file, "SELECT count(*) FROM chunk") != "0");
    // In rows, and in a chunk.
    for (const std::string text : {"row", "packed", "again"}) {
        {
            TestBroker broker(config);
            RawClient pub = broker.client("pub");
            for (int i = 0; i < 40; ++i) {
                if (text == "row")
                    pub.publish_acked("b", text + std::to_string(i));
                else
                    pub.publish("b", text + std::to_string(i), QoS::at_least_once, pub.next_id());
            }
            for (int i = 0; text != "row" && i < 40; ++i)
                pub.expect<Ack>();
        }
        TestBroker broker(config);
        take(broker, text, 40);
    }
    TestBroker broker(config);
    CHECK(broker->stats().queued_messages == 60);
    RawClient a = broker.client();
    resume(a, "a");
    for (int i = 0; i < 60; ++i)
        a.ack(PacketType::puback, a.expect_publish("a", "old" + std::to_string(i)).id);
}
