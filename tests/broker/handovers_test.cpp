// What waits on the disk for a member of a shared subscription goes to others when it leaves: whatever ends its
// membership, over restarts and power cuts, on one thread and on several.
#include <doctest/doctest.h>

#include <functional>
#include <set>

#include "support/faulty_disk.hpp"
#include "support/spilling_broker.hpp"
#include "support/store_sql.hpp"
#include "support/temp_folder.hpp"

using namespace ::test;

namespace {

constexpr std::string_view kGroup = "$share/g/t";
constexpr int kMany = 1'300;  // several reads of the half of them
constexpr int kBig = 400;     // of 16 KiB: more than the pages that are kept in memory

std::string big_payload(int i) {
    return std::to_string(i) + '/' + std::string(16 * 1024, 'x');
}

void publish_big(RawClient& pub, int from, int to) {
    for (int i = from; i < to; ++i)
        pub.publish("t", big_payload(i), QoS::at_least_once, static_cast<PacketId>(i + 1));
    for (int i = from; i < to; ++i)
        pub.expect<Ack>();
}

// The disk is, when a test ends as it should or not.
struct Mended {
    ~Mended() { FaultyDisk::mend(); }
};

BrokerConfig spilling_big(const std::string& file, unsigned threads = 1) {
    BrokerConfig config = spilling(file, Persistence::batch, threads);
    config.maximum_queued_bytes = 0;
    return config;
}

// Two members that are away; what was published is theirs by halves, and next to nothing of it in memory.
void leave_members(TestBroker& broker, const std::function<void(RawClient&)>& publish) {
    leave_session(broker, "goes", kGroup, QoS::at_least_once);
    leave_session(broker, "stays", kGroup, QoS::at_least_once);
    RawClient pub = broker.client("pub");
    publish(pub);
    CHECK(eventually([&] {
        const BrokerStats stats = broker->stats();
        return stats.queued_messages >= kBig &&
               stats.queued_bytes - stats.queued_bytes_on_disk <= 3 * 4096;
    }));
}

void publish_many(RawClient& pub) {
    publish_numbers(pub, 0, kMany);
}

void publish_all_big(RawClient& pub) {
    publish_big(pub, 0, kBig);
}

std::set<int> numbers(int to) {
    std::set<int> all;
    for (int i = 0; i < to; ++i)
        all.insert(all.end(), i);
    return all;
}

// One of them; it is acknowledged.
void take(RawClient& client, const Publish& publish, std::set<int>& missing) {
    const std::string text(
        as_text(publish.payload.first(std::min<std::size_t>(10, publish.payload.size()))));
    INFO("message " << text);
    CHECK(missing.erase(std::stoi(text)) == 1);
    client.ack(PacketType::puback, publish.id);
}

void take_one(RawClient& client, std::set<int>& missing) {
    take(client, client.expect<Publish>(), missing);
}

// Each comes once, whatever the order.
void take_all(RawClient& client, std::set<int> missing) {
    while (!missing.empty())
        take_one(client, missing);
    client.expect_silence();
}

void expect_nothing_waits(TestBroker& broker) {
    CHECK(eventually([&] { return broker->stats().queued_messages == 0; }));
    CHECK(broker->stats().queued_bytes == 0);
    CHECK(broker->stats().queued_bytes_on_disk == 0);
    CHECK(broker->stats().messages_dropped == 0);
}

// After its broker has ended.
void expect_empty(const std::string& file) {
    for (const std::string& problem : problems_of(file))
        FAIL_CHECK(problem);
    for (const char* sql : {"SELECT count(*) FROM handover", "SELECT count(*) FROM entry",
                            "SELECT count(*) FROM message", "SELECT count(*) FROM chunk"})
        CHECK(value(file, sql) == "0");
}

std::vector<RawClient> both_members(const TestBroker& broker) {
    std::vector<RawClient> both;
    both.reserve(2);  // moving one forgets what it has read
    const PropertyList kept = expiry(1000);
    for (const char* id : {"goes", "stays"}) {
        RawClient& client = both.emplace_back(broker.port());
        // A disk that was mended just now is found so when it is next tried.
        CHECK(eventually([&] {
            client.send_connect({.client_id = id, .clean_start = false, .properties = kept.view()});
            if (client.expect<Connack>().reason == ReasonCode::success) return true;
            client = broker.client();
            return false;
        }));
    }
    return both;
}

// What comes to any of them, until nothing is missing.
void take_from_all(std::vector<RawClient>& clients, std::set<int> missing) {
    CHECK(eventually([&] {
        for (RawClient& client : clients) {
            client.send(Pingreq{});
            for (Packet packet = client.receive(); !std::holds_alternative<Pingresp>(packet);
                 packet = client.receive())
                take(client, std::get<Publish>(packet), missing);
        }
        return missing.empty();
    }));
    for (RawClient& client : clients)
        client.expect_silence();
}

// Ways to leave. What the member gets before is taken from what others must get.
using Leave = void (*)(TestBroker&, std::set<int>&);

void unsubscribe(TestBroker& broker, std::set<int>& missing) {
    RawClient goes = broker.client();
    CHECK(resume(goes, "goes").session_present);
    FilterListBuilder filters(false);
    filters.add(kGroup);
    goes.send(Unsubscribe{1, {}, filters.view()});
    for (Packet packet = goes.receive(); !std::holds_alternative<Unsuback>(packet);
         packet = goes.receive())
        take(goes, std::get<Publish>(packet), missing);
    goes.expect_silence();
}

void start_clean(TestBroker& broker, std::set<int>&) {
    CHECK_FALSE(broker.client().connect({.client_id = "goes"}).session_present);
}

void end_session(TestBroker& broker, std::set<int>&) {
    RawClient goes = broker.client();
    CHECK(resume(goes, "goes").session_present);
    const PropertyList now = expiry(0);
    goes.send(Disconnect{ReasonCode::success, now.view()});
    while (goes.receive_unless_closed()) {
    }
}

constexpr Leave kWays[] = {unsubscribe, start_clean, end_session};

}  // namespace

TEST_CASE("handover: what waits on the disk for a member that leaves is another one's, once") {
    for (const unsigned threads : kThreadCounts) {
        for (const Persistence persistence : {Persistence::batch, Persistence::strict}) {
            for (const Leave leave : kWays) {
                INFO("threads " << threads << " persistence " << int(persistence));
                const TempFolder folder;
                const std::string file = folder.path() + "/store.db";
                {
                    TestBroker broker(spilling(file, persistence, threads));
                    leave_members(broker, publish_many);
                    std::set<int> missing = numbers(kMany);
                    leave(broker, missing);
                    CHECK(eventually([&] {
                        const BrokerStats stats = broker->stats();
                        return stats.queued_messages == missing.size() &&
                               stats.queued_bytes - stats.queued_bytes_on_disk <= 3 * 4096;
                    }));
                    RawClient stays = broker.client();
                    CHECK(resume(stays, "stays").session_present);
                    take_all(stays, missing);
                    expect_nothing_waits(broker);
                }
                expect_empty(file);
            }
        }
    }
}

TEST_CASE("handover: members that are there get what waits on the disk for one that goes") {
    for (const unsigned threads : kThreadCounts) {
        const TempFolder folder;
        TestBroker broker(spilling(folder.path() + "/store.db", Persistence::strict, threads));
        leave_members(broker, publish_many);
        std::set<int> missing = numbers(kMany);
        RawClient goes = broker.client();
        CHECK(resume(goes, "goes").session_present);
        for (int i = 0; i < 100; ++i)
            take_one(goes, missing);
        RawClient stays = broker.client();
        CHECK(resume(stays, "stays").session_present);
        until_read(goes);
        goes.reset();
        // Its window waits for it.
        const std::size_t sent = spilling("", Persistence::strict).maximum_inflight;
        while (missing.size() > sent)
            take_one(stays, missing);
        until_read(stays);
        std::vector<RawClient> both = both_members(broker);
        take_from_all(both, missing);
        expect_nothing_waits(broker);
    }
}

TEST_CASE(
    "handover: the only member that is there finds its messages in order when it comes back") {
    for (const unsigned threads : kThreadCounts) {
        const TempFolder folder;
        TestBroker broker(spilling(folder.path() + "/store.db", Persistence::strict, threads));
        leave_session(broker, "goes", kGroup, QoS::at_least_once);
        RawClient pub = broker.client("pub");
        publish_numbers(pub, 0, kMessages);
        for (int from = 0; from < kMessages; from += 100) {
            RawClient goes = broker.client();
            CHECK(resume(goes, "goes").session_present);
            take_numbers(goes, from, from + 100);
            until_read(goes);
        }
        expect_nothing_waits(broker);
    }
}

// The leaver does not wait for an answer, which may never come.
TEST_CASE(
    "handover: a power cut in the middle, wherever that is, loses nothing and doubles nothing") {
    FaultyDisk::install();
    int in_the_middle = 0;
    for (const unsigned threads : kThreadCounts) {
        for (std::uint64_t call = threads; call <= 8; call += threads) {
            INFO("threads " << threads << " call " << call);
            const TempFolder folder;
            const std::string file = folder.path() + "/store.db";
            std::string copy;
            {
                TestBroker broker(spilling(file, Persistence::strict, threads));
                leave_members(broker, publish_many);
                const std::uint64_t before = FaultyDisk::calls();
                FaultyDisk::fail_from(call, FaultyDisk::Fault::io_error);
                const Mended mended;
                RawClient goes = broker.client();
                goes.send_connect({.client_id = "goes"});
                CHECK(eventually([&] { return FaultyDisk::calls() - before >= call; }));
                copy =
                    FaultyDisk::after_power_cut(file, folder.path(), static_cast<unsigned>(call));
            }
            CHECK(problems_of(copy).empty());
            if (value(copy, "SELECT count(*) FROM handover") == "1") ++in_the_middle;
            for (const std::string& one : {file, copy}) {
                TestBroker broker(spilling(one, Persistence::strict, 4 - threads));
                std::vector<RawClient> both = both_members(broker);
                take_from_all(both, numbers(kMany));
                expect_nothing_waits(broker);
            }
            expect_empty(file);
            expect_empty(copy);
        }
    }
    CHECK(in_the_middle >= 2);
}

TEST_CASE("handover: who leaves and joins again at once takes part in what it left") {
    for (const unsigned threads : kThreadCounts) {
        const TempFolder folder;
        const std::string file = folder.path() + "/store.db";
        std::set<int> missing = numbers(kMany);
        {
            TestBroker broker(spilling(file, Persistence::strict, threads));
            leave_members(broker, publish_many);
            RawClient goes = broker.client();
            CHECK(resume(goes, "goes").session_present);
            FilterListBuilder left(false);
            left.add(kGroup);
            FilterListBuilder joined(true);
            joined.add(kGroup, {.qos = QoS::at_least_once});
            goes.send(Unsubscribe{1, {}, left.view()});
            goes.send(Subscribe{2, {}, joined.view()});
            for (Packet packet = goes.receive(); !std::holds_alternative<Suback>(packet);
                 packet = goes.receive()) {
                if (std::holds_alternative<Publish>(packet))
                    take(goes, std::get<Publish>(packet), missing);
            }
            const std::size_t sent = spilling(file, Persistence::strict).maximum_inflight;
            for (std::size_t i = 0; i < 2 * sent; ++i)
                take_one(goes, missing);
            goes.send(Pingreq{});
            while (!std::holds_alternative<Pingresp>(goes.receive())) {
            }
        }
        TestBroker broker(spilling(file, Persistence::strict, 4 - threads));
        std::vector<RawClient> both = both_members(broker);
        take_from_all(both, missing);
        expect_nothing_waits(broker);
    }
}

TEST_CASE("handover: when the others go, too, the rest stays where it was") {
    FaultyDisk::install();
    for (const unsigned threads : kThreadCounts) {
        const TempFolder folder;
        TestBroker broker(spilling_big(folder.path() + "/store.db", threads));
        leave_members(broker, publish_all_big);
        {
            std::vector<RawClient> both = both_members(broker);
            FaultyDisk::fail_reads();
            const Mended mended;
            for (std::size_t left = both.size(); RawClient & client : both) {
                client.reset();
                CHECK(eventually(
                    [&, now = --left] { return broker->stats().clients_connected == now; }));
            }
        }
        std::vector<RawClient> both = both_members(broker);
        take_from_all(both, numbers(kBig));
        expect_nothing_waits(broker);
    }
}

TEST_CASE("handover: messages that have expired on the disk are given to nobody [MQTT-3.3.2-5]") {
    const TempFolder folder;
    TestBroker broker(spilling(folder.path() + "/store.db", Persistence::batch));
    leave_members(broker, [](RawClient& pub) {
        publish_many(pub);
        PropertyList second;
        second.add(PropertyId::message_expiry_interval, 1);
        for (int i = 0; i < 100; ++i)
            pub.publish_acked("t", "late", false, second.view());
    });
    const auto end = Clock::now() + std::chrono::seconds(1);
    CHECK(eventually([=] { return Clock::now() > end; }));
    std::set<int> missing = numbers(kMany);
    start_clean(broker, missing);
    CHECK(eventually([&] { return broker->stats().messages_expired == 50; }));
    RawClient stays = broker.client();
    CHECK(resume(stays, "stays").session_present);
    take_all(stays, missing);
    CHECK(eventually([&] { return broker->stats().messages_expired == 100; }));
    expect_nothing_waits(broker);
}
