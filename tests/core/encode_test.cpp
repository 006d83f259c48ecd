// What encoding chooses: shortest forms, what a version lacks, and PUBLISH as one receiver gets it.
#include "core/encode.hpp"

#include <doctest/doctest.h>

#include <string>

#include "core/decode.hpp"
#include "core/describe.hpp"
#include "core/message.hpp"
#include "support/wire.hpp"

using namespace mqtt;
using namespace mqtt::core;
using mqtt::test::contents;
using mqtt::test::encoded;
using Wire = std::vector<std::uint8_t>;

namespace {

constexpr auto kV31 = ProtocolVersion::v3_1;
constexpr auto kV311 = ProtocolVersion::v3_1_1;
constexpr auto kV5 = ProtocolVersion::v5;

std::string decoded_words(const Wire& bytes, ProtocolVersion version) {
    const FrameResult found = find_frame(bytes, 0);
    REQUIRE(found.status == FrameStatus::complete);
    REQUIRE(found.frame.size == bytes.size());
    const auto packet = decode(found.frame, version);
    REQUIRE(packet.ok());
    return describe(*packet);
}

}  // namespace

TEST_CASE("encode: success without properties takes the short form") {
    CHECK(encoded(kV5, Ack{.type = PacketType::puback, .id = 258}) == Wire{0x40, 2, 1, 2});
    CHECK(encoded(kV5, Ack{PacketType::pubrel, 1, ReasonCode::packet_identifier_not_found, {}}) ==
          Wire{0x62, 3, 0, 1, 0x92});
    CHECK(encoded(kV5, Disconnect{}) == Wire{0xE0, 0});
    CHECK(encoded(kV5, Disconnect{ReasonCode::server_busy, {}}) == Wire{0xE0, 1, 0x89});
    CHECK(encoded(kV5, Packet(Auth{})) == Wire{0xF0, 0});
    CHECK(encoded(kV5, Packet(Pingreq{})) == Wire{0xC0, 0});
    CHECK(encoded(kV311, Packet(Pingresp{})) == Wire{0xD0, 0});
}

TEST_CASE("encode: where properties may stand and there are none, a zero stands [MQTT-2.2.2-1]") {
    CHECK(encoded(kV5, Connack{}) == Wire{0x20, 3, 0, 0, 0});
    const std::uint8_t codes[] = {1};
    CHECK(encoded(kV5, Suback{1, {}, codes}) == Wire{0x90, 4, 0, 1, 0, 1});
    CHECK(encoded(kV5, Publish{.topic = "a"}) == Wire{0x30, 4, 0, 1, 'a', 0});
}

TEST_CASE("encode: 3.x has no properties and no acknowledgement codes") {
    PropertyList properties;
    properties.add_user("k", "v");
    for (const ProtocolVersion version : {kV31, kV311}) {
        CHECK(encoded(version, Ack{PacketType::puback, 1, ReasonCode::quota_exceeded,
                                   properties}) == Wire{0x40, 2, 0, 1});
        CHECK(encoded(version, Disconnect{ReasonCode::server_busy, properties}) == Wire{0xE0, 0});
        CHECK(encoded(version, Publish{.topic = "a", .properties = properties}) ==
              Wire{0x30, 3, 0, 1, 'a'});
        const std::uint8_t codes[] = {0, 0x11};
        CHECK(encoded(version, Unsuback{7, properties, codes}) == Wire{0xB0, 2, 0, 7});
    }
}

TEST_CASE("encode: refusals of 3.x become return codes [MQTT311-3.2.2-4]") {
    const auto code = [](ReasonCode reason) { return encoded(kV311, Connack{true, reason, {}}); };
    CHECK(code(ReasonCode::success) == Wire{0x20, 2, 1, 0});
    CHECK(code(ReasonCode::unsupported_protocol_version) == Wire{0x20, 2, 0, 1});
    CHECK(code(ReasonCode::client_identifier_not_valid) == Wire{0x20, 2, 0, 2});
    CHECK(code(ReasonCode::server_busy) == Wire{0x20, 2, 0, 3});
    CHECK(code(ReasonCode::bad_user_name_or_password) == Wire{0x20, 2, 0, 4});
    CHECK(code(ReasonCode::banned) == Wire{0x20, 2, 0, 5});
    for (std::uint8_t v3 = 0; v3 <= 5; ++v3)
        CHECK(to_connack_v3(*from_connack_v3(v3)) == v3);
    CHECK_FALSE(from_connack_v3(6));
}

TEST_CASE("encode: CONNACK of 3.1 has no session-present bit [MQTT31-6]") {
    CHECK(encoded(kV31, Connack{.session_present = true}) == Wire{0x20, 2, 0, 0});
}

TEST_CASE("encode: SUBACK of 3.1.1 knows one failure, 3.1 none [MQTT311-3.9.3-2] [MQTT31-7]") {
    const std::uint8_t codes[] = {2, 0x87, 0x8F, 0};
    CHECK(encoded(kV311, Suback{1, {}, codes}) == Wire{0x90, 6, 0, 1, 2, 0x80, 0x80, 0});
    CHECK(encoded(kV31, Suback{1, {}, codes}) == Wire{0x90, 6, 0, 1, 2, 0, 0, 0});
}

TEST_CASE("encode: SUBSCRIBE of 3.x carries the QoS alone [MQTT311-3.8.3-4]") {
    FilterListBuilder filters(true);
    filters.add("a", {QoS::exactly_once, true, true, RetainHandling::never});
    CHECK(encoded(kV311, Subscribe{1, {}, filters.view()}) == Wire{0x82, 6, 0, 1, 0, 1, 'a', 2});
    CHECK(encoded(kV5, Subscribe{1, {}, filters.view()}) ==
          Wire{0x82, 7, 0, 1, 0, 0, 1, 'a', 0x2E});
}

TEST_CASE("encode: a filter list counts and lists what was added") {
    FilterListBuilder filters(true);
    filters.add("a/+", {.qos = QoS::at_least_once}).add("$share/g/#");
    CHECK(filters.count() == 2);
    CHECK(filters.view().count() == 2);
    auto at = filters.view().begin();
    CHECK(at->filter == "a/+");
    CHECK(at->options.qos == QoS::at_least_once);
    CHECK((++at)->filter == "$share/g/#");
    CHECK(FilterList().count() == 0);
}

TEST_CASE("outgoing publish: is a plain PUBLISH when nothing is the receiver's own") {
    PropertyList properties;
    properties.add(PropertyId::content_type, "text/plain").add_user("k", "v");
    for (const ProtocolVersion version : {kV31, kV311, kV5}) {
        const Publish publish{.qos = QoS::at_least_once,
                              .id = 5,
                              .topic = "a/b",
                              .properties = properties,
                              .payload = as_bytes("payload")};
        OutgoingPublish outgoing;
        outgoing.topic = publish.topic;
        outgoing.properties = publish.properties;
        outgoing.payload = publish.payload;
        outgoing.qos = publish.qos;
        outgoing.id = publish.id;
        CHECK(encoded(version, outgoing) == encoded(version, publish));
        CHECK(encoded_size(version, outgoing) == encoded(version, publish).size());
    }
}

TEST_CASE(
    "outgoing publish: alias, expiry and subscription ids come before the forwarded properties "
    "[MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.4-3]") {
    PropertyList properties;
    properties.add_user("b", "1").add_user("a", "2");
    const std::uint32_t ids[] = {1, 300};
    OutgoingPublish outgoing;
    outgoing.topic = "t";
    outgoing.properties = properties;
    outgoing.payload = as_bytes("x");
    outgoing.topic_alias = 9;
    outgoing.message_expiry_interval = 60;
    outgoing.subscription_ids = ids;
    const Wire bytes = encoded(kV5, outgoing);
    CHECK(bytes.size() == encoded_size(kV5, outgoing));
    CHECK(decoded_words(bytes, kV5) ==
          "PUBLISH q0 r0 d0 't' 1 bytes topic-alias 9 message-expiry-interval 60 "
          "subscription-identifier 1 subscription-identifier 300 user-property 'b' = '1' "
          "user-property 'a' = '2'");
    outgoing.omit_topic = true;
    CHECK(decoded_words(encoded(kV5, outgoing), kV5).starts_with("PUBLISH q0 r0 d0 '' 1 bytes"));
    CHECK(encoded(kV5, outgoing).size() == bytes.size() - 1);
}

TEST_CASE(
    "outgoing publish: what belongs to the message is passed on unchanged [MQTT-3.3.2-4] "
    "[MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]") {
    PropertyList received;
    received.add_user("b", "1").add(PropertyId::topic_alias, 4);
    received.add(PropertyId::payload_format_indicator, 1);
    received.add(PropertyId::message_expiry_interval, 60);
    received.add(PropertyId::response_topic, "r/t");
    received.add(PropertyId::correlation_data, std::string_view("\0\xFF", 2));
    received.add(PropertyId::content_type, "text/plain").add_user("a", "2").add_user("b", "1");
    std::vector<std::uint8_t> scratch;
    const auto split = split_publish_properties(received, scratch);
    OutgoingPublish outgoing;
    outgoing.topic = "t";
    outgoing.properties = split.forwardable;
    outgoing.message_expiry_interval = 50;
    const Wire bytes = encoded(kV5, outgoing);
    CHECK(decoded_words(bytes, kV5) ==
          "PUBLISH q0 r0 d0 't' 0 bytes message-expiry-interval 50 user-property 'b' = '1' "
          "payload-format-indicator 1 response-topic 'r/t' correlation-data 2 bytes "
          "content-type 'text/plain' user-property 'a' = '2' user-property 'b' = '1'");
    const auto publish = decode_publish(find_frame(bytes, 0).frame, kV5);
    CHECK(publish->properties.text(PropertyId::correlation_data) == std::string_view("\0\xFF", 2));
}

TEST_CASE("outgoing publish: 3.x gets nothing of 5.0") {
    PropertyList properties;
    properties.add_user("b", "1");
    const std::uint32_t ids[] = {1};
    OutgoingPublish outgoing;
    outgoing.topic = "t";
    outgoing.properties = properties;
    outgoing.message_expiry_interval = 60;
    outgoing.subscription_ids = ids;
    CHECK(encoded(kV311, outgoing) == Wire{0x30, 3, 0, 1, 't'});
    CHECK(encoded_size(kV311, outgoing) == 5);
}

TEST_CASE("outgoing publish: a large payload with an owner is referenced, others are copied") {
    for (const std::size_t size : {kReferenceFrom - 1, kReferenceFrom, std::size_t{300'000}}) {
        const std::string payload(size, 'p');
        Message::Init init;
        init.topic = "t";
        init.payload = as_bytes(payload);
        const MessageRef message = Message::create(init);
        OutgoingPublish outgoing;
        outgoing.topic = message->topic();
        outgoing.payload = message->payload();
        const Wire copied = encoded(kV5, outgoing);
        outgoing.owner = message;
        base::OutBuffer out;
        encode(out, kV5, outgoing);
        encode(out, Pingreq{});
        encode(out, kV5, outgoing);
        const bool referenced = size >= kReferenceFrom;
        CHECK(message->references() == (referenced ? 4 : 2));
        Wire expected = copied;
        expected.insert(expected.end(), {0xC0, 0});
        expected.insert(expected.end(), copied.begin(), copied.end());
        CHECK(contents(out) == expected);
        out.consume(out.size_bytes());
        CHECK(message->references() == 2);
    }
}
