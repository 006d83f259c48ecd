// Long queues, of which only the beginning is anything but packed places: what they take, that they come in order
// whatever they consist of, and that nothing is left of them.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>

#include "mqtt/store.hpp"
#include "support/bridged_brokers.hpp"
#include "support/faulty_disk.hpp"
#include "support/spilling_broker.hpp"
#include "support/temp_folder.hpp"

using namespace ::test;

namespace {

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

TEST_CASE("spill: of a long queue next to nothing is in memory, at runtime and after a start" *
          doctest::skip(!no_store().empty())) {
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
        const BrokerStats stats = broker->stats();
        CHECK(stats.queued_messages == 2 * kLong);
        CHECK(stats.queued_bytes - stats.queued_bytes_on_disk <= 4096);
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
    "spill: long queues of many kinds come in order over restarts, and nothing is left of them" *
    doctest::skip(!no_store().empty())) {
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
        // But for what is under way; some may still be between two threads.
        CHECK(eventually([&] {
            const std::uint64_t queued = broker->stats().queued_messages;
            return queued <= waiting && queued + 4 * 20 >= waiting;
        }));
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
    "member" *
    doctest::skip(!no_store().empty())) {
    const TempFolder folder;
    BrokerConfig config = spilling(folder.path() + "/store.db", Persistence::batch);
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

TEST_CASE(
    "spill: a disk that fails at call N, for all N, costs a long queue nothing that was "
    "acknowledged" *
    doctest::skip(!no_store().empty())) {
    using Fault = FaultyDisk::Fault;
    FaultyDisk::install();
    constexpr int kSome = 60;
    std::uint64_t last = 0;
    for (std::uint64_t call = 1; call <= last + 1 && call < 200; ++call) {
        INFO("call " << call);
        const TempFolder folder;
        BrokerConfig config = spilling(folder.path() + "/store.db", Persistence::strict);
        config.queue_memory = 512;
        std::vector<std::string> acknowledged;
        {
            TestBroker broker(config);
            for (const char* id : {"a", "b"})
                leave_session(broker, id, "t", QoS::at_least_once);
            RawClient pub = broker.client("pub");
            const auto publish = [&](int from) {
                const std::uint64_t before = FaultyDisk::calls();
                FaultyDisk::fail_at(call, call % 3 == 0 ? Fault::io_error : Fault::full);
                // Some in commits of their own, the rest together.
                constexpr int kAlone = 6;
                for (int i = from; i < from + kAlone; ++i) {
                    if (!is_error(pub.publish_acked("t", payload(i))))
                        acknowledged.push_back(payload(i));
                }
                for (int i = from + kAlone; i < from + kSome; ++i)
                    pub.publish("t", payload(i), QoS::at_least_once, static_cast<PacketId>(i));
                for (int i = from + kAlone; i < from + kSome; ++i) {
                    const Ack ack = pub.expect<Ack>();
                    CHECK(ack.id == i);
                    if (!is_error(ack.reason)) acknowledged.push_back(payload(i));
                }
                if (FaultyDisk::calls() - before >= call) last = call;
                FaultyDisk::mend();
                CHECK(eventually([&] { return broker->stats().store_is_failing == 0; }));
            };
            publish(0);
            std::vector<std::string> all = acknowledged;
            take_some(broker, "a", all, all.size() / 2);
            publish(kSome);
        }
        TestBroker broker(config);
        take_some(broker, "b", acknowledged, acknowledged.size());
        CHECK(broker->stats().messages_dropped == 0);
    }
    CHECK(last > 5);
}

TEST_CASE(
    "spill: a bridge sends its long queue in order when the remote comes, over restarts on both "
    "sides" *
    doctest::skip(!no_store().empty())) {
    const TempFolder folder;
    BrokerConfig remote = stored(folder.path() + "/there.db");
    {
        TestBroker there(remote);
        leave_session(there, "sub", "t", QoS::exactly_once);
        remote.listeners.front().endpoint.port = there.port();
    }
    BrokerConfig config = spilling(folder.path() + "/here.db", Persistence::strict);
    config.bridges.push_back(bridge_to(remote.listeners.front().endpoint.port));
    for (int life = 0; life < 2; ++life) {
        TestBroker here(config);
        CHECK(here->stats().queued_messages == static_cast<std::uint64_t>(life) * kMessages);
        RawClient pub = here.client("pub");
        publish_numbers(pub, life * kMessages, (life + 1) * kMessages);
        CHECK(here->stats().queued_messages == static_cast<std::uint64_t>(life + 1) * kMessages);
        CHECK(here->stats().queued_bytes - here->stats().queued_bytes_on_disk <= 4096);
    }
    TestBroker here(config);
    TestBroker there(remote);
    RawClient sub = there.client();
    CHECK(resume(sub, "sub").session_present);
    for (int i = 0; i < 2 * kMessages; ++i)
        CHECK(take(sub) == "t=" + payload(i));
    CHECK(has_nothing(sub));
    CHECK(eventually([&] { return here->stats().queued_messages == 0; }));
    CHECK(here->stats().queued_bytes_on_disk == 0);
}

TEST_CASE("spill: QoS 0 that is queued for clients that are away keeps its turn in a long queue" *
          doctest::skip(!no_store().empty())) {
    const TempFolder folder;
    BrokerConfig config = spilling(folder.path() + "/store.db", Persistence::strict);
    config.queue_qos0_offline = true;
    {
        TestBroker broker(config);
        leave_session(broker, "a", "t", QoS::at_least_once);
        RawClient pub = broker.client("pub");
        for (int i = 0; i < kMessages; ++i) {
            if (i % 3 != 0)
                pub.publish("t", payload(i));
            else
                pub.publish_acked("t", payload(i));
        }
    }
    TestBroker broker(config);
    CHECK(broker->stats().queued_messages == kMessages);
    RawClient a = broker.client();
    resume(a, "a");
    for (int i = 0; i < kMessages; ++i) {
        const Publish publish = a.expect_publish("t", payload(i));
        CHECK((publish.qos == QoS::at_most_once) == (i % 3 != 0));
        if (publish.id != 0) a.ack(PacketType::puback, publish.id);
    }
    a.expect_silence();
    CHECK(broker->stats().queued_messages == 0);
}
