// The codec on any bytes: the first one chooses the version, the others are a stream of packets. What
// decodes must be printable, encode, and decode again to the same packet.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "core/decode.hpp"
#include "core/describe.hpp"
#include "core/encode.hpp"
#include "packet_mutator.hpp"

namespace {

using namespace mqtt;
using namespace mqtt::core;

constexpr std::uint32_t kMaximumPacketSize = 1 << 20;

[[noreturn]] void fail(const char* what, const std::string& packet) {
    std::fprintf(stderr, "%s: %s\n", what, packet.c_str());
    std::abort();
}

Bytes encoded(base::OutBuffer& out, ProtocolVersion version, const Packet& packet) {
    encode(out, version, packet);
    iovec part{};
    out.gather(&part, 1);
    return {static_cast<const std::uint8_t*>(part.iov_base), part.iov_len};
}

void check_round_trip(ProtocolVersion version, const Packet& packet) {
    const std::string words = describe(packet);
    base::OutBuffer out;
    const Bytes bytes = encoded(out, version, packet);
    const FrameResult found = find_frame(bytes, 0);
    if (found.status != FrameStatus::complete || found.frame.size != bytes.size()) {
        fail("encoded bytes are no frame", words);
    }
    const Result<Packet> again = decode(found.frame, version);
    if (!again.ok()) fail("encoded packet does not decode", words);
    if (describe(*again) != words) fail("encoded packet decodes to another", words);
    base::OutBuffer out_again;
    if (as_text(encoded(out_again, version, *again)) != as_text(bytes)) {
        fail("encoding is not stable", words);
    }
}

void check_error(const Error& error) {
    if (error.code == Errc::ok || error.detail.empty()) fail("refused without a reason", "");
    if (!is_error(error.reason)) fail("refused with a success code", std::string(error.detail));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr ProtocolVersion kVersions[] = {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1,
                                             ProtocolVersion::v5};
    const ProtocolVersion version = kVersions[data[0] % 3];
    Bytes rest(data + 1, size - 1);
    for (;;) {
        const FrameResult found = find_frame(rest, kMaximumPacketSize);
        if (found.status != FrameStatus::complete) return 0;
        if (found.frame.type == PacketType::connect) refusal_version(found.frame);
        const Result<Packet> packet = decode(found.frame, version);
        if (packet.ok()) {
            check_round_trip(version, *packet);
        } else {
            check_error(packet.error());
        }
        rest = rest.subspan(found.frame.size);
    }
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                    unsigned seed) {
    return fuzz::mutate_packets(data, size, most, seed, false);
}
