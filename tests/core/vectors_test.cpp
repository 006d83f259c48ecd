// Every golden vector (tests/vectors) decoded, and what was decoded encoded again. The statements that a
// row proves stand in the row.
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include "core/decode.hpp"
#include "core/describe.hpp"
#include "support/wire.hpp"

using namespace mqtt;
using namespace mqtt::core;
using mqtt::test::encoded;
using mqtt::test::ExactCopy;
using mqtt::test::Vector;

namespace {

void check_encoding(const Vector& row, ProtocolVersion version, const Packet& packet) {
    const std::vector<std::uint8_t> bytes = encoded(version, packet);
    CHECK((bytes == row.bytes) == (row.result == "ok"));
    const FrameResult again = find_frame(bytes, 0);
    REQUIRE(again.status == FrameStatus::complete);
    CHECK(again.frame.size == bytes.size());
    const auto twice = decode(again.frame, version);
    REQUIRE(twice.ok());
    CHECK(describe(*twice) == row.meaning);
    CHECK(encoded(version, *twice) == bytes);
}

void check_row(const Vector& row, ProtocolVersion version) {
    const ExactCopy copy(row.bytes);
    const FrameResult found = find_frame(copy.view(), 0);
    if (found.status == FrameStatus::incomplete) {
        CHECK(row.result == "incomplete");
        return;
    }
    if (found.status == FrameStatus::malformed) {
        CHECK(row.result == "malformed_packet");
        return;
    }
    REQUIRE(found.status == FrameStatus::complete);
    REQUIRE(found.frame.size == row.bytes.size());
    const auto packet = decode(found.frame, version);
    if (!packet.ok()) {
        CHECK(info(packet.error().code).name == row.result);
        CHECK(packet.error().reason == info(packet.error().code).reason);
        CAPTURE(packet.error().detail);
        CHECK_FALSE(row.is_valid());
        return;
    }
    CHECK_MESSAGE(row.is_valid(), describe(*packet));
    if (!row.is_valid()) return;
    CHECK(describe(*packet) == row.meaning);
    check_encoding(row, version, *packet);
}

}  // namespace

TEST_CASE("vectors: every row decodes, and encodes, to what it says") {
    const std::vector<Vector> rows = mqtt::test::load_vectors();
    CHECK(rows.size() > 600);
    for (const Vector& row : rows) {
        for (const ProtocolVersion version : row.versions) {
            const int level = static_cast<int>(version);
            CAPTURE(row.place);
            CAPTURE(row.ids);
            CAPTURE(level);
            check_row(row, version);
        }
    }
}

TEST_CASE("vectors: a valid packet cut anywhere is incomplete, never ok") {
    for (const Vector& row : mqtt::test::load_vectors()) {
        if (!row.is_valid()) continue;
        CAPTURE(row.place);
        const std::size_t size = row.bytes.size();
        const std::size_t stride = size / 64 + 1;  // the largest has 2 MiB
        for (std::size_t cut = 0; cut < size; cut += cut < 300 || cut + 300 > size ? 1 : stride) {
            const ExactCopy copy(Bytes(row.bytes).first(cut));
            const FrameResult found = find_frame(copy.view(), 0);
            REQUIRE(found.status == FrameStatus::incomplete);
            CHECK((found.frame.size == 0 || found.frame.size == size));
        }
    }
}

TEST_CASE("vectors: bytes behind a packet belong to the next one") {
    for (const Vector& row : mqtt::test::load_vectors()) {
        if (!row.is_valid()) continue;
        std::vector<std::uint8_t> bytes = row.bytes;
        bytes.insert(bytes.end(), {0xFF, 0xFF, 0xFF});
        const FrameResult found = find_frame(bytes, 0);
        REQUIRE(found.status == FrameStatus::complete);
        CHECK(found.frame.size == row.bytes.size());
        CHECK(decode(found.frame, row.versions[0]).ok());
    }
}

TEST_CASE("vectors: a body cut anywhere never reads past its end") {
    for (const Vector& row : mqtt::test::load_vectors()) {
        const FrameResult found = find_frame(row.bytes, 0);
        if (found.status != FrameStatus::complete || found.frame.body.size() > 1000) continue;
        for (std::size_t cut = 0; cut < found.frame.body.size(); ++cut) {
            const ExactCopy copy(found.frame.body.first(cut));
            Frame frame = found.frame;
            frame.body = copy.view();
            for (const ProtocolVersion version : row.versions) {
                const auto packet = decode(frame, version);
                if (packet.ok()) CHECK_FALSE(describe(*packet).empty());
            }
        }
    }
}
