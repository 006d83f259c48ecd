// Probes of the codec: one packet from bytes, one packet to bytes. Part of hot_path_bench.cpp.
#pragma once

#include <string>

#include "bench/memory_peers.hpp"
#include "bench/meter.hpp"
#include "core/decode.hpp"

namespace mqtt::bench {
namespace {

template <class T>
void keep(const T& value) {
    asm volatile("" : : "r,m"(value) : "memory");
}

const std::string kPayload(100, 'p');

Publish sample(QoS qos = QoS::at_most_once) {
    Publish publish;
    publish.topic = "building/floor-3/temperature";
    publish.payload = as_bytes(kPayload);
    publish.qos = qos;
    publish.id = qos == QoS::at_most_once ? 0 : 77;
    return publish;
}

// What one read brings: as many as fit into 64 KiB.
std::string stream_of(const std::string& packet) {
    std::string bytes;
    while (bytes.size() + packet.size() <= 65'536)
        bytes += packet;
    return bytes;
}

template <class Body>
void over_frames(Meter& meter, const std::string& bytes, Body body) {
    while (meter.goes_on()) {
        std::size_t count = 0;
        meter.measure([&] {
            for (Bytes left = as_bytes(bytes); !left.empty(); ++count) {
                const core::FrameResult found = core::find_frame(left, 1 << 20);
                body(found.frame);
                left = left.subspan(found.frame.size);
            }
        });
        meter.done(count);
    }
}

void frame(Meter& meter) {
    const std::string bytes = stream_of(bytes_of(ProtocolVersion::v3_1_1, sample()));
    over_frames(meter, bytes, [](const core::Frame& found) { keep(found.body.data()); });
}

void decode(Meter& meter, ProtocolVersion version, const Publish& publish) {
    over_frames(meter, stream_of(bytes_of(version, publish)), [&](const core::Frame& found) {
        const Result<Publish> packet = core::decode_publish(found, version);
        if (!packet.ok()) give_up("decode");
        keep(packet->payload.data());
    });
}

void decode_q0(Meter& meter) {
    decode(meter, ProtocolVersion::v3_1_1, sample());
}

void decode_properties(Meter& meter) {
    PropertyList properties;
    properties.add(PropertyId::content_type, "text/plain").add_user("sensor", "17");
    Publish publish = sample(QoS::at_least_once);
    publish.properties = properties;
    decode(meter, ProtocolVersion::v5, publish);
}

template <class Append>
void encode(Meter& meter, Append append) {
    while (meter.goes_on()) {
        base::OutBuffer out;
        meter.measure([&] {
            for (int i = 0; i < 512; ++i)
                append(out);
            out.consume(out.size_bytes());
        });
        meter.done(512);
    }
}

void encode_publish(Meter& meter) {
    core::OutgoingPublish publish;
    publish.topic = "building/floor-3/temperature";
    publish.payload = as_bytes(kPayload);
    encode(meter, [&](base::OutBuffer& out) { core::encode(out, ProtocolVersion::v5, publish); });
}

void encode_puback(Meter& meter) {
    encode(meter, [](base::OutBuffer& out) {
        core::encode(out, ProtocolVersion::v5, Ack{PacketType::puback, 9, {}, {}});
    });
}

}  // namespace
}  // namespace mqtt::bench
