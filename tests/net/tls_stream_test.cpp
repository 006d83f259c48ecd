// TLS as a stream, in memory and over sockets: bytes both ways, peers without TLS, ends, and a wire that breaks below.
// What is trusted is in tls_trust_test.cpp.
#include "net/tls_stream.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "net/tls_error.hpp"
#include "net/tls_fixture.hpp"
#include "net/ws_stream.hpp"
#include "support/faulty_stream.hpp"
#include "support/net_loop.hpp"
#include "support/socket_pair.hpp"

using namespace mqtt;
using namespace mqtt::net;
using namespace mqtt::test;

TEST_CASE("tls: both sides agree and move bytes however few the wire moves at once") {
    for (const std::size_t limit : {1, 5, 100, 5000, 1'000'000}) {
        CAPTURE(limit);
        Session session(client_options(), server_options());
        session.a->read_limit = session.a->write_limit = limit;
        session.b->read_limit = session.b->write_limit = limit;
        REQUIRE(session.shake_hands());
        CHECK(session.client->version() == "TLSv1.3");
        for (const std::size_t size : {1, 1000, 20'000, 100'000}) {
            if (size > 1000 && limit < 100) continue;
            CHECK(transfer(*session.client, *session.server, pattern(size), 777));
            CHECK(transfer(*session.server, *session.client, pattern(size), 65536));
        }
    }
}

TEST_CASE("tls: a peer without TLS is recognised") {
    const auto context = make(client_options(), TlsRole::client);
    const auto meet = [&](const std::string& answer, bool ends) {
        MemoryPair pair = make_memory_pair();
        TlsStream client(std::move(pair.a), *context, "localhost");
        pair.b->outgoing() = answer;
        if (ends) pair.b.reset();
        IoResult result;
        for (int i = 0; i < 10; ++i)
            result = client.handshake();
        return std::pair(client.failure(), client.failure_text());
    };
    CHECK(meet("", true).first == Errc::not_tls);
    CHECK(meet(std::string("\x20\x02\x00\x00\x00", 5), false).first == Errc::not_tls);
    CHECK(meet("HTTP/1.1 400 Bad Request\r\n\r\n", true).first == Errc::not_tls);
    CHECK(contains(meet("SSH-2.0-OpenSSH_9.2\r\n", true).second, "does not speak TLS"));
}

TEST_CASE("tls: a plain client on a TLS port is recognised by the listener's side") {
    const auto context = make(server_options(), TlsRole::server);
    MemoryPair pair = make_memory_pair();
    TlsStream server(std::move(pair.a), *context);
    pair.b->outgoing() = std::string("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test", 18);
    const IoResult result = server.handshake();
    CHECK(is_not_tls(result.error));
    CHECK(contains(result.error.message(), "does not speak TLS"));
}

TEST_CASE("tls: closing tells the peer; a wire that just ends is an end too") {
    Session session(client_options(), server_options());
    REQUIRE(session.shake_hands());
    std::array<std::uint8_t, 16> buffer;
    session.client->shutdown();
    CHECK(session.server->read(buffer).eof);
    Session other(client_options(), server_options());
    REQUIRE(other.shake_hands());
    other.client.reset();
    const IoResult result = other.server->read(buffer);
    CHECK(result.eof);
    CHECK(!result.error);
}

TEST_CASE(
    "tls: a record that does not fit the wire is offered again, also from elsewhere in memory") {
    Session session(client_options(), server_options());
    REQUIRE(session.shake_hands());
    session.a->write_limit = 10;
    std::string text = pattern(40'000);
    std::string got;
    std::vector<std::uint8_t> buffer(65536);
    for (int i = 0; i < 100'000 && got.size() < 40'000; ++i) {
        std::string moved = text;  // another address every time
        const std::size_t half = moved.size() / 2;
        const iovec vectors[] = {{moved.data(), half}, {moved.data() + half, moved.size() - half}};
        const IoResult sent = session.client->write(vectors, 2);
        REQUIRE(!sent.error);
        text.erase(0, sent.n);
        const IoResult received = session.server->read(buffer);
        got.append(as_text(Bytes(buffer).first(received.n)));
    }
    CHECK(got == pattern(40'000));
}

TEST_CASE(
    "tls: driver over TLS and WebSocket, with a wire that fails, blocks or goes short at call N") {
    const auto client_context = make(client_options(), TlsRole::client);
    const auto server_context = make(server_options(), TlsRole::server);
    for (const Fault fault : {Fault::fail_read, Fault::fail_write, Fault::end, Fault::short_read,
                              Fault::short_write, Fault::want_write_on_read, Fault::block_write}) {
        const bool is_fatal =
            fault == Fault::fail_read || fault == Fault::fail_write || fault == Fault::end;
        for (int n = 1; n < 200; ++n) {
            CAPTURE(static_cast<int>(fault));
            CAPTURE(n);
            FaultPlan plan{fault, n};
            TestLoop test;
            const SocketPair pair = make_tcp_pair();
            auto wire = std::make_unique<FaultyStream>(plain(pair.a), plan);
            auto tls_a = std::make_unique<TlsStream>(std::move(wire), *client_context, "localhost");
            auto tls_b = std::make_unique<TlsStream>(plain(pair.b), *server_context);
            const Endpoint endpoint{Transport::secure_websocket, "localhost", 443, "/mqtt"};
            Collector at_a;
            Collector at_b;
            Driver a(test.loop(),
                     std::make_unique<WsStream>(std::move(tls_a), endpoint, WebSocketOptions()),
                     at_a);
            Driver b(test.loop(), std::make_unique<WsStream>(std::move(tls_b)), at_b);
            a.start();
            b.start();
            const std::string text = pattern(30'000);
            a.out().append(as_bytes(text));
            a.mark_dirty();
            at_b.on_data = [&](Bytes bytes) {
                at_b.text.append(as_text(bytes));
                b.out().append(bytes);
                b.mark_dirty();
                return Consumed{bytes.size(), 0};
            };
            REQUIRE(test.run_until(
                [&] { return at_a.text.size() == text.size() || at_a.closed == 1; }));
            if (plan.fired && is_fatal) {
                CHECK(at_a.closed == 1);
            } else {
                CHECK(at_a.text == text);
            }
            if (!plan.fired) break;
        }
    }
}
