// WsStream end to end over pipes in memory that move N bytes per call, and against raw frames.
#include "net/ws_stream.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "mqtt/error.hpp"
#include "net/ws_handshake.hpp"
#include "support/memory_stream.hpp"

using namespace mqtt;
using namespace mqtt::net;
using namespace mqtt::test;

namespace {

const Endpoint kEndpoint{Transport::websocket, "broker", 80, "/mqtt"};

// A client and a server stream over one pipe.
struct Pipe {
    explicit Pipe(std::size_t limit = static_cast<std::size_t>(-1)) {
        MemoryPair pair = make_memory_pair();
        a = pair.a.get();
        b = pair.b.get();
        a->read_limit = a->write_limit = b->read_limit = b->write_limit = limit;
        client = std::make_unique<WsStream>(std::move(pair.a), kEndpoint, WebSocketOptions());
        server = std::make_unique<WsStream>(std::move(pair.b));
    }
    bool shake_hands() {
        for (int i = 0;
             i < 100'000 && !(client->is_handshake_done() && server->is_handshake_done()); ++i) {
            if (client->handshake().error || server->handshake().error) return false;
        }
        return client->is_handshake_done() && server->is_handshake_done();
    }
    MemoryStream* a;
    MemoryStream* b;
    std::unique_ptr<WsStream> client;
    std::unique_ptr<WsStream> server;
};

// Writes as far as it goes; removes what went.
IoResult write_some(ByteStream& stream, std::string& text) {
    // Two vectors, as an OutBuffer with a reference gives.
    const std::size_t half = text.size() / 2;
    const iovec vectors[] = {{text.data(), half}, {text.data() + half, text.size() - half}};
    const IoResult result = stream.write(vectors, 2);
    text.erase(0, result.n);
    return result;
}

IoResult read_some(ByteStream& stream, std::string& text, std::size_t size = 4096) {
    std::vector<std::uint8_t> buffer(size);
    const IoResult result = stream.read(buffer);
    text.append(as_text(Bytes(buffer).first(result.n)));
    return result;
}

bool transfer(ByteStream& from, ByteStream& to, const std::string& text) {
    std::string left = text;
    std::string got;
    for (int i = 0; i < 1'000'000 && got.size() < text.size(); ++i) {
        if (!left.empty() && write_some(from, left).error) return false;
        if (read_some(to, got, 1 + static_cast<std::size_t>(i) % 700).error) return false;
    }
    return got == text;
}

void feed(MemoryStream& stream, std::string_view text) {
    stream.incoming().append(text);
}

}  // namespace

TEST_CASE("ws stream: bytes pass both ways however few the pipe moves at once [MQTT-6.0.0-2]") {
    for (const std::size_t limit : {1, 2, 3, 7, 100, 4096, 1'000'000}) {
        CAPTURE(limit);
        Pipe pipe(limit);
        REQUIRE(pipe.shake_hands());
        for (const std::size_t size : {1, 125, 126, 5000, 70'000}) {
            if (size > 5000 && limit < 100) continue;
            CHECK(transfer(*pipe.client, *pipe.server, pattern(size)));
            CHECK(transfer(*pipe.server, *pipe.client, pattern(size)));
        }
    }
}

TEST_CASE("ws stream: one flush is one binary frame, masked by the client only [MQTT-6.0.0-1]") {
    Pipe pipe;
    REQUIRE(pipe.shake_hands());
    std::string text = "hello";
    write_some(*pipe.server, text);
    CHECK(pipe.a->incoming() == "\x82\x05hello");
    text = "hello";
    write_some(*pipe.client, text);
    const std::string& wire = pipe.b->incoming();
    REQUIRE(wire.size() == 11);
    CHECK(wire.substr(0, 2) == "\x82\x85");
    CHECK(wire.substr(6) != "hello");
}

TEST_CASE("ws stream: a client leaves the caller's bytes as they are") {
    Pipe pipe;
    REQUIRE(pipe.shake_hands());
    const std::string shared = pattern(1000);
    std::string copy = shared;
    const iovec vector{copy.data(), copy.size()};
    CHECK(pipe.client->write(&vector, 1).n == shared.size());
    CHECK(copy == shared);
}

TEST_CASE("ws stream: a ping is answered between frames, never inside one") {
    Pipe pipe;
    REQUIRE(pipe.shake_hands());
    pipe.b->write_limit = 3;
    std::string text = "0123456789";
    write_some(*pipe.server, text);
    REQUIRE(text.size() == 9);
    // A masked ping "hi" with mask 0.
    feed(*pipe.b, std::string("\x89\x82\0\0\0\0hi", 8));
    std::string got;
    read_some(*pipe.server, got);
    CHECK(pipe.server->has_pending_output());
    while (!text.empty() || pipe.server->has_pending_output())
        write_some(*pipe.server, text);
    CHECK(pipe.a->incoming() ==
          "\x82\x0a"
          "0123456789"
          "\x8a\x02hi");
}

TEST_CASE("ws stream: pings without end do not pile up pongs") {
    Pipe pipe;
    REQUIRE(pipe.shake_hands());
    pipe.b->write_limit = 0;
    const std::string ping = std::string("\x89\xfd\0\0\0\0", 6) + std::string(125, 'p');
    std::string got;
    for (int i = 0; i < 1000; ++i) {
        feed(*pipe.b, ping);
        read_some(*pipe.server, got);
    }
    pipe.b->write_limit = static_cast<std::size_t>(-1);
    pipe.server->write(nullptr, 0);
    CHECK(pipe.a->incoming().size() < 2000);
}

TEST_CASE("ws stream: a close is answered with its code and is the end") {
    Pipe pipe;
    REQUIRE(pipe.shake_hands());
    feed(*pipe.b, std::string("\x82\x81\0\0\0\0x\x88\x82\0\0\0\0\x03\xe9ignored", 22));
    std::string got;
    const IoResult result = read_some(*pipe.server, got);
    CHECK(got == "x");
    CHECK(result.eof);
    CHECK(!result.error);
    CHECK(pipe.a->incoming() == "\x88\x02\x03\xe9");
    CHECK(read_some(*pipe.server, got).eof);
}

TEST_CASE("ws stream: shutting down sends a close frame and the peer sees the end") {
    Pipe pipe;
    REQUIRE(pipe.shake_hands());
    pipe.client->shutdown();
    std::string got;
    CHECK(read_some(*pipe.server, got).eof);
    CHECK(read_some(*pipe.client, got).eof);
    CHECK(got.empty());
}

TEST_CASE("ws stream: a text frame ends the connection with 1003 [MQTT-6.0.0-1]") {
    Pipe pipe;
    REQUIRE(pipe.shake_hands());
    feed(*pipe.b, std::string("\x82\x81\0\0\0\0x\x81\x81\0\0\0\0t", 14));
    std::string got;
    const IoResult result = read_some(*pipe.server, got);
    CHECK(got == "x");
    CHECK(result.error == Errc::websocket_protocol_error);
    CHECK(pipe.a->incoming() == "\x88\x02\x03\xeb");
}

TEST_CASE("ws stream: an unmasked frame of a client ends the connection with 1002") {
    Pipe pipe;
    REQUIRE(pipe.shake_hands());
    feed(*pipe.b, "\x82\x01x");
    std::string got;
    CHECK(read_some(*pipe.server, got).error == Errc::websocket_protocol_error);
    CHECK(pipe.a->incoming() == "\x88\x02\x03\xea");
}

TEST_CASE("ws stream: frames that come with the upgrade are not lost") {
    MemoryPair pair = make_memory_pair();
    MemoryStream* raw = pair.b.get();
    WsStream server(std::move(pair.b));
    feed(*raw,
         make_upgrade_request(kEndpoint, {}, make_ws_key()) + std::string("\x82\x81\0\0\0\0x", 7));
    REQUIRE(!server.handshake().error);
    REQUIRE(server.is_handshake_done());
    CHECK(server.has_buffered_input());
    std::string got;
    read_some(server, got);
    CHECK(got == "x");
    CHECK(server.has_buffered_input() == false);
}

TEST_CASE("ws stream: a refused upgrade is answered, and the client says why") {
    MemoryPair pair = make_memory_pair();
    MemoryStream* raw = pair.b.get();
    WsStream server(std::move(pair.b));
    feed(*raw, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(server.handshake().error == Errc::websocket_upgrade_failed);
    CHECK(raw->outgoing().starts_with("HTTP/1.1 426 "));

    MemoryPair other = make_memory_pair();
    WsStream client(std::move(other.a), kEndpoint, WebSocketOptions());
    other.b->outgoing().append("HTTP/1.1 404 Not Found\r\n\r\n");
    CHECK(client.handshake().error == Errc::websocket_upgrade_failed);
    CHECK(client.refusal().starts_with("the server answered 404 Not Found"));
}

TEST_CASE("ws stream: a request that never ends is refused at 8 KiB") {
    MemoryPair pair = make_memory_pair();
    MemoryStream* raw = pair.b.get();
    WsStream server(std::move(pair.b));
    feed(*raw, "GET / HTTP/1.1\r\nA: " + std::string(20'000, 'a'));
    IoResult result;
    for (int i = 0; i < 20 && !result.error; ++i)
        result = server.handshake();
    CHECK(result.error == Errc::websocket_upgrade_failed);
    CHECK(raw->outgoing().starts_with("HTTP/1.1 400 "));
}
