// Queues that are longer than the memory for them: what is on the disk only comes in order, after a restart, a
// power cut or neither; limits count it; a session that ends takes it along.
#include <doctest/doctest.h>

#include <set>

#include "support/faulty_disk.hpp"
#include "support/spilling_broker.hpp"
#include "support/temp_folder.hpp"

using namespace ::test;

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
            until_read(a);
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
