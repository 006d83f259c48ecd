// Queues that are longer than the memory for them: what is on the disk only comes in order, after a restart, a
// power cut or neither; limits count it; a session that ends takes it along.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>
#include <set>

#include "mqtt/store.hpp"
#include "support/faulty_disk.hpp"
#include "support/stored_broker.hpp"
#include "support/temp_folder.hpp"

using namespace test;

namespace {

constexpr int kMessages = 400;
constexpr std::string_view kFilling =
    "0123456789012345678901234567890123456789012345678901234567890123456789";

BrokerConfig spilling(const std::string& file, Persistence persistence, unsigned threads = 1) {
    BrokerConfig config = stored(file, persistence, threads);
    config.queue_memory = 4096 * threads;
    config.maximum_queued_messages = 0;
    config.maximum_inflight = 20;
    return config;
}

std::string payload(int i) {
    return std::to_string(i) + '/' + std::string(kFilling);
}

void publish_numbers(RawClient& pub, int from, int to) {
    for (int i = from; i < to; ++i)
        pub.publish("t", payload(i), QoS::at_least_once, static_cast<PacketId>(i + 1));
    for (int i = from; i < to; ++i)
        CHECK(pub.expect<Ack>().id == i + 1);
}

// In order, each acknowledged.
void take_numbers(RawClient& sub, int from, int to) {
    for (int i = from; i < to; ++i)
        sub.ack(PacketType::puback, sub.expect_publish("t", payload(i)).id);
}

std::uint64_t figure(const std::string& file, std::string_view name) {
    std::string message;
    const auto store = StoreFile::open(file, message);
    REQUIRE_MESSAGE(store, message);
    CHECK(store->check().empty());
    for (const StoreFile::Figure& one : store->figures()) {
        if (one.name == name) return one.value;
    }
    FAIL("no figure of this name");
    return 0;
}

// Some acknowledged in order, then away.
void take_some(TestBroker& broker, std::string_view id, std::vector<std::string>& wanted,
               std::size_t most) {
    RawClient client = broker.client();
    CHECK(resume(client, id).session_present);
    const std::size_t count = std::min(most, wanted.size());
    for (std::size_t i = 0; i < count; ++i) {
        const Publish publish = client.expect<Publish>();
        CHECK(as_text(publish.payload) == wanted[i]);
        client.ack(PacketType::puback, publish.id);
    }
    wanted.erase(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(count));
    if (wanted.empty()) client.expect_silence();
    // The acknowledgements have arrived before it goes.
    client.send(Pingreq{});
    while (!std::holds_alternative<Pingresp>(client.receive())) {
    }
}

}  // namespace

TEST_CASE("spill: queues beyond the memory for them are on the disk only, and come in order") {
    FaultyDisk::install();
    for (const Persistence persistence : {Persistence::batch, Persistence::strict}) {
        INFO("persistence " << int(persistence));
        const TempFolder folder;
        const std::string file = folder.path() + "/store.db";
        {
            TestBroker broker(spilling(file, persistence));
            leave_session(broker, "a", "t", QoS::at_least_once);
            leave_session(broker, "b", "t", QoS::at_least_once);
            RawClient pub = broker.client("pub");
            publish_numbers(pub, 0, kMessages);
            const BrokerStats before = broker->stats();
            CHECK(before.queued_messages == 2 * kMessages);
            CHECK(before.queued_bytes > kMessages * kFilling.size());
            CHECK(before.queued_bytes - before.queued_bytes_on_disk <= 4096);
            // One takes some of it, while more comes, and goes away with messages under way.
            RawClient a = broker.client();
            CHECK(resume(a, "a").session_present);
            take_numbers(a, 0, 100);
            publish_numbers(pub, kMessages, kMessages + 50);
            take_numbers(a, 100, 150);
        }
        // Nothing more is loaded at the start than at runtime.
        TestBroker broker(spilling(file, persistence));
        const BrokerStats after = broker->stats();
        CHECK(after.queued_bytes_on_disk != 0);
        CHECK(after.queued_bytes - after.queued_bytes_on_disk <= 4096);
        RawClient a = broker.client();
        RawClient b = broker.client();
        CHECK(resume(a, "a").session_present);
        CHECK(resume(b, "b").session_present);
        take_numbers(a, 150, kMessages + 50);
        take_numbers(b, 0, kMessages + 50);
        a.expect_silence();
        b.expect_silence();
        CHECK(broker->stats().queued_bytes == 0);
        CHECK(broker->stats().queued_bytes_on_disk == 0);
    }
}

TEST_CASE("spill: a power cut loses nothing that was acknowledged, on one thread and on three") {
    FaultyDisk::install();
    for (const unsigned threads : {1U, 3U}) {
        const TempFolder folder;
        const std::string file = folder.path() + "/store.db";
        TestBroker first(spilling(file, Persistence::strict, threads));
        leave_session(first, "a", "t", QoS::at_least_once);
        leave_session(first, "b", "t", QoS::at_least_once);
        RawClient pub = first.client("pub");
        publish_numbers(pub, 0, kMessages);
        RawClient early = first.client();
        resume(early, "a");
        take_numbers(early, 0, 60);
        for (unsigned seed = 0; seed < 3; ++seed) {
            INFO("seed " << seed);
            TestBroker second(spilling(FaultyDisk::after_power_cut(file, folder.path(), seed),
                                       Persistence::strict, 4 - threads));
            RawClient b = second.client();
            CHECK(resume(b, "b").session_present);
            take_numbers(b, 0, kMessages);
            b.expect_silence();
        }
    }
}

TEST_CASE(
    "spill: limits count what is on the disk; the oldest go from there; an end takes all along") {
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    BrokerConfig config = spilling(file, Persistence::strict);
    config.maximum_queued_messages = 100;
    config.queue_overflow = QueueOverflow::oldest;
    {
        TestBroker broker(config);
        leave_session(broker, "a", "t", QoS::at_least_once);
        RawClient pub = broker.client("pub");
        publish_numbers(pub, 0, kMessages);
        CHECK(broker->stats().queued_messages == 100);
        CHECK(broker->stats().messages_dropped == kMessages - 100);
        RawClient a = broker.client();
        resume(a, "a");
        take_numbers(a, kMessages - 100, kMessages - 50);
    }
    {
        TestBroker broker(config);
        CHECK(broker->stats().queued_messages != 0);
        broker.client("a");  // with a clean start
        CHECK(broker->stats().queued_bytes == 0);
        CHECK(broker->stats().queued_bytes_on_disk == 0);
    }
    TestBroker broker(config);
    CHECK(broker->stats().queued_messages == 0);
    CHECK(broker->stats().sessions == 0);
}

TEST_CASE(
    "spill: a queue that cannot be read waits, and everybody else goes on; it comes when it can") {
    FaultyDisk::install();
    const TempFolder folder;
    BrokerConfig config = spilling(folder.path() + "/store.db", Persistence::batch);
    config.maximum_queued_bytes = 0;
    TestBroker broker(config);
    leave_session(broker, "a", "big", QoS::at_least_once);
    RawClient other = broker.client("other");
    other.subscribe("now", QoS::at_most_once);
    RawClient pub = broker.client("pub");
    // More than the pages that are kept in memory.
    const std::string filling(16 * 1024, 'x');
    constexpr int kBig = 400;
    for (int i = 0; i < kBig; ++i) {
        pub.publish("big", std::to_string(i) + filling, QoS::at_least_once,
                    static_cast<PacketId>(i + 1));
    }
    for (int i = 0; i < kBig; ++i)
        pub.expect<Ack>();
    FaultyDisk::fail_reads();
    RawClient a = broker.client();
    CHECK(resume(a, "a").session_present);
    CHECK(eventually([] { return FaultyDisk::failed_reads() >= 2; }));
    a.expect_silence();
    // Others are not held up by it, and its own messages stay in order.
    pub.publish("now", "here");
    other.expect_publish("now", "here");
    FaultyDisk::mend();
    for (int i = 0; i < kBig; ++i)
        a.ack(PacketType::puback, a.expect_publish("big", std::to_string(i) + filling).id);
    a.expect_silence();
    CHECK(broker->stats().queued_messages == 0);
    CHECK(broker->stats().queued_bytes_on_disk == 0);
}

TEST_CASE("spill: what is on the disk is delivered while the disk takes no more") {
    FaultyDisk::install();
    const TempFolder folder;
    const BrokerConfig config = spilling(folder.path() + "/store.db", Persistence::batch);
    {
        TestBroker broker(config);
        leave_session(broker, "a", "t", QoS::at_least_once);
        RawClient pub = broker.client("pub");
        publish_numbers(pub, 0, kMessages);
    }
    TestBroker broker(config);
    CHECK(broker->stats().queued_bytes_on_disk != 0);
    RawClient a = broker.client();
    FaultyDisk::fail_from(1, FaultyDisk::Fault::full);
    resume(a, "a");
    take_numbers(a, 0, kMessages);
    FaultyDisk::mend();
    a.expect_silence();
}

TEST_CASE("spill: coming, taking over and leaving again and again leaves no more in memory") {
    const TempFolder folder;
    TestBroker broker(spilling(folder.path() + "/store.db", Persistence::strict));
    for (const char* id : {"a", "b", "c"})
        leave_session(broker, id, "t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    publish_numbers(pub, 0, kMessages);
    for (int round = 0; round < 5; ++round) {
        for (const char* id : {"a", "b", "c"}) {
            RawClient early = broker.client();
            resume(early, id);
            RawClient late = broker.client();  // while the first one's messages are being read
            CHECK(resume(late, id).session_present);
            for (int i = 0; i < 20; ++i)
                late.expect_publish("t", payload(i));
            late.send(Disconnect{}).expect_closed();
        }
    }
    const BrokerStats stats = broker->stats();
    CHECK(stats.queued_messages > 3 * (kMessages - 40));
    CHECK(stats.queued_bytes - stats.queued_bytes_on_disk <= 4096);
    RawClient b = broker.client();
    resume(b, "b");
    take_numbers(b, 0, kMessages);
    b.expect_silence();
}

TEST_CASE(
    "spill: messages expire on the disk [MQTT-3.3.2-5], and sessions with what they have there") {
    const TempFolder folder;
    TestBroker broker(spilling(folder.path() + "/store.db", Persistence::strict));
    leave_session(broker, "a", "t", QoS::at_least_once);
    const PropertyList second = expiry(1);
    RawClient b = broker.client();
    b.connect({.client_id = "b", .clean_start = false, .properties = second.view()});
    b.subscribe("t", QoS::at_least_once);
    b.send(Pingreq{}).expect<Pingresp>();
    RawClient pub = broker.client("pub");
    publish_numbers(pub, 0, 100);
    PropertyList short_lived;
    short_lived.add(PropertyId::message_expiry_interval, 1U);
    for (int i = 0; i < 100; ++i) {
        pub.publish("t", "gone", QoS::at_least_once, static_cast<PacketId>(i + 1), false,
                    short_lived.view());
    }
    for (int i = 0; i < 100; ++i)
        pub.expect<Ack>();
    publish_numbers(pub, 100, 200);
    // Its time begins when the others' has begun.
    b = broker.client();
    CHECK(eventually([&] { return broker->stats().sessions == 2; }));  // a and pub
    CHECK(broker->stats().queued_messages == 300);
    RawClient a = broker.client();
    resume(a, "a");
    take_numbers(a, 0, 200);
    a.expect_silence();
    CHECK(broker->stats().messages_expired == 100);
    CHECK(broker->stats().queued_bytes_on_disk == 0);
}

TEST_CASE("spill: QoS 2 goes once, however often the broker ends with it on the disk") {
    FaultyDisk::install();
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    constexpr int kOnce = 150;
    int next = 0;
    {
        TestBroker broker(spilling(file, Persistence::strict));
        leave_session(broker, "a", "t", QoS::exactly_once);
        RawClient pub = broker.client("pub");
        for (int i = 0; i < kOnce; ++i) {
            const auto id = static_cast<PacketId>(i + 1);
            pub.publish("t", payload(i), QoS::exactly_once, id);
            CHECK(pub.expect<Ack>().id == id);
            pub.ack(PacketType::pubrel, id);
            CHECK(pub.expect<Ack>().id == id);
        }
    }
    std::set<PacketId> received;  // and not yet released
    for (int life = 0; life < 3; ++life) {
        TestBroker broker(spilling(file, Persistence::strict));
        CHECK(broker->stats().queued_bytes_on_disk != 0);
        RawClient a = broker.client();
        CHECK(resume(a, "a").session_present);
        for (int done = 0; done < 25;) {
            const Packet packet = a.receive();
            if (const auto* publish = std::get_if<Publish>(&packet)) {
                const PacketId id = publish->id;
                if (received.insert(id).second) CHECK(as_text(publish->payload) == payload(next++));
                a.ack(PacketType::pubrec, id);
            } else {
                const PacketId id = std::get<Ack>(packet).id;
                received.erase(id);
                a.ack(PacketType::pubcomp, id);
                ++done;
            }
        }
    }
    CHECK(next >= 75);
}

TEST_CASE("spill: of a long queue next to nothing is in memory, at runtime and after a start") {
    const TempFolder folder;
    BrokerConfig config = spilling(folder.path() + "/store.db", Persistence::batch);
    config.maximum_queued_bytes = 0;
    config.memory_limit = std::size_t{1} << 30;
    constexpr int kLong = 20'000;
    constexpr int kWindow = 1'000;
    for (const bool is_restarted : {false, true}) {
        TestBroker broker(config);
        RawClient pub = broker.client("pub");
        if (!is_restarted) {
            for (const char* id : {"a", "b"})
                leave_session(broker, id, "t", QoS::at_least_once);
            for (int from = 0; from < kLong; from += kWindow)
                publish_numbers(pub, from, from + kWindow);
        }
        CHECK(broker->stats().queued_messages == 2 * kLong);
        // The last commits are behind it, with what they held.
        CHECK(eventually([&] {
            pub.send(Pingreq{}).expect<Pingresp>();
            return broker->stats().memory_bytes < 10 * 2 * kLong;
        }));
    }
    TestBroker broker(config);
    RawClient b = broker.client();
    resume(b, "b");
    take_numbers(b, 0, kLong);
    b.expect_silence();
    CHECK(broker->stats().queued_messages == kLong);
}

TEST_CASE(
    "spill: long queues of many kinds come in order over restarts, and nothing is left of them") {
    const TempFolder folder;
    std::string file = folder.path() + "/store.db";
    std::mt19937 random(5);
    std::map<std::string, std::vector<std::string>> wanted;
    int next = 0;
    for (int life = 0; life < 6; ++life) {
        INFO("life " << life);
        const unsigned threads = life % 3 == 2 ? 3 : 1;
        TestBroker broker(spilling(file, Persistence::strict, threads));
        if (life == 0) {
            for (const char* id : {"a", "b", "c", "d"}) {
                RawClient client = broker.client();
                resume(client, id);
                client.subscribe("all", {.qos = QoS::at_least_once}, 3);
                client.subscribe(std::string("own/") + id, {.qos = QoS::at_least_once});
                if (*id > 'b') client.subscribe("#", {.qos = QoS::at_least_once}, 4);
                client.send(Disconnect{}).expect_closed();
                wanted[id];
            }
        }
        RawClient pub = broker.client("pub");
        for (int round = 0; round < 3; ++round) {
            const int count = life < 4 ? 300 : 0;
            for (int i = 0; i < count; ++i) {
                const std::string own(1, static_cast<char>('a' + random() % 4));
                const bool is_for_all = random() % 3 == 0;
                const std::string text = payload(next++) + std::string(random() % 200, 'x');
                pub.publish(is_for_all ? "all" : "own/" + own, text, QoS::at_least_once,
                            static_cast<PacketId>(i + 1));
                for (auto& [id, texts] : wanted) {
                    if (is_for_all || id == own || id > "b") texts.push_back(text);
                }
            }
            for (int i = 0; i < count; ++i)
                pub.expect<Ack>();
            for (auto& [id, texts] : wanted) {
                const std::size_t most = life == 5 ? texts.size() : random() % 400;
                take_some(broker, id, texts, most);
            }
        }
        std::uint64_t waiting = 0;
        for (const auto& [id, texts] : wanted)
            waiting += texts.size();
        CHECK(broker->stats().queued_messages <= waiting);
        CHECK(broker->stats().queued_messages + 4 * 20 >= waiting);
        if (life % 2 == 1 || life == 5) continue;
        // It is killed, with what is acknowledged here on the disk.
        for (int i = 0; i < 2; ++i) {
            const std::string text = payload(next++);
            pub.publish_acked("all", text);
            for (auto& [id, texts] : wanted)
                texts.push_back(text);
        }
        std::filesystem::create_directory(folder.path() + "/" + std::to_string(life));
        file = after_kill(file, folder.path() + "/" + std::to_string(life));
    }
    CHECK(figure(file, "queued messages") == 0);
    CHECK(figure(file, "messages under way to clients") == 0);
    CHECK(figure(file, "contents of queued messages") == 0);
}

TEST_CASE(
    "spill: what a shared subscription gave keeps its turn in a long queue, and goes to another "
    "member") {
    const TempFolder folder;
    BrokerConfig config = spilling(folder.path() + "/store.db", Persistence::strict);
    for (const bool is_restarted : {false, true}) {
        for (const bool other_comes : {false, true}) {
            INFO("restarted " << is_restarted << ", another member " << other_comes);
            std::filesystem::remove(config.store_file);
            std::filesystem::remove(config.store_file + "-wal");
            auto broker = std::make_unique<TestBroker>(config);
            leave_session(*broker, "a", "#", QoS::at_least_once);
            {
                RawClient a = broker->client();
                resume(a, "a");
                a.subscribe("$share/g/s", QoS::at_least_once);
                a.send(Disconnect{}).expect_closed();
            }
            RawClient pub = broker->client("pub");
            for (int i = 0; i < kMessages; ++i) {
                pub.publish_acked("t", payload(i));
                if (i % 10 == 0) pub.publish_acked("s", "shared" + std::to_string(i));
            }
            if (is_restarted) {
                pub.close();
                broker.reset();
                broker = std::make_unique<TestBroker>(config);
            }
            CHECK((*broker)->stats().queued_messages == kMessages + 2 * kMessages / 10);
            RawClient a = broker->client();
            if (other_comes) {
                RawClient other = broker->client();
                resume(other, "other");
                other.subscribe("$share/g/s", QoS::at_least_once);
                a.connect("a");  // with a clean start
                for (int i = 0; i < kMessages; i += 10) {
                    other.ack(PacketType::puback,
                              other.expect_publish("s", "shared" + std::to_string(i)).id);
                }
                other.expect_silence();
            } else {
                resume(a, "a");
                for (int i = 0; i < kMessages; ++i) {
                    take_numbers(a, i, i + 1);
                    for (int n = i % 10 == 0 ? 2 : 0; n != 0; --n) {
                        a.ack(PacketType::puback,
                              a.expect_publish("s", "shared" + std::to_string(i)).id);
                    }
                }
                a.expect_silence();
            }
            CHECK(eventually([&] { return (*broker)->stats().queued_messages == 0; }));
        }
    }
}
