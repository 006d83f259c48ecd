// Attackers that never stop, beside clients that want to be served: floods, clients of one id that
// throw each other out, storms of wills, a subscriber that reads nothing; and TLS renegotiation.
#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <thread>

#include "support/attacker.hpp"
#include "support/hostile_case.hpp"
#include "support/test_broker.hpp"
#include "support/test_certificates.hpp"

using namespace ::test;
using mqtt::test::Attacker;
using mqtt::test::hostile_bytes;
using mqtt::test::TestAuthority;

namespace {

// Runs `attack` over and over, on a thread of its own, until it goes.
class Attack {
public:
    template <class F>
    explicit Attack(F attack)
        : thread_([this, attack] {
            while (!stop_)
                attack(rounds_++);
        }) {}
    ~Attack() {
        stop_ = true;
        thread_.join();
    }
    unsigned rounds() const { return rounds_; }

private:
    std::atomic<bool> stop_ = false;
    std::atomic<unsigned> rounds_ = 0;
    std::thread thread_;
};

// A socket that sends `words` again and again and reads what comes.
auto flood(std::uint16_t port, std::string words) {
    return [port, words = std::move(words)](unsigned round) {
        Attacker attacker(port, Attacker::Wire::opaque, ProtocolVersion::v5);
        attacker.send(hostile_bytes(words, static_cast<std::uint16_t>(round)));
    };
}

// So many messages of a publisher reach a subscriber, while all else goes on.
void serve(const TestBroker& broker, int messages) {
    RawClient sub = broker.client("served");
    sub.subscribe("served", QoS::at_least_once);
    RawClient pub = broker.client("serving");
    for (int i = 0; i < messages; ++i) {
        REQUIRE(pub.publish_acked("served", std::to_string(i)) == ReasonCode::success);
        const PacketId id = sub.expect_publish("served", std::to_string(i)).id;
        sub.ack(PacketType::puback, id);
    }
}

void check_rest(TestBroker& broker) {
    CHECK(eventually([&] {
        const BrokerStats stats = broker->stats();
        return stats.sockets == 0 && stats.sessions == 0 && stats.subscriptions == 0 &&
               stats.queued_messages == 0;
    }));
}

constexpr const char* kConnect = "10 {<\"MQTT\"> 05 02 00 3C {} <\"flood\" #>} ";

}  // namespace

TEST_CASE("hostile: floods of messages, subscriptions and garbage leave others served") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        {
            const std::uint16_t port = broker.port();
            Attack messages(flood(port, std::string(kConnect) + "(30 {<\"f\"> {} \"x\"})*20000"));
            Attack flapping(flood(port, std::string(kConnect) +
                                            "(82 {00 01 {} <\"+/f\"> 00} A2 {00 02 {} <\"+/f\">})"
                                            "*50"));
            Attack garbage(flood(port, "00*100"));
            Attack half(flood(port, "10 FF FF 03 \"MQ\""));
            Attack exactly_once(
                flood(port, std::string(kConnect) + "(34 {<\"f\"> 00 01 {} \"x\"})*2000"));
            serve(broker, 300);
            CHECK(eventually([&] {
                return messages.rounds() > 1 && flapping.rounds() > 1 && garbage.rounds() > 1 &&
                       half.rounds() > 1 && exactly_once.rounds() > 1;
            }));
        }
        check_rest(broker);
    }
}

TEST_CASE(
    "hostile: many connections of one id, with subscriptions and messages in between "
    "(CVE-2026-22040)") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        {
            const std::string words =
                "10 {<\"MQTT\"> 05 02 00 3C {} <\"one\">} 82 {00 01 {} <\"one/#\"> 01} "
                "(32 {<\"one/x\"> 00 07 {} \"x\"})*20 A2 {00 02 {} <\"one/#\">}";
            Attack first(flood(broker.port(), words));
            Attack second(flood(broker.port(), words));
            Attack third(flood(broker.port(), words));
            serve(broker, 200);
            CHECK(eventually(
                [&] { return first.rounds() + second.rounds() + third.rounds() > 200; }));
        }
        check_rest(broker);
    }
}

TEST_CASE("hostile: a storm of wills, retained ones and some for those who die with them") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        {
            RawClient sub = broker.client("sees");
            sub.subscribe("storm/#");
            std::vector<RawClient> dying;
            for (int i = 0; i < 200; ++i) {
                dying.push_back(broker.client());
                WillView will;
                will.topic = "storm/will";
                will.payload = as_bytes("gone");
                will.retain = i % 2 == 0;
                const std::string id = "storm" + std::to_string(i);
                dying.back().connect({.client_id = id, .will = will});
                dying.back().subscribe("storm/#");
            }
            for (RawClient& client : dying)
                client.reset();
            for (int i = 0; i < 200; ++i)
                sub.expect_publish("storm/will", "gone");
            sub.publish("storm/will", "", QoS::at_most_once, 0, true);
            sub.expect_publish("storm/will", "");
        }
        check_rest(broker);
        CHECK(broker->stats().retained_messages == 0);
    }
}

TEST_CASE("hostile: a subscriber that reads nothing costs its budget, not the broker's memory") {
    BrokerConfig config = loopback();
    config.output_budget_bytes = 256 * 1024;
    config.maximum_queued_bytes = 256 * 1024;
    TestBroker broker(std::move(config));
    {
        RawClient deaf = broker.client("deaf");
        deaf.subscribe("deaf/#", QoS::at_least_once);
        RawClient pub = broker.client("loud");
        const std::string payload(10'000, 'x');
        for (int i = 0; i < 3'000; ++i) {  // 30 MB of QoS 0, 30 MB of QoS 1
            pub.publish("deaf/x", payload);
            pub.publish_acked("deaf/y", payload);
        }
        const BrokerStats stats = broker->stats();
        CHECK(stats.dropped_output_full > 0);
        CHECK(stats.dropped_queue_full > 0);
        CHECK(stats.memory_bytes < 16 * 1024 * 1024);
        serve(broker, 50);
    }
    check_rest(broker);
}

TEST_CASE("hostile: half-open connections up to the limit of one address, others still come in") {
    BrokerConfig config = loopback();
    config.maximum_connections_per_address = 50;
    config.connect_timeout = std::chrono::seconds(2);
    TestBroker broker(std::move(config));
    {
        std::vector<RawClient> idle;
        for (int i = 0; i < 200; ++i)
            idle.push_back(broker.client());
        CHECK(eventually([&] { return broker->stats().connections_refused == 150; }));
        idle.clear();
        CHECK(eventually([&] { return broker->stats().sockets == 0; }));
        serve(broker, 20);
    }
    check_rest(broker);
}

TEST_CASE("hostile: TLS renegotiation is refused, and nobody else notices") {
    TestAuthority authority;
    const auto files = authority.issue();
    BrokerConfig config = loopback(Transport::tls);
    config.listeners.front().tls.certificate_file = files.certificate;
    config.listeners.front().tls.key_file = files.key;
    config.listeners.push_back(loopback().listeners.front());
    TestBroker broker(std::move(config));
    {
        RawClient bystander(broker.port(1));
        bystander.connect("bystander");
        const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                                   SSL_CTX_free);
        SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);  // 1.3 has none
        for (int round = 0; round < 20; ++round) {
            RawClient socket(broker.port(0));
            const std::unique_ptr<SSL, void (*)(SSL*)> tls(SSL_new(context.get()), SSL_free);
            SSL_set_fd(tls.get(), socket.fd());
            REQUIRE(SSL_connect(tls.get()) == 1);
            const auto connect = from_hex("10 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 61");
            REQUIRE(SSL_write(tls.get(), connect.data(), static_cast<int>(connect.size())) > 0);
            char connack[4];
            REQUIRE(SSL_read(tls.get(), connack, sizeof connack) == 4);
            SSL_renegotiate(tls.get());
            // no_renegotiation: the handshake does not come about.
            CHECK(SSL_do_handshake(tls.get()) <= 0);
        }
        bystander.expect_silence();
    }
    CHECK(eventually([&] { return broker->stats().sockets == 0; }));
}
