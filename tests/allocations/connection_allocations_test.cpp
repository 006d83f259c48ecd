// Steady state of mqtt::Connection takes nothing from the heap, in either direction.
#include "client/connection_fixture.hpp"
#include "support/allocations.hpp"
#include "support/session_broker.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

// Publishes `count` messages and waits for what the scripted peer sends back for each.
struct EchoSink final : ConnectionSink {
    AckDecision on_publish(const Publish& publish) override {
        bytes += publish.payload.size();
        ++messages;
        return AckDecision::now();
    }
    void on_delivered(PacketId, std::uint64_t, ReasonCode) override { ++delivered; }
    void on_connected(const Connack&, const ConnectTiming&) override { connected = true; }
    std::size_t bytes = 0;
    std::size_t messages = 0;
    std::size_t delivered = 0;
    bool connected = false;
};

// Accepts one connection and sends every message back to it, in the QoS that it came in.
struct EchoPeer final : net::ByteConsumer, core::ServerSink {
    EchoPeer(net::Loop& loop, std::unique_ptr<net::ByteStream> stream)
        : driver(loop, std::move(stream), *this)
        , protocol(driver.out(), limits, Clock::now()) {
        driver.start();
    }
    net::Consumed on_bytes(Bytes bytes) override {
        const net::Consumed consumed = protocol.feed(bytes, Clock::now(), *this);
        driver.mark_dirty();
        return consumed;
    }
    void on_closed(std::error_code) override {}
    void on_connect(const Connect&) override { protocol.accept(session, {}, Clock::now()); }
    core::AckDecision on_publish(const Publish& publish) override {
        core::OutgoingPublish back;
        back.topic = publish.topic;
        back.payload = publish.payload;
        back.qos = publish.qos;
        protocol.publish(back, {}, 0);
        return core::AckDecision::now();
    }
    void on_subscribe(const Subscribe&) override {}
    void on_unsubscribe(const Unsubscribe&) override {}
    void on_disconnect(const Disconnect&) override {}
    void on_delivered(PacketId, std::uint64_t, ReasonCode) override {}
    void on_send_quota() override {}
    void on_auth(const Auth&) override {}
    void on_protocol_error(const Error&) override {}

    core::ServerLimits limits;
    core::Session session;
    net::Driver driver;
    core::ServerProtocol protocol;
};

struct Echo {
    explicit Echo(Transport transport) : loop(test_loop.loop()), connection(loop, sink) {
        net::ListenOptions listen;
        listen.endpoint.transport = transport;
        listen.endpoint.host = "127.0.0.1";
        listen.endpoint.port = 0;
        auto opened = net::Listener::open(test_loop.loop(), listen, 0, [this](net::Accepted a) {
            peer = std::make_unique<EchoPeer>(test_loop.loop(), std::move(a.stream));
        });
        listener = std::move(opened.listener);
        options.endpoint = listener->bound().front();
        REQUIRE(connection.open(options).ok());
        REQUIRE(test_loop.run_until([&] { return sink.connected; }));
    }

    void exchange(QoS qos, std::size_t count) {
        static const std::string payload(100, 'x');
        const PublishRequest request{.topic = "a/b", .payload = as_bytes(payload), .qos = qos};
        const std::size_t goal = sink.messages + count;
        const std::size_t acknowledged = sink.delivered + (qos == QoS::at_most_once ? 0 : count);
        for (std::size_t i = 0; i < count; ++i) {
            connection.publish(request);
            if (i % 100 == 99) test_loop.loop().run_one(Duration::zero());
        }
        // No std::function here: it would count.
        while (sink.messages < goal || sink.delivered < acknowledged)
            test_loop.run_one();
    }

    TestLoop test_loop;
    ConnectionLoop loop;
    EchoSink sink;
    std::unique_ptr<net::Listener> listener;
    std::unique_ptr<EchoPeer> peer;
    ConnectOptions options;
    Connection connection;
};

}  // namespace

TEST_CASE("connection: no allocation per message, QoS 0, 1 and 2, sent and received") {
    for (const Transport transport : {Transport::tcp, Transport::websocket}) {
        for (const QoS qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
            CAPTURE(static_cast<int>(transport));
            CAPTURE(static_cast<int>(qos));
            Echo echo(transport);
            echo.exchange(qos, 2000);
            const std::size_t before = allocations();
            echo.exchange(qos, 2000);
            CHECK(allocations() - before == 0);
        }
    }
}
