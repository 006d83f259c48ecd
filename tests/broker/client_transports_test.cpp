// mqtt::Client and the broker over every transport: what a program sees must not depend on it.
#include <doctest/doctest.h>
#include <unistd.h>

#include <asio/use_future.hpp>
#include <future>
#include <string>
#include <thread>

#include "mqtt/client.hpp"
#include "support/test_broker.hpp"
#include "support/test_certificates.hpp"

using namespace mqtt;
using namespace ::test;
using mqtt::test::CertificateFiles;
using mqtt::test::TestAuthority;

namespace {

// A listener of one transport and the options with which a client reaches it.
struct World {
    explicit World(Transport transport) : broker(config_for(transport)) {
        options.connect.endpoint = broker->bound().at(0).endpoint;
        if (uses_tls(transport)) {
            options.connect.endpoint.host = "localhost";
            options.connect.tls.ca_file = authority.ca_file();
        }
        if (uses_websocket(transport)) options.connect.endpoint.path = "/mqtt";
        options.connect.client_id = "c";
        options.reconnect.enabled = false;
    }
    BrokerConfig config_for(Transport transport) {
        BrokerConfig config = loopback(transport);
        ListenerConfig& listener = config.listeners.front();
        if (uses_tls(transport)) {
            const CertificateFiles files = authority.issue();
            listener.tls.certificate_file = files.certificate;
            listener.tls.key_file = files.key;
        }
        if (transport == Transport::unix_socket) {
            listener.endpoint.path = authority.directory() + "/broker.sock";
        }
        return config;
    }

    TestAuthority authority;
    TestBroker broker;
    ClientOptions options;
};

// Runs a client's loop on a thread of its own, as a program with futures does; ends before the client,
// which belongs to that thread.
class LoopThread {
public:
    explicit LoopThread(asio::io_context& context)
        : context_(context)
        , guard_(context.get_executor())
        , thread_([this] { context_.run(); }) {}
    ~LoopThread() {
        context_.stop();
        thread_.join();
    }

private:
    asio::io_context& context_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    std::thread thread_;
};

template <class T>
T within_deadline(std::future<T> future) {
    REQUIRE(future.wait_for(kDeadline) == std::future_status::ready);
    return future.get();
}

void check_round_trip(Transport transport) {
    World world(transport);
    asio::io_context context(1);
    Client client(context, world.options);
    const LoopThread thread(context);
    within_deadline(client.connect(asio::use_future));
    const SubscribeResult granted =
        within_deadline(client.subscribe({{"楼/+/温度", QoS::exactly_once}}, asio::use_future));
    REQUIRE(granted.reasons.size() == 1);
    CHECK(granted.reasons.front() == ReasonCode::granted_qos_2);

    // Longer than a read block, a TLS record and a WebSocket frame with a short length.
    const std::string large(200'000, 'x');
    for (const std::string& payload : {std::string("21.5 度"), std::string(), large}) {
        for (const QoS qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
            within_deadline(client.publish({"楼/三/温度", payload, qos}, asio::use_future));
            const ReceivedMessage message = within_deadline(client.receive(asio::use_future));
            CHECK(message.topic == "楼/三/温度");
            CHECK(message.payload == payload);
            CHECK(message.qos == qos);
        }
    }
    within_deadline(client.disconnect(asio::use_future));
    CHECK(eventually([&] { return world.broker->stats().sockets == 0; }));
}

}  // namespace

TEST_CASE("client: connects, subscribes, publishes and receives over every transport") {
    SUBCASE("TCP") {
        check_round_trip(Transport::tcp);
    }
    SUBCASE("TLS") {
        check_round_trip(Transport::tls);
    }
    SUBCASE("WebSocket") {
        check_round_trip(Transport::websocket);
    }
    SUBCASE("secure WebSocket") {
        check_round_trip(Transport::secure_websocket);
    }
    SUBCASE("Unix socket") {
        check_round_trip(Transport::unix_socket);
    }
}

TEST_CASE("client: a certificate that it does not trust ends the attempt, with the reason") {
    for (const Transport transport : {Transport::tls, Transport::secure_websocket}) {
        World world(transport);
        const TestAuthority stranger("Another CA");
        world.options.connect.tls.ca_file = stranger.ca_file();
        asio::io_context context(1);
        Client client(context, world.options);
        const LoopThread thread(context);
        std::promise<std::pair<std::error_code, std::string>> done;
        client.connect([&](std::error_code error, const ConnectReport& report) {
            done.set_value({error, report.message});
        });
        const auto [error, message] = within_deadline(done.get_future());
        CHECK(error == Errc::tls_certificate_rejected);
        CHECK(message.find("certificate") != std::string::npos);
    }
}
