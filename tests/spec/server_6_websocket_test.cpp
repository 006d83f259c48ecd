// MQTT 5.0, chapter 6: WebSocket as a server takes it, frame by frame.
#include "support/spec_target.hpp"

using namespace ::test;

namespace {

// A frame of a client: first byte, payload of up to 125 bytes, mask of zeros.
std::vector<std::uint8_t> masked(std::uint8_t first, Bytes payload) {
    std::vector<std::uint8_t> bytes{
        first, static_cast<std::uint8_t>(0x80 | payload.size()), 0, 0, 0, 0};
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

RawClient upgraded(const TestBroker& broker) {
    RawClient client = broker.client();
    client.upgrade();
    return client;
}

// Everything that comes until the broker closes.
std::vector<std::uint8_t> bytes_until_end(const RawClient& client) {
    std::vector<std::uint8_t> bytes;
    std::uint8_t buffer[256];
    ssize_t n = 0;
    while ((n = ::recv(client.fd(), buffer, sizeof buffer, 0)) > 0)
        bytes.insert(bytes.end(), buffer, buffer + n);
    return bytes;
}

}  // namespace

TEST_CASE(
    "5.0 server: frames that may not come end a WebSocket connection with a close frame "
    "[MQTT-6.0.0-1]" *
    only_own_broker()) {
    TestBroker broker(loopback(Transport::websocket));
    const std::vector<std::uint8_t> ping = from_hex("c0 00");
    const std::vector<std::uint8_t> kWrong[] = {
        masked(0x81, ping),                   // text
        from_hex("82 02 c0 00"),              // no mask
        masked(0x80, ping),                   // continues nothing
        masked(0xC2, ping),                   // a reserved bit
        masked(0x83, ping),                   // a reserved opcode
        masked(0x09, {}),                     // a ping in parts
        from_hex("89 fe 00 7e 00 00 00 00"),  // a ping over 125 bytes
    };
    for (const std::vector<std::uint8_t>& frame : kWrong) {
        CAPTURE(int{frame[0]});
        RawClient client = upgraded(broker);
        client.connect("c");
        client.send_raw(frame);
        const std::vector<std::uint8_t> said = bytes_until_end(client);
        REQUIRE(said.size() >= 4);
        CHECK(said[said.size() - 4] == 0x88);
        const unsigned code = said[said.size() - 2] * 256u + said[said.size() - 1];
        CHECK((code == 1002 || code == 1003));
    }
}

TEST_CASE("5.0 server: pings and close frames are answered [5.0 section 6.0]" * only_own_broker()) {
    TestBroker broker(loopback(Transport::websocket));
    RawClient client = upgraded(broker);
    client.connect("c");
    client.send_raw(masked(0x89, as_bytes("hi"))).send_raw(masked(0x88, from_hex("03e8")));
    const std::vector<std::uint8_t> said = bytes_until_end(client);
    CHECK(as_text(Bytes(said)).starts_with("\x8A\x02hi"));
    REQUIRE(said.size() >= 8);
    CHECK(said[4] == 0x88);
    CHECK(said[6] * 256 + said[7] == 1000);
}

TEST_CASE(
    "5.0 server: packets and frames need not line up, the sub-protocol is mqtt "
    "[MQTT-6.0.0-2] [MQTT-6.0.0-4]" *
    only_own_broker()) {
    TestBroker broker(loopback(Transport::websocket));
    RawClient client = upgraded(broker);
    Connect connect;
    connect.client_id = "c";
    const std::vector<std::uint8_t> bytes = encoded(ProtocolVersion::v5, connect);
    for (const std::uint8_t& byte : bytes)
        client.send_raw(masked(0x82, {&byte, 1}));
    CHECK(client.expect<Connack>().reason == ReasonCode::success);
    client.send_raw(masked(0x82, from_hex("c0 00 c0 00 c0")));
    client.expect<Pingresp>();
    client.expect<Pingresp>();
    // One message of two fragments.
    client.send_raw(masked(0x02, {})).send_raw(masked(0x80, from_hex("00")));
    client.expect<Pingresp>();
}
