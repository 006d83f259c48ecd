// MQTT 5.0, chapters 3.12 to 3.14 and 4.13: PINGREQ, DISCONNECT, and how connections end for errors.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

TEST_CASE("5.0 server: PINGREQ is answered [MQTT-3.12.4-1]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    client.send_hex("c0 00").expect<Pingresp>();
    CHECK(client.last_bytes().size() == 2);
}

TEST_CASE(
    "5.0 server: packets that only a server sends are protocol errors "
    "[MQTT-4.13.1-1] [MQTT-4.13.2-1]") {
    SpecBroker broker;
    for (const std::string packet :
         {"20 03 00 00 00", "90 04 00 01 00 00", "b0 04 00 01 00 00", "d0 00", "00 00", "f0 00"}) {
        CAPTURE(packet);
        RawClient client = broker.client("c");
        client.send_hex(packet);
        expect_ended(client, {R::protocol_error, R::malformed_packet});
    }
}

TEST_CASE("5.0 server: a length of five bytes is malformed [MQTT-1.5.5-1] [MQTT-4.13.1-1]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    client.send_hex("30 80 80 80 80 01");
    expect_ended(client, {R::malformed_packet, R::packet_too_large});
}

TEST_CASE(
    "5.0 server: DISCONNECT ends the connection from both sides "
    "[MQTT-3.14.4-1] [MQTT-3.14.4-2]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.client("c");
    RawClient watcher = broker.client("w");
    watcher.subscribe(topic);
    std::vector<std::uint8_t> bytes = encoded(ProtocolVersion::v5, Disconnect{});
    const auto more = encoded(ProtocolVersion::v5, Publish{.topic = topic});
    bytes.insert(bytes.end(), more.begin(), more.end());
    client.send_bytes(bytes).expect_closed();
    watcher.expect_silence();  // what came after it is not looked at
}

TEST_CASE(
    "5.0 server: DISCONNECT has a code of its table and properties of its own "
    "[MQTT-3.14.2-1]") {
    SpecBroker broker;
    for (const std::string packet : {"e0 01 05", "e0 01 8e", "e0 01 8b", "e0 04 00 02 01 00"}) {
        CAPTURE(packet);
        RawClient client = broker.client("c");
        client.send_hex(packet);
        const auto said = client.receive_unless_closed();
        if (said) {
            CHECK(is_one_of(std::get<Disconnect>(*said).reason,
                            {R::protocol_error, R::malformed_packet}));
        }
        client.expect_closed();
    }
}

TEST_CASE(
    "5.0 server: before CONNACK there is no DISCONNECT from it "
    "[MQTT-3.14.0-1] [MQTT-3.14.2-2]") {
    SpecBroker broker;
    RawClient before = broker.client();
    before.send_hex("10 0d 00 04 4d 51 54 54 05 03 00 3c 00 00 00");
    expect_refused(before, {R::malformed_packet, R::protocol_error});
    RawClient after = broker.client("c");
    after.send_hex("c1 00");
    const auto said = after.receive_unless_closed();
    if (said) {
        CHECK_FALSE(
            std::get<Disconnect>(*said).properties.number(PropertyId::session_expiry_interval));
    }
}

TEST_CASE(
    "5.0 server: a reason code arrives though the client goes on sending "
    "[MQTT-4.13.1-1] [MQTT-3.14.4-2]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    // What is unread when a socket is closed turns the close into a reset, which takes the reason away.
    std::vector<std::uint8_t> bytes = from_hex("c1 00");
    bytes.resize(200'000, 0xC0);
    client.send_bytes(bytes);
    expect_ended(client, {R::malformed_packet});
}
