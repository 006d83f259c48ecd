// Every limit, provoked once: it is counted, and the log has its line, with the name of who it was about, and no second
// one soon after. Two are elsewhere: descriptors in limits_test, memory_hard in memory_test.
#include <algorithm>
#include <ctime>
#include <mutex>
#include <set>

#include "mqtt/limits.hpp"
#include "mqtt/store.hpp"
#include "support/faulty_disk.hpp"
#include "support/temp_folder.hpp"
#include "support/test_broker.hpp"

using namespace ::test;

namespace {

class Log {
public:
    void install(BrokerConfig& config) {
        config.log = [this](LogLevel, std::string_view line) {
            const std::lock_guard lock(mutex_);
            lines_.emplace_back(line);
        };
    }
    // Lines of the limit about somebody whose name begins so.
    std::ptrdiff_t count(Limit limit, std::string_view who) const {
        const std::string_view form = info(limit).line;
        const std::size_t gap = form.find("{}");
        const std::string begin = std::string(form.substr(0, gap)).append(who);
        const std::lock_guard lock(mutex_);
        return std::count_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
            return line.starts_with(begin) && line.ends_with(form.substr(gap + 2));
        });
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

using Provoke = void (*)(TestBroker& broker);
struct Case {
    Limit limit;
    std::string_view who;
    void (*configure)(BrokerConfig& config);
    Provoke provoke;
};

void connect_twice(TestBroker& broker) {
    RawClient one = broker.client("one");
    RawClient(broker.port()).expect_closed();
    RawClient(broker.port()).expect_closed();
}

void refused_twice(TestBroker& broker, ReasonCode reason, std::string_view user = {}) {
    for (const std::string_view id : {"late", "later"}) {
        RawClient client(broker.port());
        client.send_connect({.client_id = id, .user_name = user, .password = "x"});
        CHECK(client.expect<Connack>().reason == reason);
    }
}

void publish_twice(TestBroker& broker, std::string_view topic, ReasonCode reason,
                   std::string_view payload = "x") {
    RawClient client = broker.client("pub");
    for (int i = 0; i < 2; ++i)
        CHECK(client.publish_acked(topic, payload) == reason);
}

// One subscriber with a window of one and a full queue; three more messages for it.
void overflow(TestBroker& broker) {
    RawClient sub = broker.client("sub");
    sub.subscribe("t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    for (int i = 0; i < 5; ++i)
        pub.publish_acked("t", "x");
}

void small_queue(BrokerConfig& config) {
    config.maximum_inflight = 1;
    config.maximum_queued_messages = 1;
}

const Case kCases[] = {
    {Limit::connections, "127.0.0.1:", [](BrokerConfig& c) { c.maximum_connections = 1; },
     connect_twice},
    {Limit::listener_connections, "127.0.0.1:",
     [](BrokerConfig& c) { c.listeners[0].limits.maximum_connections = 1; }, connect_twice},
    {Limit::address_connections,
     "127.0.0.1:", [](BrokerConfig& c) { c.maximum_connections_per_address = 1; }, connect_twice},
    {Limit::connect_rate, "mqtt://127.0.0.1:", [](BrokerConfig& c) { c.maximum_connect_rate = 5; },
     [](TestBroker& broker) {
         std::vector<RawClient> clients;
         for (int i = 0; i < 8; ++i)
             clients.push_back(broker.client());
         for (RawClient& client : clients)
             client.connect("");
     }},
    {Limit::connect_timeout,
     "127.0.0.1:", [](BrokerConfig& c) { c.connect_timeout = std::chrono::milliseconds(50); },
     [](TestBroker& broker) { RawClient(broker.port()).expect_closed(); }},
    {Limit::waiting_logins, "late",
     [](BrokerConfig& c) {
         c.login_threads = 1;
         c.maximum_waiting_logins = 0;
         c.authenticate = [](const LoginRequest&) { return ReasonCode::success; };
     },
     [](TestBroker& broker) { refused_twice(broker, ReasonCode::server_busy, "u"); }},
    {Limit::login_delay, "127.0.0.1:",
     [](BrokerConfig& c) {
         c.maximum_login_delay = std::chrono::milliseconds(1);
         c.authenticate = [](const LoginRequest&) { return ReasonCode::not_authorized; };
     },
     [](TestBroker& broker) {
         for (int i = 0; i < 4; ++i)
             refused_twice(broker, ReasonCode::not_authorized, "u");
     }},
    {Limit::login_budget, "127.0.0.1:",
     [](BrokerConfig& c) {
         c.login_threads = 1;
         c.authenticate = [](const LoginRequest&) {
             const std::clock_t end = std::clock() + CLOCKS_PER_SEC / 20;
             while (std::clock() < end) {
             }
             return ReasonCode::not_authorized;
         };
     },
     [](TestBroker& broker) {
         refused_twice(broker, ReasonCode::not_authorized,
                       "u");  // on one account, and on the other
         std::vector<RawClient> clients;
         for (int i = 0; i < 2; ++i) {
             clients.emplace_back(broker.port());
             clients.back().send_connect({.client_id = "c", .user_name = "u", .password = "x"});
         }
         CHECK(eventually([&] { return broker->stats().limits[Limit::login_budget] == 2; }));
     }},
    {Limit::connect_size,
     "127.0.0.1:", [](BrokerConfig& c) { c.listeners[0].limits.maximum_connect_packet_size = 100; },
     [](TestBroker& broker) {
         RawClient client(broker.port());
         client.send_hex("10 80 80 01 00 04").expect_closed();
     }},
    {Limit::sessions, "late", [](BrokerConfig& c) { c.maximum_sessions = 1; },
     [](TestBroker& broker) {
         RawClient one = broker.client("one");
         refused_twice(broker, ReasonCode::quota_exceeded);
     }},
    {Limit::subscriptions, "sub", [](BrokerConfig& c) { c.maximum_subscriptions = 1; },
     [](TestBroker& broker) {
         RawClient sub = broker.client("sub");
         sub.subscribe("a");
         CHECK(sub.subscribe("b").front() == ReasonCode::quota_exceeded);
         CHECK(sub.subscribe("c").front() == ReasonCode::quota_exceeded);
     }},
    {Limit::topic_levels, "pub", [](BrokerConfig& c) { c.maximum_topic_levels = 2; },
     [](TestBroker& broker) { publish_twice(broker, "a/b/c", ReasonCode::topic_name_invalid); }},
    {Limit::publish_rate, "pub", [](BrokerConfig& c) { c.maximum_publish_rate = 20; },
     [](TestBroker& broker) {
         RawClient pub = broker.client("pub");
         for (int i = 0; i < 25; ++i)
             pub.publish("t", "x");
         pub.expect_silence();
     }},
    {Limit::message_size, "pub", [](BrokerConfig& c) { c.maximum_payload_size = 1; },
     [](TestBroker& broker) { publish_twice(broker, "t", ReasonCode::quota_exceeded, "xx"); }},
    {Limit::memory_soft, "pub", [](BrokerConfig& c) { c.memory_limit = 4 * 1024 * 1024; },
     [](TestBroker& broker) {
         RawClient pub = broker.client("pub");
         const std::string payload(100'000, 'x');
         for (PacketId id = 1; id < 45; ++id)
             pub.publish("fill/" + std::to_string(id), payload, QoS::at_most_once, 0, true);
         pub.expect_silence();
     }},
    {Limit::queue_disconnects, "sub",
     [](BrokerConfig& c) {
         small_queue(c);
         c.queue_overflow = QueueOverflow::disconnect;
     },
     overflow},
    {Limit::queue_blocks, "sub",
     [](BrokerConfig& c) {
         small_queue(c);
         c.queue_overflow = QueueOverflow::block;
     },
     [](TestBroker& broker) {
         RawClient sub = broker.client("sub");
         sub.subscribe("t", QoS::at_least_once);
         RawClient pub = broker.client("pub");
         for (PacketId id = 1; id <= 5; ++id)
             pub.publish("t", "x", QoS::at_least_once, id);
         CHECK(eventually([&] { return broker->stats().limits[Limit::queue_blocks] != 0; }));
     }},
    {Limit::keep_alive, "old", [](BrokerConfig& c) { c.maximum_keep_alive = 60; },
     [](TestBroker& broker) {
         for (const std::uint16_t keep_alive : {std::uint16_t{61}, std::uint16_t{0}}) {
             RawClient client = broker.client(ProtocolVersion::v3_1_1);
             client.send_connect({.client_id = "old", .keep_alive = keep_alive});
             CHECK(client.expect<Connack>().reason == ReasonCode::client_identifier_not_valid);
         }
         RawClient client = broker.client(ProtocolVersion::v3_1_1);
         client.connect({.client_id = "old", .keep_alive = 60});
     }},
    {Limit::sys_publish, "pub", [](BrokerConfig&) {},
     [](TestBroker& broker) { publish_twice(broker, "$SYS/x", ReasonCode::not_authorized); }},
    {Limit::payload_format, "pub", [](BrokerConfig& c) { c.check_payload_format = true; },
     [](TestBroker& broker) {
         RawClient pub = broker.client("pub");
         PropertyList text;
         text.add(PropertyId::payload_format_indicator, 1u);
         pub.send(Publish{.qos = QoS::at_least_once,
                          .id = 1,
                          .topic = "t",
                          .properties = text.view(),
                          .payload = as_bytes("\xFF")});
         CHECK(pub.expect<Ack>().reason == ReasonCode::payload_format_invalid);
     }},
    {Limit::publish_rights, "pub",
     [](BrokerConfig& c) { c.authorize = [](const AccessRequest&) { return false; }; },
     [](TestBroker& broker) { publish_twice(broker, "t", ReasonCode::not_authorized); }},
};

}  // namespace

TEST_CASE("limits: each is counted, and told in one line with the name of who it was about") {
    std::set<Limit> seen{Limit::descriptors, Limit::memory_hard, Limit::store_failing};
    for (const Case& tried : kCases) {
        CAPTURE(info(tried.limit).name);
        BrokerConfig config = loopback();
        Log log;
        log.install(config);
        tried.configure(config);
        TestBroker broker(std::move(config));
        tried.provoke(broker);
        CHECK(eventually([&] { return broker->stats().limits[tried.limit] >= 1; }));
        CHECK(eventually([&] { return log.count(tried.limit, tried.who) >= 1; }));
        CHECK(log.count(tried.limit, "") == 1);
        seen.insert(tried.limit);
    }
    CHECK(seen.size() == kLimits);
}

TEST_CASE("limits: what a store that cannot be written refuses is counted and told" *
          doctest::skip(!no_store().empty())) {
    FaultyDisk::install();
    const TempFolder folder;
    BrokerConfig config = loopback();
    config.persistence = Persistence::strict;
    config.store_file = folder.path() + "/store.db";
    Log log;
    log.install(config);
    TestBroker broker(std::move(config));
    RawClient pub = broker.client("pub");
    FaultyDisk::fail_from(1, FaultyDisk::Fault::full);
    pub.publish("kept", "x", QoS::at_most_once, 0, true);
    CHECK(eventually([&] { return pub.publish_acked("t", "x") == ReasonCode::quota_exceeded; }));
    CHECK(broker->stats().limits[Limit::store_failing] >= 1);
    CHECK(log.count(Limit::store_failing, "pub") == 1);
    FaultyDisk::mend();
}
