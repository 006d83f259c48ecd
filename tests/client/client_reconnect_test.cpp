// mqtt::Client: reconnecting, giving up, disconnecting, and threads other than the loop's.
#include <asio/use_future.hpp>
#include <thread>

#include "client/client_fixture.hpp"

using namespace mqtt;
using namespace mqtt::test;
using std::chrono::milliseconds;

TEST_CASE("client: a lost connection is told of, and made again") {
    ClientFixture f;
    RawPeer& first = f.connect();
    first.abort();
    RawPeer& second = f.accept(kConnackV5);
    REQUIRE(f.wait([&] { return f.client->stats().connects == 2; }));
    CHECK(f.states == std::vector{ClientState::connecting, ClientState::connected,
                                  ClientState::waiting, ClientState::connecting,
                                  ClientState::connected});
    REQUIRE(f.sentences.size() == 1);
    CHECK(f.sentences[0].find("lost") != std::string::npos);
    // 5.0: the server says why.
    second.send_hex("E0 02 8B 00");
    REQUIRE(f.wait([&] { return f.sentences.size() == 2; }));
    CHECK(f.sentences[1].find("Server shutting down") != std::string::npos);
    f.accept(kConnackV5);
    REQUIRE(f.wait([&] { return f.client->is_connected(); }));
    CHECK(f.client->stats().connections_lost == 2);
}

TEST_CASE("client: gives up after max_retries, and what waits completes with not_connected") {
    ClientFixture f;
    f.options.reconnect.max_retries = 2;
    RawPeer& first = f.connect();
    Outcome<PublishResult> publish;
    f.client->publish({"t", "x", QoS::at_least_once}, publish.handler());
    REQUIRE(f.heard(first, "CONNECT PUBLISH"));
    first.abort();
    f.accept().abort();
    f.accept().abort();
    REQUIRE(f.wait([&] { return publish.is_done(); }));
    CHECK(publish.error == Errc::not_connected);
    CHECK(f.client->state() == ClientState::gave_up);
    Outcome<PublishResult> late;
    f.client->publish({"t", "x"}, late.handler());
    REQUIRE(f.wait([&] { return late.is_done(); }));
    CHECK(late.error == Errc::not_connected);
    // connect() starts anew.
    Outcome<ConnectReport> again;
    f.client->connect(again.handler());
    f.accept(kConnackV5);
    REQUIRE(f.wait([&] { return again.is_done(); }));
    CHECK(!again.error);
}

TEST_CASE("client: a client whose session was taken over does not fight for it") {
    ClientFixture f;
    f.connect().send_hex("E0 02 8E 00");
    REQUIRE(f.wait([&] { return f.client->state() == ClientState::gave_up; }));
    CHECK(f.client->last_error().reason == ReasonCode::session_taken_over);
    CHECK(f.client->last_error_message().find("same client id") != std::string::npos);
}

TEST_CASE("client: retry_first_connect goes on where time may help, and only there") {
    ClientFixture f;
    f.options.retry_first_connect = true;
    f.make().connect(f.connected.handler());
    f.accept().abort();
    f.accept().send_hex("20 03 00 89 00");  // server busy
    CHECK(!f.connected.is_done());
    f.accept().send_hex("20 03 00 86 00");  // bad user name or password
    REQUIRE(f.wait([&] { return f.connected.is_done(); }));
    CHECK(f.connected.error == Errc::refused_by_server);
    CHECK(f.client->stats().connect_failures == 3);
}

TEST_CASE("client: a peer that breaks the protocol is told so and left [MQTT-4.13.1-1]") {
    ClientFixture f;
    f.options.reconnect.enabled = false;
    RawPeer& peer = f.connect();
    peer.send_hex("36 05 00 01 61 00 78");  // QoS 3 [MQTT-3.3.1-4]
    REQUIRE(f.wait([&] { return f.client->state() == ClientState::gave_up; }));
    CHECK(f.client->last_error().code == Errc::malformed_packet);
    REQUIRE(f.heard(peer, "CONNECT DISCONNECT"));
    CHECK(peer.packet<Disconnect>(1).reason == ReasonCode::malformed_packet);
}

TEST_CASE(
    "client: a link that swallows bytes is lost one ping timeout after PINGREQ [MQTT-3.1.2-20]") {
    ClientFixture f;
    f.options.connect.keep_alive = std::chrono::seconds(1);
    f.options.connect.ping_timeout = milliseconds(100);
    f.options.reconnect.enabled = false;
    RawPeer& peer = f.connect();
    REQUIRE(f.heard(peer, "CONNECT PINGREQ"));
    REQUIRE(f.wait([&] { return f.client->state() == ClientState::gave_up; }));
    CHECK(f.client->last_error().code == Errc::keep_alive_timeout);
    CHECK(f.client->last_error_message().find("no answer to PINGREQ") != std::string::npos);
    // Nothing is said to a peer that does not hear, and nothing waits for it.
    CHECK(peer.packet_names() == "CONNECT PINGREQ");
}

TEST_CASE("client: an answered PINGREQ keeps the link") {
    ClientFixture f;
    f.options.connect.keep_alive = std::chrono::seconds(1);
    f.options.connect.ping_timeout = milliseconds(500);
    RawPeer& peer = f.connect();
    REQUIRE(f.heard(peer, "CONNECT PINGREQ"));
    peer.send_hex("D0 00");
    REQUIRE(f.heard(peer, "CONNECT PINGREQ PINGREQ"));
    CHECK(f.client->is_connected());
}

TEST_CASE("client: disconnect sends DISCONNECT and completes; the client is idle") {
    ClientFixture f;
    RawPeer& peer = f.connect();
    Outcome<PublishResult> publish;
    f.client->publish({"t", "x", QoS::at_least_once}, publish.handler());
    REQUIRE(f.heard(peer, "CONNECT PUBLISH"));
    Outcome<> done, second;
    f.client->disconnect(done.handler());
    f.client->disconnect(second.handler());
    REQUIRE(f.wait([&] { return done.is_done() && second.is_done(); }));
    CHECK(!done.error);
    CHECK(publish.error == Errc::cancelled);
    CHECK(peer.packet_names() == "CONNECT PUBLISH DISCONNECT");
    CHECK(f.client->state() == ClientState::idle);
    Outcome<> idle;
    f.client->disconnect(idle.handler());
    REQUIRE(f.wait([&] { return idle.is_done(); }));
    CHECK(!idle.error);
}

TEST_CASE("client: disconnect tells when not everything could be written") {
    ClientFixture f;
    f.options.disconnect_timeout = milliseconds(50);
    RawPeer& peer = f.connect();
    peer.go_deaf();
    const std::string large(1'000'000, 'x');
    for (int i = 0; i < 30; ++i) {
        const PublishRequest request{
            .topic = "t", .payload = as_bytes(large), .qos = QoS::at_least_once};
        REQUIRE(f.client->submit(request).ok());
    }
    Outcome<> done;
    f.client->disconnect(done.handler());
    REQUIRE(f.wait([&] { return done.is_done(); }));
    CHECK(done.error == Errc::timed_out);
}

TEST_CASE("client: disconnect while waiting to reconnect, and while connecting") {
    ClientFixture f;
    Outcome<> done;
    SUBCASE("waiting") {
        f.options.reconnect.initial_delay = std::chrono::hours(1);
        f.options.reconnect.maximum_delay = std::chrono::hours(1);
        f.connect().abort();
        REQUIRE(f.wait([&] { return f.client->state() == ClientState::waiting; }));
        f.client->disconnect(done.handler());
    }
    SUBCASE("connecting") {
        f.make().connect(f.connected.handler());
        f.accept();
        f.client->disconnect(done.handler());
        REQUIRE(f.wait([&] { return f.connected.is_done(); }));
        CHECK(f.connected.error == Errc::cancelled);
    }
    REQUIRE(f.wait([&] { return done.is_done(); }));
    CHECK(!done.error);
    CHECK(f.client->state() == ClientState::idle);
}

TEST_CASE("client: connect can be cancelled by its slot") {
    ClientFixture f;
    asio::cancellation_signal signal;
    f.make().connect(f.connected.handler(signal.slot()));
    f.accept();
    signal.emit(asio::cancellation_type::terminal);
    REQUIRE(f.wait([&] { return f.connected.is_done(); }));
    CHECK(f.connected.error == Errc::cancelled);
    REQUIRE(f.wait([&] { return f.client->state() == ClientState::idle; }));
}

TEST_CASE("client: operations may be begun on another thread, with futures") {
    asio::io_context broker_context(1);
    TestLoop test_loop;
    RawBroker broker(test_loop.loop());
    broker.on_accept = [](RawPeer& peer) { peer.send_hex(kConnackV5); };
    ClientOptions options;
    options.connect.endpoint = {Transport::tcp, "127.0.0.1", broker.port(), ""};
    asio::io_context context(1);
    auto work = asio::make_work_guard(context);
    std::thread runner([&] { context.run(); });
    {
        Client client(context, options);
        auto connected = client.connect(asio::use_future);
        const auto is_ready = [](auto& future) {
            return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
        };
        REQUIRE(test_loop.run_until([&] { return is_ready(connected); }));
        CHECK(connected.get().version == ProtocolVersion::v5);
        auto published = client.publish({"t", "x"}, asio::use_future);
        REQUIRE(test_loop.run_until([&] { return is_ready(published); }));
        CHECK(published.get().reason == ReasonCode::success);
        auto done = client.disconnect(asio::use_future);
        REQUIRE(test_loop.run_until([&] { return is_ready(done); }));
        done.get();
        work.reset();
        runner.join();
    }
}

TEST_CASE("client: a loop that sleeps in its own set is woken by operations of other threads") {
    TestLoop test_loop;
    RawBroker broker(test_loop.loop());
    broker.on_accept = [](RawPeer& peer) { peer.send_hex(kConnackV5); };
    ClientOptions options;
    options.connect.endpoint = {Transport::tcp, "127.0.0.1", broker.port(), ""};
    options.connect.keep_alive = std::chrono::seconds(0);  // nothing else wakes it
    ConnectionLoop loop;
    auto client = std::make_unique<Client>(loop, options);
    std::thread runner([&] { loop.run(); });
    const auto is_ready = [](auto& future) {
        return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    };
    auto connected = client->connect(asio::use_future);
    REQUIRE(test_loop.run_until([&] { return is_ready(connected); }));
    connected.get();
    for (int i = 0; i < 3; ++i) {
        auto published = client->publish({"t", "x"}, asio::use_future);
        REQUIRE(test_loop.run_until([&] { return is_ready(published); }));
        published.get();
    }
    loop.stop();
    runner.join();
    loop.run_until(Clock::now());  // the loop is this thread's now
    client.reset();
}

TEST_CASE("client: the log tells of connections truthfully") {
    ClientFixture f;
    std::vector<std::string> lines;
    f.options.log = [&](LogLevel level, std::string_view line) {
        lines.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(line));
    };
    f.options.reconnect.max_retries = 0;
    f.connect().abort();
    REQUIRE(f.wait([&] { return f.client->state() == ClientState::gave_up; }));
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].starts_with("1 connected to 127.0.0.1:"));
    CHECK(lines[1].starts_with("3 connection"));
}
