// The hot paths of both roles do not allocate in steady state, whatever the QoS, and an idle
// connection holds nothing. Not under sanitizers, where the pool is the heap.
#include <doctest/doctest.h>

#include "core/protocol_fixture.hpp"
#include "support/allocations.hpp"

using namespace test;

namespace {

// A sink that does nothing but count: the recorders of the fixture allocate.
class QuietServer final : public ServerSink {
public:
    std::uint64_t events = 0;
    AckDecision on_publish(const Publish&) override { return ++events, AckDecision::now(); }
    void on_delivered(PacketId, std::uint64_t, ReasonCode) override { ++events; }
    void on_send_quota() override { ++events; }
    void on_auth(const Auth&) override {}
    void on_protocol_error(const Error&) override { FAIL("protocol error"); }
    void on_connect(const Connect&) override {}
    void on_subscribe(const Subscribe&) override {}
    void on_unsubscribe(const Unsubscribe&) override {}
    void on_disconnect(const Disconnect&) override {}
};

// Rounds of 100 messages in and 100 out, each finished; counts allocations after a warm-up.
std::size_t allocations_of(ProtocolVersion version, QoS qos, bool aliases) {
    Server server;
    server.limits.announced.topic_alias_maximum = 5;
    Connect connect = connect_packet(version);
    const PropertyList five = list(PropertyId::topic_alias_maximum, 5);
    if (aliases) connect.properties = five;
    server.connect(connect);
    QuietServer sink;
    const MessageRef kept = message("sensors/temperature", "21.5", qos);

    base::OutBuffer incoming_bytes;
    for (PacketId id = 1; id <= 100; ++id) {
        const PacketId used = qos == QoS::at_most_once ? PacketId{0} : id;
        encode(incoming_bytes, version, incoming("sensors/temperature", "21.5", qos, used));
        if (qos == QoS::exactly_once) {
            encode(incoming_bytes, version, ack(PacketType::pubrel, id));
        }
    }
    const ByteVector bytes = take(incoming_bytes);
    base::OutBuffer acks;
    PacketId next = 1;
    const auto round = [&] {
        server.protocol.feed(bytes, kStart, sink);
        for (int i = 0; i < 100; ++i) {
            OutgoingPublish publish = outgoing(kept->topic(), "21.5", qos);
            REQUIRE(server.protocol.publish(publish, kept, 0).status == SendStatus::sent);
            const PacketId id = next++;
            if (qos == QoS::at_least_once) encode(acks, version, ack(PacketType::puback, id));
            if (qos != QoS::exactly_once) continue;
            encode(acks, version, ack(PacketType::pubrec, id));
            encode(acks, version, ack(PacketType::pubcomp, id));
        }
        iovec piece{};
        if (acks.gather(&piece, 1) == 1) {
            server.protocol.feed({static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len},
                                 kStart, sink);
        }
        acks.clear();
        server.out.clear();
    };
    for (int i = 0; i < 5; ++i)
        round();
    const std::uint64_t events = sink.events;
    const std::size_t before = mqtt::test::allocations();
    for (int i = 0; i < 20; ++i)
        round();
    const std::size_t made = mqtt::test::allocations() - before;
    CHECK(sink.events - events == (qos == QoS::at_most_once ? 2000 : 4000));
    return made;
}

}  // namespace

TEST_CASE("roles: messages of any QoS take no allocation in steady state") {
    for (const auto qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
        CAPTURE(static_cast<int>(qos));
        CHECK(allocations_of(ProtocolVersion::v3_1_1, qos, false) == 0);
        CHECK(allocations_of(ProtocolVersion::v5, qos, false) == 0);
        CHECK(allocations_of(ProtocolVersion::v5, qos, true) == 0);
    }
}

TEST_CASE("roles: an idle connection owns no heap memory, a connected one either") {
    base::OutBuffer out;
    const ServerLimits limits;
    QuietServer sink;
    Session session;
    const ByteVector connect = to_bytes(ProtocolVersion::v3_1_1, [] {
        Connect packet = connect_packet(ProtocolVersion::v3_1_1);
        packet.client_id = "c";
        return packet;
    }());
    const auto once = [&] {
        ServerProtocol protocol(out, limits, kStart);
        protocol.feed(connect, kStart, sink);
        protocol.accept(session, {}, kStart);
        out.clear();
    };
    once();
    const std::size_t before = mqtt::test::allocations();
    once();
    CHECK(mqtt::test::allocations() == before);
}
