// Properties of the codec that hold for every packet: generated ones, with the seed in the failure.
#include <doctest/doctest.h>

#include "core/decode.hpp"
#include "core/describe.hpp"
#include "support/packet_maker.hpp"
#include "support/wire.hpp"

using namespace mqtt;
using namespace mqtt::core;
using mqtt::test::encoded;
using mqtt::test::PacketMaker;

namespace {

constexpr ProtocolVersion kVersions[] = {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1,
                                         ProtocolVersion::v5};

// What describe() leaves out.
std::string_view hidden_bytes(const Packet& packet) {
    if (const auto* publish = std::get_if<Publish>(&packet)) return as_text(publish->payload);
    if (const auto* connect = std::get_if<Connect>(&packet)) {
        if (connect->password) return as_text(*connect->password);
        if (connect->will) return as_text(connect->will->payload);
    }
    return {};
}

}  // namespace

TEST_CASE("generated: decode(encode(packet)) is the packet, in every version") {
    for (std::uint32_t seed = 0; seed < 6000; ++seed) {
        PacketMaker maker(seed);
        const ProtocolVersion version = kVersions[seed % 3];
        const Packet packet = maker.make(version);
        CAPTURE(seed);
        const auto bytes = encoded(version, packet);
        const mqtt::test::ExactCopy copy(bytes);
        const FrameResult found = find_frame(copy.view(), 0);
        REQUIRE(found.status == FrameStatus::complete);
        REQUIRE(found.frame.size == bytes.size());
        const auto decoded = decode(found.frame, version);
        if (!decoded.ok()) FAIL(describe(packet) << ": " << decoded.error().detail);
        CHECK(describe(*decoded) == describe(packet));
        CHECK(hidden_bytes(*decoded) == hidden_bytes(packet));
        CHECK(encoded(version, *decoded) == bytes);
    }
}

TEST_CASE("generated: a truncated packet is incomplete and never ok") {
    for (std::uint32_t seed = 0; seed < 300; ++seed) {
        PacketMaker maker(seed);
        const ProtocolVersion version = kVersions[seed % 3];
        const auto bytes = encoded(version, maker.make(version));
        CAPTURE(seed);
        for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
            const FrameResult found = find_frame(Bytes(bytes).first(cut), 0);
            REQUIRE(found.status == FrameStatus::incomplete);
        }
    }
}

TEST_CASE("generated: bytes changed at random never crash, and what still decodes encodes") {
    int decoded = 0;
    for (std::uint32_t seed = 0; seed < 20'000; ++seed) {
        PacketMaker maker(seed);
        const ProtocolVersion version = kVersions[seed % 3];
        auto bytes = encoded(version, maker.make(version));
        for (std::size_t edits = 1 + maker.below(3); edits > 0; --edits) {
            bytes[maker.below(bytes.size())] = static_cast<std::uint8_t>(maker.below(256));
        }
        const mqtt::test::ExactCopy copy(bytes);
        const FrameResult found = find_frame(copy.view(), 0);
        if (found.status != FrameStatus::complete) continue;
        const auto packet = decode(found.frame, version);
        if (!packet.ok()) {
            CHECK(packet.error().code != Errc::ok);
            CHECK_FALSE(packet.error().detail.empty());
            continue;
        }
        ++decoded;
        CAPTURE(seed);
        const auto again = encoded(version, *packet);
        const FrameResult refound = find_frame(again, 0);
        REQUIRE(refound.status == FrameStatus::complete);
        const auto twice = decode(refound.frame, version);
        REQUIRE(twice.ok());
        CHECK(describe(*twice) == describe(*packet));
    }
    CHECK(decoded > 1000);
}

TEST_CASE("generated: any chunking of a stream gives the same packets") {
    PacketMaker maker(99);
    std::vector<std::uint8_t> stream;
    std::vector<std::string> sent;
    for (int i = 0; i < 300; ++i) {
        const Packet packet = maker.make(ProtocolVersion::v5);
        sent.push_back(describe(packet));
        const auto bytes = encoded(ProtocolVersion::v5, packet);
        stream.insert(stream.end(), bytes.begin(), bytes.end());
    }
    for (int round = 0; round < 10; ++round) {
        std::vector<std::string> received;
        std::size_t begin = 0;
        std::size_t arrived = 0;
        while (begin < stream.size()) {
            const Bytes window(stream.data() + begin, arrived - begin);
            const FrameResult found = find_frame(window, 0);
            if (found.status == FrameStatus::incomplete) {
                REQUIRE(arrived < stream.size());
                arrived = std::min(stream.size(), arrived + 1 + maker.below(200));
                continue;
            }
            REQUIRE(found.status == FrameStatus::complete);
            received.push_back(describe(*decode(found.frame, ProtocolVersion::v5)));
            begin += found.frame.size;
        }
        CHECK(received == sent);
    }
}
