// Mutations that know packets, for the fuzz targets whose input is a byte of settings and a stream of packets: frames are
// moved, repeated and crossed over whole, bytes inside one change with its length kept right, and valid packets change by
// field. Defines libFuzzer's LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver, which replay.cpp calls, too: included by
// one file of a program. The fields of what decodes are changed through the codec itself.
#pragma once

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/decode.hpp"
#include "core/encode.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed);
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size,
                                                 const std::uint8_t* b, std::size_t b_size,
                                                 std::uint8_t* out, std::size_t most,
                                                 unsigned seed);

namespace fuzz {

using namespace mqtt;
using ByteString = std::vector<std::uint8_t>;

inline ProtocolVersion version_of(std::uint8_t settings, bool is_role) {
    constexpr ProtocolVersion kVersions[] = {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1,
                                             ProtocolVersion::v5};
    return kVersions[is_role ? 2 - settings % 3 : settings % 3];
}

// The frames of a stream; what is no whole frame at the end is one, too.
inline std::vector<ByteString> split_frames(Bytes rest) {
    std::vector<ByteString> frames;
    while (!rest.empty()) {
        const core::FrameResult found = core::find_frame(rest, 0);
        const bool whole = found.status == core::FrameStatus::complete;
        const std::size_t size = whole ? found.frame.size : rest.size();
        frames.emplace_back(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
        rest = rest.subspan(size);
    }
    return frames;
}

class PacketMutator {
public:
    PacketMutator(ProtocolVersion version, unsigned seed) : version_(version), random_(seed) {}

    void change(std::vector<ByteString>& frames) {
        if (frames.empty()) return frames.push_back({0xC0, 0x00});
        const std::size_t at = below(frames.size());
        const auto place = frames.begin() + static_cast<std::ptrdiff_t>(at);
        switch (below(8)) {
        case 0: frames.insert(place, ByteString(*place)); break;
        case 1: frames.erase(place); break;
        case 2: std::swap(*place, frames[below(frames.size())]); break;
        case 3:
        case 4: change_body(*place); break;
        default: change_field(*place); break;
        }
    }
    std::size_t below(std::size_t limit) { return random_() % limit; }

private:
    bool chance() { return below(2) == 0; }
    PacketId id() { return static_cast<PacketId>(1 + below(4)); }
    QoS qos() { return static_cast<QoS>(below(3)); }
    std::string_view name() {
        static constexpr std::string_view kNames[] = {"a", "a/b",          "$SYS/x",
                                                      "/", "\xEF\xBB\xBF", "c"};
        return kNames[below(std::size(kNames))];
    }
    std::string_view filter() {
        static constexpr std::string_view kFilters[] = {"#", "a/+", "+/+", "$share/g/a/#", "a"};
        return kFilters[below(std::size(kFilters))];
    }

    // Any bytes inside, and a length that is theirs.
    void change_body(ByteString& frame) {
        const core::FrameResult found = core::find_frame(Bytes(frame), 0);
        if (found.status != core::FrameStatus::complete) return;
        ByteString body(found.frame.body.begin(), found.frame.body.end());
        const std::size_t size = body.size();
        body.resize(size + 32);
        body.resize(LLVMFuzzerMutate(body.data(), size, body.size()));
        ByteString made{frame[0]};
        for (std::size_t left = body.size();;) {
            const std::size_t low = left & 0x7F;
            left >>= 7;
            made.push_back(static_cast<std::uint8_t>(low | (left ? 0x80 : 0)));
            if (left == 0) break;
        }
        made.insert(made.end(), body.begin(), body.end());
        frame = made;
    }

    // One property more, if the place allows it; else none.
    PropertyList more(Properties properties, PropertyPlace place) {
        PropertyList list(properties);
        const PropertyInfo& info = property_table()[below(kPropertyCount)];
        switch (info.type) {
        case PropertyType::utf8_pair: list.add_user("k", name()); break;
        case PropertyType::utf8_string:
        case PropertyType::binary: list.add(info.id, name()); break;
        default:
            list.add(info.id,
                     static_cast<std::uint32_t>(chance() ? std::min(info.maximum, info.minimum + 2)
                                                         : info.maximum));
        }
        if (version_ != ProtocolVersion::v5) return {};
        if (!validate_properties(list.view().raw(), place).ok()) return {};
        return list;
    }

    void change_one(Connect& packet) {
        switch (below(4)) {
        case 0: packet.clean_start = !packet.clean_start; break;
        case 1: packet.keep_alive = static_cast<std::uint16_t>(below(4)); break;
        case 2:
            kept_ = more(packet.properties, PropertyPlace::connect);
            packet.properties = kept_;
            break;
        default:
            if (packet.will) return packet.will.reset();
            packet.will.emplace();
            packet.will->topic = name();
            packet.will->qos = qos();
            packet.will->retain = chance();
        }
    }
    void change_one(Connack& packet) {
        kept_ = more(packet.properties, PropertyPlace::connack);
        packet.properties = kept_;
        if (chance() && packet.reason == ReasonCode::success)
            packet.session_present = !packet.session_present;
    }
    void change_one(Publish& packet) {
        switch (below(5)) {
        case 0: packet.topic = name(); break;
        case 1:
            packet.qos = qos();
            packet.id = packet.qos == QoS::at_most_once ? PacketId{0} : id();
            packet.dup = packet.dup && packet.id != 0;
            break;
        case 2: packet.retain = !packet.retain; break;
        case 3: packet.payload = as_bytes(name()); break;
        default: kept_ = more(packet.properties, PropertyPlace::publish); packet.properties = kept_;
        }
    }
    void change_one(Ack& packet) {
        static constexpr PacketType kTypes[] = {PacketType::puback, PacketType::pubrec,
                                                PacketType::pubrel, PacketType::pubcomp};
        packet.id = id();
        if (chance()) return;
        packet.type = kTypes[below(4)];
        packet.reason = ReasonCode::success;
        packet.properties = {};
    }
    template <class Request>
    void change_filters(Request& packet, bool with_options) {
        packet.id = id();
        if (chance()) return;
        filters_ = FilterListBuilder(with_options);
        for (std::size_t left = 1 + below(3); left > 0; --left)
            filters_.add(filter(), {.qos = qos()});
        packet.filters = filters_.view();
    }
    void change_one(Subscribe& packet) { change_filters(packet, true); }
    void change_one(Unsubscribe& packet) { change_filters(packet, false); }
    void change_one(Suback& packet) { packet.id = id(); }
    void change_one(Unsuback& packet) { packet.id = id(); }
    void change_one(Disconnect& packet) {
        kept_ = more(packet.properties, PropertyPlace::disconnect);
        packet.properties = kept_;
    }
    template <class Other>
    void change_one(Other&) {}

    void change_field(ByteString& frame) {
        const ByteString copy(frame);  // what the packet views
        const core::FrameResult found = core::find_frame(Bytes(copy), 0);
        if (found.status != core::FrameStatus::complete) return;
        Result<Packet> packet = core::decode(found.frame, version_);
        if (!packet.ok()) return change_body(frame);
        std::visit([this](auto& one) { change_one(one); }, *packet);
        base::OutBuffer out;
        core::encode(out, version_, *packet);
        iovec part{};
        out.gather(&part, 1);
        const auto* bytes = static_cast<const std::uint8_t*>(part.iov_base);
        frame.assign(bytes, bytes + part.iov_len);
    }

    const ProtocolVersion version_;
    std::minstd_rand random_;
    PropertyList kept_;
    FilterListBuilder filters_{true};
};

inline std::size_t joined(std::uint8_t settings, const std::vector<ByteString>& frames,
                          std::uint8_t* out, std::size_t most) {
    std::size_t size = 0;
    if (most != 0) out[size++] = settings;
    for (const ByteString& frame : frames) {
        const std::size_t n = std::min(frame.size(), most - size);
        std::copy_n(frame.begin(), n, out + size);
        size += n;
    }
    return size;
}

inline std::size_t mutate_packets(std::uint8_t* data, std::size_t size, std::size_t most,
                                  unsigned seed, bool is_role) {
    PacketMutator mutator(version_of(size ? data[0] : 0, is_role), seed);
    if (size < 2 || mutator.below(3) == 0) return LLVMFuzzerMutate(data, size, most);
    std::vector<ByteString> frames = split_frames(Bytes(data + 1, size - 1));
    for (std::size_t changes = 1 + mutator.below(3); changes > 0; --changes)
        mutator.change(frames);
    return joined(data[0], frames, data, most);
}

}  // namespace fuzz

// Frames of the one among those of the other.
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size,
                                                 const std::uint8_t* b, std::size_t b_size,
                                                 std::uint8_t* out, std::size_t most,
                                                 unsigned seed) {
    if (a_size < 2 || b_size < 2) return 0;
    std::minstd_rand random(seed);
    std::vector<fuzz::ByteString> frames = fuzz::split_frames(mqtt::Bytes(a + 1, a_size - 1));
    const auto others = fuzz::split_frames(mqtt::Bytes(b + 1, b_size - 1));
    const auto at = static_cast<std::ptrdiff_t>(random() % (frames.size() + 1));
    const auto from = static_cast<std::ptrdiff_t>(random() % others.size());
    frames.insert(frames.begin() + at, others.begin() + from, others.end());
    return fuzz::joined(a[0], frames, out, most);
}
