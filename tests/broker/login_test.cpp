// Logins that are checked beside the traffic, and what a listener makes of the names in CONNECT.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "mqtt/limits.hpp"
#include "support/test_broker.hpp"

using namespace ::test;

namespace {

// An authenticate callback that waits until it is let go.
class SlowCheck {
public:
    void install(BrokerConfig& config, unsigned threads = 1) {
        config.login_threads = threads;
        config.authenticate = [this](const LoginRequest& request) {
            std::unique_lock lock(mutex_);
            ++begun;
            changed_.wait(lock, [this] { return is_open_; });
            return as_text(*request.password) == "right" ? ReasonCode::success
                                                         : ReasonCode::not_authorized;
        };
    }
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }
    ~SlowCheck() { open(); }
    std::atomic<int> begun = 0;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_open_ = false;
};

const RawClient::Login kRight{.client_id = "right", .user_name = "u", .password = "right"};
const RawClient::Login kWrong{.client_id = "wrong", .user_name = "u", .password = "wrong"};

}  // namespace

TEST_CASE("login: a password is checked beside the traffic, which goes on [MQTT-3.1.4-2]") {
    for (const unsigned threads : kThreadCounts) {
        SlowCheck check;
        BrokerConfig config = with_threads(threads);
        check.install(config);
        const auto slow = config.authenticate;
        config.authenticate = [&](const LoginRequest& request) {
            return request.client_id.starts_with("open") ? ReasonCode::success : slow(request);
        };
        TestBroker broker(config);
        RawClient sub = broker.client("open-sub");
        sub.subscribe("t");
        RawClient pub = broker.client("open-pub");
        RawClient right(broker.port());
        // What comes with CONNECT waits with it.
        right.send_connect(kRight).send(Pingreq{});
        RawClient wrong(broker.port());
        wrong.send_connect(kWrong);
        CHECK(eventually([&] { return check.begun >= 1; }));
        for (int i = 0; i < 100; ++i) {
            pub.publish("t", std::to_string(i));
            sub.expect_publish("t", std::to_string(i));
        }
        CHECK(broker->stats().clients_connected == 2);
        check.open();
        CHECK(right.expect<Connack>().reason == ReasonCode::success);
        right.expect<Pingresp>();
        CHECK(wrong.expect<Connack>().reason == ReasonCode::not_authorized);
        wrong.expect_closed();
    }
}

TEST_CASE("login: who waits too long for a verdict is told, and the verdict is dropped") {
    SlowCheck check;
    BrokerConfig config = loopback();
    config.connect_timeout = std::chrono::milliseconds(100);
    check.install(config);
    TestBroker broker(config);
    RawClient late(broker.port());
    late.send_connect(kRight);
    CHECK(late.expect<Connack>().reason == ReasonCode::server_busy);
    late.expect_closed();
    CHECK(broker->stats().limits[Limit::waiting_logins] == 1);
    check.open();
    RawClient next(broker.port());
    next.connect(kRight);
    next.expect_silence();
}

TEST_CASE("login: more than may wait are refused as busy, and counted") {
    SlowCheck check;
    BrokerConfig config = loopback();
    config.maximum_waiting_logins = 1;
    check.install(config);
    TestBroker broker(config);
    RawClient first(broker.port());
    first.send_connect(kRight);
    CHECK(eventually([&] { return check.begun == 1; }));
    RawClient second(broker.port());
    second.send_connect(kWrong);
    RawClient third(broker.port());
    RawClient old(broker.port(), ProtocolVersion::v3_1_1);
    // The second one may be seen after these: one of the three is in the queue.
    third.send_connect(kWrong);
    CHECK(eventually([&] { return broker->stats().limits[Limit::waiting_logins] == 1; }));
    old.send_connect(kWrong);
    CHECK(old.expect<Connack>().reason == ReasonCode::server_unavailable);
    check.open();
    CHECK(first.expect<Connack>().reason == ReasonCode::success);
    CHECK(broker->stats().limits[Limit::waiting_logins] == 2);
}

TEST_CASE("login: a broker ends while a password is being checked") {
    SlowCheck check;
    BrokerConfig config = loopback();
    check.install(config);
    TestBroker broker(config);
    RawClient client(broker.port());
    client.send_connect(kRight);
    CHECK(eventually([&] { return check.begun == 1; }));
    std::thread opener([&] { check.open(); });
    broker->stop(std::chrono::milliseconds(200));
    opener.join();
    CHECK(broker->stats().clients_connected == 0);
}

TEST_CASE("names: only versions of the listener's list are let in [MQTT-3.1.2-2]") {
    BrokerConfig config = loopback();
    config.listeners[0].versions = {ProtocolVersion::v3_1_1, ProtocolVersion::v5};
    TestBroker broker(config);
    broker.client("a").expect_silence();
    broker.client("b", ProtocolVersion::v3_1_1).expect_silence();
    RawClient old(broker.port(), ProtocolVersion::v3_1);
    old.send_connect({.client_id = "c"});
    CHECK(old.expect<Connack>().reason == ReasonCode::unsupported_protocol_version);
    old.expect_closed();
}

TEST_CASE("names: a client id must have the prefix, or is the user name") {
    BrokerConfig config = loopback();
    config.listeners.push_back(config.listeners.front());
    config.client_id_prefix = "home-";
    config.listeners[1].user_name_is_client_id = true;
    TestBroker broker(config);
    broker.client("home-1").expect_silence();
    RawClient other(broker.port());
    other.send_connect({.client_id = "other"});
    CHECK(other.expect<Connack>().reason == ReasonCode::not_authorized);
    RawClient named(broker.port(1));
    named.connect({.client_id = "whatever", .user_name = "home-1"});
    named.expect_silence();
    RawClient nameless(broker.port(1));
    nameless.send_connect({.client_id = "home-2"});
    CHECK(nameless.expect<Connack>().reason == ReasonCode::not_authorized);
}

TEST_CASE(
    "names: empty client ids get one with our prefix, or are refused in 3.1.1 [MQTT-3.1.3-6]") {
    BrokerConfig config = loopback();
    config.assigned_id_prefix = "given-";
    config.empty_client_id_allowed = false;
    TestBroker broker(config);
    RawClient client(broker.port());
    const Connack connack = client.connect("");
    const auto id = connack.properties.text(PropertyId::assigned_client_identifier);
    REQUIRE(id);
    CHECK(id->starts_with("given-"));
    RawClient old(broker.port(), ProtocolVersion::v3_1_1);
    old.send_connect({.client_id = ""});
    CHECK(old.expect<Connack>().reason == ReasonCode::client_identifier_not_valid);
}

TEST_CASE("publish: upgrade_outgoing_qos delivers with the QoS of the subscription") {
    BrokerConfig config = loopback();
    config.upgrade_outgoing_qos = true;
    TestBroker broker(config);
    RawClient pub = broker.client("pub");
    pub.publish("r", "kept", QoS::at_most_once, 0, true);
    pub.expect_silence();
    RawClient sub = broker.client("sub");
    sub.subscribe("t", QoS::at_least_once);
    pub.publish("t", "x");
    CHECK(sub.expect<Publish>().qos == QoS::at_least_once);
    sub.subscribe("r", QoS::exactly_once);
    CHECK(sub.expect<Publish>().qos == QoS::exactly_once);
}

TEST_CASE("login: a will whose right was taken away meanwhile is not published") {
    std::atomic<bool> may = true;
    BrokerConfig config = loopback();
    config.authorize = [&](const AccessRequest& r) {
        return r.access != Access::publish || r.topic != "will" || may;
    };
    TestBroker broker(std::move(config));
    RawClient sub = broker.client("sub");
    sub.subscribe("will");
    WillView will;
    will.topic = "will";
    for (const bool still : {true, false}) {
        may = true;
        RawClient client = broker.client();
        client.connect({.client_id = "c", .will = will});
        may = still;
        client.reset();
        CHECK(eventually([&] { return broker->stats().clients_connected == 1; }));
        if (still) sub.expect_publish("will", "");
        sub.expect_silence();
    }
    CHECK(broker->stats().publishes_refused == 1);
}

TEST_CASE("login: a will is bound by the limits of messages") {
    BrokerConfig config = loopback();
    config.maximum_payload_size = 10;
    TestBroker broker(std::move(config));
    const std::string deep(250, '/');
    const std::pair<std::string_view, std::string_view> wills[] = {
        {deep, "x"}, {"w", "eleven bytes"}, {"$SYS", "x"}, {"w", "ten bytes!"}};
    const ReasonCode expected[] = {ReasonCode::topic_name_invalid, ReasonCode::quota_exceeded,
                                   ReasonCode::not_authorized, ReasonCode::success};
    for (std::size_t i = 0; i < std::size(wills); ++i) {
        WillView will;
        will.topic = wills[i].first;
        will.payload = as_bytes(wills[i].second);
        RawClient client = broker.client();
        client.send_connect({.client_id = "c", .will = will});
        CHECK(client.expect<Connack>().reason == expected[i]);
    }
}
