// What a client puts on the wire below MQTT, seen by a scripted broker: TCP, WebSocket, the end of the
// connection. Sections 3.14, 4.2 and 6 of both standards.
#include "client/connection_fixture.hpp"
#include "net/ws_handshake.hpp"

namespace mqtt::test {

namespace {

constexpr ProtocolVersion kSpoken[] = {ProtocolVersion::v3_1_1, ProtocolVersion::v5};

std::string header(const std::string& request, std::string_view name) {
    const std::size_t at = request.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const std::size_t from = at + 4 + name.size();
    return request.substr(from, request.find("\r\n", from) - from);
}

// A client that speaks WebSocket to a peer that is only a socket.
struct WebSocketWorld : ConnectionFixture {
    explicit WebSocketWorld(ProtocolVersion version = ProtocolVersion::v3_1_1) {
        options.version = version;
        options.endpoint.transport = Transport::websocket;
        options.endpoint.path = "/mqtt";
        REQUIRE(connection->open(options).ok());
        REQUIRE(wait([&] { return !broker.peers.empty() && request_is_whole(); }));
        request = peer().heard;
    }
    RawPeer& peer() { return broker.peer(); }
    bool request_is_whole() { return peer().heard.find("\r\n\r\n") != std::string::npos; }

    void upgrade() {
        peer().heard.clear();
        peer().send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
            net::ws_accept_key(header(request, "Sec-WebSocket-Key")) +
            "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
    }
    // One unmasked frame of less than 126 bytes, as servers send them.
    void send_frame(std::uint8_t first, std::string_view hex) {
        const std::string payload = from_hex(hex);
        std::string frame{static_cast<char>(first), static_cast<char>(payload.size())};
        peer().send(frame + payload);
    }
    // The payloads of whole frames that the client has sent; all must be binary and masked.
    std::string unmasked() {
        std::string packets;
        const std::string& in = peer().heard;
        for (std::size_t at = 0; at + 6 <= in.size();) {
            const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(in[at + i]); };
            std::size_t size = byte(1) & 0x7F;
            REQUIRE(size < 126);
            if (at + 6 + size > in.size()) break;
            CHECK(byte(0) == 0x82);  // binary, final
            CHECK((byte(1) & 0x80) != 0);
            for (std::size_t i = 0; i < size; ++i)
                packets += static_cast<char>(byte(6 + i) ^ byte(2 + i % 4));
            at += 6 + size;
        }
        return packets;
    }

    std::string request;
};

}  // namespace

TEST_CASE(
    "client: DISCONNECT is the last thing it says, then it closes "
    "[MQTT311-3.14.4-1] [MQTT-3.14.4-2]") {
    for (const ProtocolVersion version : kSpoken) {
        ConnectionFixture f;
        f.options.version = version;
        RawPeer& peer = f.connect();
        f.connection->publish({.topic = "a", .payload = as_bytes("x")});
        f.connection->disconnect();
        CHECK(f.connection->publish({.topic = "a"}).status == SendStatus::not_connected);
        REQUIRE(f.wait([&] { return peer.is_closed && f.sink.closed == 1; }));
        CHECK(peer.packet_names() == "CONNECT PUBLISH DISCONNECT");
        CHECK(peer.heard.ends_with(std::string("\xE0\x00", 2)));  // and not a byte after it
    }
}

TEST_CASE("client: TCP carries packets in order and without loss [MQTT311-7.1.2-1]") {
    ConnectionFixture f;
    f.options.version = ProtocolVersion::v3_1_1;
    RawPeer& peer = f.connect();
    std::string large(1'000'000, '\0');
    for (std::size_t i = 0; i < large.size(); ++i)
        large[i] = static_cast<char>(i * 7 + i / 256);
    std::string expected = peer.heard;
    for (int i = 0; i < 3; ++i) {
        large[0] = static_cast<char>(i);
        const auto payload = as_bytes(large);
        REQUIRE(f.connection->publish({.topic = "a", .payload = payload}).status ==
                SendStatus::sent);
        expected += std::string("\x30\xC3\x84\x3D\x00\x01", 6) + "a" + large;
    }
    REQUIRE(f.wait([&] { return peer.heard.size() >= expected.size(); }));
    CHECK((peer.heard == expected));
}

TEST_CASE("client: the upgrade request offers the sub-protocol mqtt [MQTT311-6.0.0-3]") {
    for (const ProtocolVersion version : kSpoken) {
        WebSocketWorld world(version);
        CHECK(world.request.starts_with("GET /mqtt HTTP/1.1\r\n"));
        CHECK(header(world.request, "Sec-WebSocket-Protocol") == "mqtt");
        CHECK(header(world.request, "Upgrade") == "websocket");
        CHECK(header(world.request, "Sec-WebSocket-Version") == "13");
    }
}

TEST_CASE(
    "client: WebSocket frames are binary, a text frame ends the connection "
    "[MQTT311-6.0.0-1] [MQTT-6.0.0-1]") {
    WebSocketWorld world;
    world.upgrade();
    REQUIRE(world.wait([&] { return !world.unmasked().empty(); }));
    CHECK(world.unmasked().starts_with(from_hex("10 0D 00 04 4D 51 54 54 04")));
    SUBCASE("instead of CONNACK") {
        world.send_frame(0x81, "20 02 00 00");
        REQUIRE(world.wait([&] { return world.sink.closed == 1; }));
        CHECK(world.sink.connected == 0);
    }
    SUBCASE("later") {
        world.send_frame(0x82, "20 02 00 00");
        REQUIRE(world.wait([&] { return world.sink.connected == 1; }));
        world.send_frame(0x81, "30 04 00 01 61 78");
        REQUIRE(world.wait([&] { return world.sink.closed == 1; }));
        CHECK(world.sink.messages.empty());
    }
    CHECK(world.sink.error.code != Errc::ok);
}

TEST_CASE(
    "client: WebSocket frames and packets need not line up [MQTT311-6.0.0-2] [MQTT-6.0.0-2]") {
    WebSocketWorld world;
    world.upgrade();
    for (const char* byte : {"20", "02", "00", "00"})
        world.send_frame(0x82, byte);
    // Two packets and the beginning of a third, the rest of it, an empty frame, a continued one.
    world.send_frame(0x82, "30 04 00 01 61 31 30 04 00 01 61 32 30 04 00");
    world.send_frame(0x82, "");
    world.send_frame(0x82, "01 61 33");
    world.send_frame(0x02, "30 04 00 01");
    world.send_frame(0x89, "");  // a ping between fragments
    world.send_frame(0x80, "61 34");
    REQUIRE(world.wait([&] { return world.sink.messages.size() == 4; }));
    CHECK(world.sink.messages == std::vector<std::string>{"a=1", "a=2", "a=3", "a=4"});
    CHECK(world.sink.closed == 0);
}

}  // namespace mqtt::test
