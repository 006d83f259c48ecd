// What the fuzz targets of the two roles share: a byte stream played into connections of one session,
// once in large pieces and once byte by byte. Both must tell and say the same, what is said must be
// sound MQTT, and nothing may crash. The first byte of an input chooses version and behaviour.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "core/protocol_fixture.hpp"

namespace fuzz {

using namespace test;

inline void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}

struct Settings {
    explicit Settings(std::uint8_t byte)
        : version(byte % 3 == 0   ? ProtocolVersion::v5
                  : byte % 3 == 1 ? ProtocolVersion::v3_1_1
                                  : ProtocolVersion::v3_1)
        , handshake((byte & 0x20) == 0)
        , defer((byte & 0x40) != 0)
        , echo((byte & 0x80) != 0) {}

    ProtocolVersion version;
    bool handshake;  // CONNECT or CONNACK is given; else it has to come from the input
    bool defer;      // acknowledge some messages later
    bool echo;       // publish back what is received
};

// The sink's reaction to a message: depends on nothing but the message.
template <class Protocol>
AckDecision react(Protocol& protocol, const Settings& settings, const Publish& publish) {
    if (settings.echo) {
        const QoS qos = static_cast<QoS>(publish.payload.size() % 3);
        publish_kept(
            protocol, publish.topic,
            as_text(publish.payload.first(std::min<std::size_t>(publish.payload.size(), 20))), qos,
            publish.id);
    }
    switch (settings.defer ? publish.id % 4 : 0) {
    case 1: return AckDecision::later();
    case 2: protocol.acknowledge(static_cast<PacketId>(publish.id - 1)); break;
    case 3: return AckDecision::now(ReasonCode::quota_exceeded);
    default: break;
    }
    return AckDecision::now();
}

// Every packet of ours must decode, as what the other side would read.
inline void require_sound(const ByteVector& bytes, ProtocolVersion version) {
    Bytes rest = bytes;
    while (!rest.empty()) {
        const FrameResult found = find_frame(rest, 0);
        require(found.status == FrameStatus::complete, "whole packets are staged");
        require(decode(found.frame, version).ok(), "what is staged decodes");
        rest = rest.subspan(found.frame.size);
    }
}

// Connections of one session, one after the other, that read from one input.
template <class Protocol, class Sink>
class World {
public:
    explicit World(const Settings& settings) : settings_(settings) {
        sink_.publish_hook = [this](const Publish& publish) {
            return react(*protocol_, settings_, publish);
        };
        sink_.log_quota = false;  // once per batch: the one event that depends on chunks
    }
    virtual ~World() = default;

    // Plays `bytes`, shown in pieces of `piece`; returns all events and what was said.
    std::string play(Bytes bytes, std::size_t piece) {
        std::size_t at = 0;
        std::size_t begun_at = 0;
        std::size_t shown = 0;
        int connections = 0;
        begin();
        while (shown < bytes.size()) {
            shown = std::min(bytes.size(), shown + piece);
            const base::Consumed consumed =
                protocol_->feed(bytes.subspan(at, shown - at), kStart, sink_);
            require(consumed.bytes <= shown - at, "no more is consumed than was shown");
            at += consumed.bytes;
            require(consumed.needed == 0 || consumed.needed > shown - at,
                    "what is needed is more than what there is");
            collect();
            if (!protocol_->is_closing()) continue;
            if (++connections == kConnections) break;
            if (at == begun_at) ++at;  // else the same bytes end the next one too
            begun_at = shown = at;
            sink_.events += "\nnext: ";
            begin();
        }
        return sink_.events + "\n" + said_;
    }

protected:
    static constexpr int kConnections = 8;  // per input; more find nothing more, only later

    virtual void begin() = 0;  // makes protocol_ stand at the begin of a connection

    void collect() {
        const ByteVector bytes = take(out_);
        require_sound(bytes, protocol_->version());
        said_.append(bytes.begin(), bytes.end());
    }

    Settings settings_;
    base::OutBuffer out_;
    Session session_;
    Sink sink_;
    std::unique_ptr<Protocol> protocol_;
    std::string said_;
};

template <class W>
void run(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kLongest = 512;
    if (size == 0) return;
    size = std::min(size, kLongest);
    const Settings settings(data[0]);
    const Bytes bytes(data + 1, size - 1);
    W whole(settings);
    W split(settings);
    const std::string expected = whole.play(bytes, std::max<std::size_t>(bytes.size(), 1));
    require(split.play(bytes, 1) == expected, "any chunking yields the same events");
}

}  // namespace fuzz
