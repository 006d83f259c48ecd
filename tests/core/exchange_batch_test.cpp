// PUBLISH by the batch: the bytes are those of single ones, and so are ids, quota and limits.
#include <doctest/doctest.h>

#include "core/exchange.hpp"
#include "protocol_fixture.hpp"

using namespace ::test;

namespace {

constexpr std::size_t kAll = 1'000'000;

PropertyList announced(std::uint16_t receive_maximum, std::uint16_t aliases,
                       std::uint32_t packet_size = 1'000'000) {
    return PropertyList()
        .add(PropertyId::receive_maximum, receive_maximum)
        .add(PropertyId::topic_alias_maximum, aliases)
        .add(PropertyId::maximum_packet_size, packet_size);
}

void connect_to(Server& server, ProtocolVersion version, const PropertyList& properties) {
    Connect connect = connect_packet(version);
    if (has_properties(version)) connect.properties = properties;
    server.connect(connect);
}

}  // namespace

TEST_CASE("exchange: a batch is on the wire what its messages are one by one [MQTT-3.3.2-12]") {
    const std::string long_payload(3'000, 'l');
    const std::vector<Bytes> payloads{as_bytes("one"),
                                      {},
                                      as_bytes(long_payload),
                                      as_bytes("4"),
                                      as_bytes(std::string_view(long_payload).substr(0, 120))};
    const PropertyList properties = PropertyList().add(PropertyId::content_type, "text");
    for (const auto version :
         {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        for (const QoS qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
            for (const std::uint16_t aliases : {std::uint16_t{0}, std::uint16_t{5}}) {
                CAPTURE(static_cast<int>(version));
                CAPTURE(static_cast<int>(qos));
                CAPTURE(aliases);
                Server single, many;
                for (Server* server : {&single, &many})
                    connect_to(*server, version, announced(100, aliases));
                OutgoingPublish common = outgoing("sensors/kitchen", "", qos);
                common.retain = true;
                if (has_properties(version)) {
                    common.properties = properties.view();
                    common.message_expiry_interval = 60;
                }
                for (int round = 0; round < 3; ++round) {
                    for (const Bytes payload : payloads) {
                        OutgoingPublish publish = common;
                        publish.payload = payload;
                        CHECK(single.protocol.publish(publish, {}, 0).status == SendStatus::sent);
                    }
                    OutgoingPublish publish = common;
                    if (round == 1)
                        publish.owner = message("t", "p", qos);  // large ones by reference
                    const BatchResult result =
                        many.protocol.publish_batch(publish, payloads, 0, kAll);
                    CHECK(result.status == SendStatus::sent);
                    CHECK(result.count == payloads.size());
                    const ByteVector one_by_one = take(single.out);
                    const ByteVector together = take(many.out);
                    // A topic earns its alias, and a batch asks for one once.
                    if (aliases == 0 || round == 2) CHECK(one_by_one == together);
                }
                CHECK(single.session.outgoing.count() == many.session.outgoing.count());
            }
        }
    }
}

TEST_CASE("exchange: a batch ends where the quota ends, and goes on when it opens [MQTT-3.3.4-9]") {
    Server server;
    connect_to(server, ProtocolVersion::v5, announced(3, 0));
    const std::vector<Bytes> payloads(5, as_bytes("p"));
    OutgoingPublish common = outgoing("t", "", QoS::at_least_once);
    BatchResult result = server.protocol.publish_batch(common, payloads, 40, kAll);
    CHECK(result.status == SendStatus::no_quota);
    CHECK(result.count == 3);
    CHECK(server.protocol.send_quota() == 0);
    result = server.protocol.publish_batch(common, payloads, 43, kAll);
    CHECK(result.status == SendStatus::no_quota);
    CHECK(result.count == 0);
    server.events();
    server.feed(ack(PacketType::puback, 2));
    server.feed(ack(PacketType::puback, 1, ReasonCode::not_authorized));
    CHECK(server.events() ==
          "delivered 2 token 41 success | quota | delivered 1 token 40 not_authorized");
    CHECK(server.protocol.send_quota() == 2);
    result = server.protocol.publish_batch(common, std::span(payloads).first(2), 43, kAll);
    CHECK(result.status == SendStatus::sent);
    CHECK(result.count == 2);
    server.feed(ack(PacketType::puback, 5));
    CHECK(server.events() == "delivered 5 token 44 success");
}

TEST_CASE(
    "exchange: a batch ends at what is too large, and when enough is staged [MQTT-3.1.2-24]") {
    Server server;
    connect_to(server, ProtocolVersion::v5, announced(100, 0, 50));
    const std::string large(60, 'x');
    const std::vector<Bytes> payloads{as_bytes("1"), as_bytes("2"), as_bytes(large), as_bytes("4")};
    OutgoingPublish common = outgoing("t", "", QoS::exactly_once);
    BatchResult result = server.protocol.publish_batch(common, payloads, 0, kAll);
    CHECK(result.status == SendStatus::too_large);
    CHECK(result.count == 2);
    CHECK(server.session.outgoing.count() == 2);
    result = server.protocol.publish_batch(common, std::span(payloads).subspan(2), 2, kAll);
    CHECK(result.status == SendStatus::too_large);
    CHECK(result.count == 0);
    take(server.out);
    result = server.protocol.publish_batch(common, std::span(payloads).first(2), 2, 1);
    CHECK(result.status == SendStatus::sent);
    CHECK(result.count == 1);
    CHECK(server.protocol.publish_batch(common, {}, 2, kAll).count == 0);
}
