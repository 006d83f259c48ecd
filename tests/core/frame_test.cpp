// Fixed headers, variable byte integers and packet size limits.
#include "core/frame.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

using namespace mqtt;
using namespace mqtt::core;

TEST_CASE("varint: the sizes change at the limits of the standard [MQTT-1.5.5-1]") {
    struct Row {
        std::uint32_t value;
        std::vector<std::uint8_t> bytes;
    };
    const Row rows[] = {{0, {0x00}},
                        {127, {0x7F}},
                        {128, {0x80, 0x01}},
                        {16'383, {0xFF, 0x7F}},
                        {16'384, {0x80, 0x80, 0x01}},
                        {2'097'151, {0xFF, 0xFF, 0x7F}},
                        {2'097'152, {0x80, 0x80, 0x80, 0x01}},
                        {268'435'455, {0xFF, 0xFF, 0xFF, 0x7F}}};
    for (const Row& row : rows) {
        std::array<std::uint8_t, 4> bytes{};
        const std::uint8_t* end = encode_varint(bytes.data(), row.value);
        CHECK(std::vector<std::uint8_t>(bytes.data(), bytes.data() + (end - bytes.data())) ==
              row.bytes);
        CHECK(varint_size(row.value) == row.bytes.size());
        std::uint32_t value = 0;
        const std::uint8_t* from = row.bytes.data();
        CHECK(decode_varint(from, from + row.bytes.size(), value) ==
              static_cast<int>(row.bytes.size()));
        CHECK(value == row.value);
        for (std::size_t cut = 0; cut < row.bytes.size(); ++cut) {
            CHECK(decode_varint(from, from + cut, value) == kVarintIncomplete);
        }
    }
}

TEST_CASE("varint: what is too large is measured as it would be written") {
    std::array<std::uint8_t, 5> bytes{};
    CHECK(encode_varint(bytes.data(), kLargestVarint + 1) - bytes.data() == 5);
    CHECK(varint_size(kLargestVarint + 1) == 5);
    CHECK(varint_size(0xFFFF'FFFF) == 5);
}

TEST_CASE("varint: longer forms and five bytes are malformed [MQTT-1.5.5-1]") {
    const std::vector<std::uint8_t> rows[] = {{0x80, 0x00},
                                              {0xFF, 0x00},
                                              {0x80, 0x80, 0x00},
                                              {0xFF, 0xFF, 0xFF, 0x00},
                                              {0x80, 0x80, 0x80, 0x80},
                                              {0xFF, 0xFF, 0xFF, 0xFF, 0x01}};
    for (const auto& row : rows) {
        std::uint32_t value = 0;
        CHECK(decode_varint(row.data(), row.data() + row.size(), value) == kVarintMalformed);
    }
}

TEST_CASE("varint: every value survives encoding and decoding [MQTT-1.5.5-1]") {
    for (std::uint32_t value = 0; value <= kLargestVarint; value += 1 + value / 1000) {
        std::array<std::uint8_t, 4> bytes{};
        const auto size = static_cast<int>(encode_varint(bytes.data(), value) - bytes.data());
        std::uint32_t decoded = 0;
        if (decode_varint(bytes.data(), bytes.data() + size, decoded) != size || decoded != value) {
            FAIL(value);
        }
    }
}

TEST_CASE("frame: a packet over the limit is too large before its body has arrived") {
    const std::vector<std::uint8_t> header{0x30, 0xFF, 0xFF, 0xFF, 0x7F};
    const FrameResult open = find_frame(header, 0);
    CHECK(open.status == FrameStatus::incomplete);
    CHECK(open.frame.size == 268'435'460);
    const FrameResult limited = find_frame(header, 65'536);
    CHECK(limited.status == FrameStatus::too_large);
    CHECK(limited.frame.type == PacketType::publish);
}

TEST_CASE("frame: the limit counts the whole packet, fixed header included") {
    std::vector<std::uint8_t> packet{0x30, 0x05, 0x00, 0x01, 'a', 'x', 'y'};
    CHECK(find_frame(packet, 7).status == FrameStatus::complete);
    CHECK(find_frame(packet, 6).status == FrameStatus::too_large);
    CHECK(find_frame(Bytes(packet).first(2), 6).status == FrameStatus::too_large);
    CHECK(find_frame(Bytes(packet).first(6), 7).status == FrameStatus::incomplete);
}

TEST_CASE("frame: type, flags and body are where they should be") {
    const std::vector<std::uint8_t> bytes{0x3D, 0x03, 1, 2, 3, 0xC0, 0x00};
    const FrameResult found = find_frame(bytes, 0);
    REQUIRE(found.status == FrameStatus::complete);
    CHECK(found.frame.type == PacketType::publish);
    CHECK(found.frame.flags == 0x0D);
    CHECK(found.frame.size == 5);
    CHECK(found.frame.body.data() == bytes.data() + 2);
    CHECK(found.frame.body.size() == 3);
    const FrameResult next = find_frame(Bytes(bytes).subspan(5), 0);
    CHECK(next.status == FrameStatus::complete);
    CHECK(next.frame.type == PacketType::pingreq);
    CHECK(find_frame({}, 0).status == FrameStatus::incomplete);
}
