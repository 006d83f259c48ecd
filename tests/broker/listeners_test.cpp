// Listeners behind proxies and listeners that MQTT and WebSocket share; see also tests/net.
#include <set>

#include "support/test_broker.hpp"

using namespace ::test;

namespace {

BrokerConfig behind_proxy(std::vector<std::string> peers) {
    BrokerConfig config = loopback();
    config.listeners[0].proxy_header = ProxyHeader::v1;
    config.listeners[0].proxy_peers = std::move(peers);
    return config;
}

RawClient& introduce(RawClient& client, const std::string& address) {
    client.send_raw(as_bytes("PROXY TCP4 " + address + " 127.0.0.1 5000 1883\r\n"));
    return client;
}

}  // namespace

TEST_CASE("listener: behind a proxy the client's own address counts, on any number of threads") {
    for (const unsigned threads : kThreadCounts) {
        BrokerConfig config = behind_proxy({"127.0.0.0/8"});
        config.threads = threads;
        config.maximum_connections_per_address = 1;
        std::mutex mutex;
        std::string seen;
        config.authenticate = [&](const LoginRequest& request) {
            const std::lock_guard lock(mutex);
            seen.append(request.peer_address).append(" ");
            return ReasonCode::success;
        };
        TestBroker broker(config);
        {
            RawClient one = broker.client();
            introduce(one, "192.0.2.1").connect("one");
            RawClient two = broker.client();
            introduce(two, "192.0.2.2").connect("two");
            RawClient again = broker.client();
            introduce(again, "192.0.2.1").send_connect({.client_id = "again"});
            CHECK(again.expect<Connack>().reason == ReasonCode::quota_exceeded);
            again.expect_closed();
            CHECK(broker->stats().limits[Limit::address_connections] == 1);
        }
        CHECK(eventually([&] { return broker->stats().sockets == 0; }));
        RawClient back = broker.client();
        introduce(back, "192.0.2.1").connect("back");
        const std::lock_guard lock(mutex);
        CHECK(seen == "192.0.2.1:5000 192.0.2.2:5000 192.0.2.1:5000 ");
    }
}

TEST_CASE("listener: a header counts only from a proxy that is trusted, and is never looked for") {
    TestBroker everyone(behind_proxy({}));
    RawClient silent = everyone.client();
    silent.send_connect({.client_id = "x"}).expect_closed();
    TestBroker others(behind_proxy({"192.0.2.0/24"}));
    others.client("plain").expect_silence();
    RawClient forger = others.client();
    introduce(forger, "192.0.2.1").send_connect({.client_id = "forger"}).expect_closed();
    BrokerConfig wrong = behind_proxy({"proxy.example.org"});
    CHECK_THROWS_AS(TestBroker{wrong}, std::invalid_argument);
}

TEST_CASE(
    "listener: what is no CONNECT ends at once, and the log says what it was [MQTT-3.1.0-1]") {
    BrokerConfig config = loopback();
    std::mutex mutex;
    std::string log;
    config.log = [&](LogLevel, std::string_view line) {
        const std::lock_guard lock(mutex);
        log.append(line).append("\n");
    };
    TestBroker broker(config);
    for (const std::string_view start :
         {"GET / HTTP/1.1\r\n", "\x16\x03\x01\x02", "PROXY TCP4 1.2.3.4", "\x30"}) {
        RawClient client = broker.client();
        client.send_raw(as_bytes(start)).expect_closed();
    }
    const std::lock_guard lock(mutex);
    CHECK(log.find("it speaks HTTP") != std::string::npos);
    CHECK(log.find("it speaks TLS") != std::string::npos);
    CHECK(log.find("not trusted as a proxy") != std::string::npos);
    CHECK(log.find("its first packet is not CONNECT") != std::string::npos);
}

TEST_CASE("listener: MQTT and WebSocket share a port") {
    BrokerConfig config = loopback();
    config.listeners[0].shares_websocket = true;
    TestBroker broker(config);
    RawClient plain = broker.client("plain");
    plain.subscribe("t");
    RawClient web = broker.client();
    web.upgrade().connect("web");
    web.publish("t", "over WebSocket");
    CHECK(as_text(plain.expect<Publish>().payload) == "over WebSocket");
    RawClient tls = broker.client();
    tls.send_hex("16 03 01 00 05 01").expect_closed();
    RawClient http = broker.client();
    http.send_raw(as_bytes("GET / HTTP/1.1\r\n\r\n"));
    char answer[13] = {};
    REQUIRE(::recv(http.fd(), answer, 12, MSG_WAITALL) == 12);
    CHECK(std::string_view(answer) == "HTTP/1.1 400");
}

TEST_CASE("listener: a socket that was opened before is taken over") {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd, 8) == 0);
    BrokerConfig config = loopback();
    config.listeners[0].sockets = {fd};
    TestBroker broker(config);
    CHECK(broker.port() != 0);
    broker.client("one").expect_silence();
    BrokerConfig none = loopback();
    none.listeners[0].sockets = {-1};
    Broker fails(none);
    CHECK_FALSE(fails.start().ok());
    CHECK(fails.start_error().find("handed over") != std::string::npos);
}

TEST_CASE("listener: an interface stands for its addresses") {
    BrokerConfig config = loopback();
    config.listeners[0].endpoint.host = "0.0.0.0";
    config.listeners[0].interface = "lo";
    TestBroker broker(config);
    for (const Broker::Bound& bound : broker->bound())
        CHECK(bound.endpoint.host.starts_with("127."));
    broker.client("one").expect_silence();
    config = loopback();
    config.listeners[0].endpoint.host = "lo";
    TestBroker by_name(config);
    by_name.client("one").expect_silence();
    config.listeners[0].interface = "nosuch0";
    Broker fails(config);
    CHECK_FALSE(fails.start().ok());
    CHECK(fails.start_error() ==
          "cannot listen on interface nosuch0: no such interface, or it has no address");
}

TEST_CASE("listener: clients below a mount point see only what is below it") {
    for (const unsigned threads : kThreadCounts) {
        BrokerConfig config = loopback();
        config.threads = threads;
        config.listeners.push_back(config.listeners.front());
        config.listeners[1].mount_point = "site/";
        TestBroker broker(config);
        RawClient all = broker.client("all");
        all.subscribe("#");
        RawClient below(broker.port(1));
        below.connect("below");
        below.subscribe("#", QoS::at_least_once);
        below.subscribe("$share/g/shared/+");
        RawClient above = broker.client("above");
        above.publish_acked("elsewhere", "1", true);
        above.publish_acked("site/a", "2");
        below.expect_publish("a", "2");
        above.publish("site/shared/x", "3");
        below.expect_publish("shared/x", "3");
        below.expect_publish("shared/x", "3");
        below.publish("own", "4", QoS::at_most_once, 0, true);
        below.expect_publish("own", "4");
        // In any order: on three shards they come from two.
        std::set<std::string, std::less<>> missing{"elsewhere", "site/a", "site/shared/x",
                                                   "site/own"};
        while (!missing.empty())
            missing.erase(std::string(all.expect<Publish>().topic));
        CHECK(below.unsubscribe("#") == std::vector{ReasonCode::success});
        RawClient late(broker.port(1));
        late.connect("late");
        late.subscribe("own");
        CHECK(late.expect_publish("own", "4").retain);
        late.subscribe("elsewhere");
        late.expect_silence();
    }
}

TEST_CASE(
    "listener: below a mount point wills are there, too, and resends look as the first time") {
    BrokerConfig config = loopback();
    config.listeners.push_back(config.listeners.front());
    config.listeners[1].mount_point = "site/";
    TestBroker broker(config);
    RawClient all = broker.client("all");
    all.subscribe("site/#");
    RawClient dying(broker.port(1));
    dying.connect(
        {.client_id = "dying", .will = WillView{.topic = "gone", .payload = as_bytes("x")}});
    dying.reset();
    all.expect_publish("site/gone", "x");
    PropertyList expiry;
    expiry.add(PropertyId::session_expiry_interval, 100u);
    RawClient first(broker.port(1));
    first.connect({.client_id = "stays", .properties = expiry.view()});
    first.subscribe("t", QoS::at_least_once);
    broker.client("other").publish_acked("site/t", "again");
    first.expect_publish("t", "again");
    first.reset();
    RawClient second(broker.port(1));
    second.connect({.client_id = "stays", .clean_start = false});
    CHECK(second.expect_publish("t", "again").dup);
}
