// The payload header that publishers write and subscribers read.
#include <doctest/doctest.h>

#include <array>
#include <string_view>

#include "mqtt-bench/payload_header.hpp"

namespace mqtt::bench {

namespace {
using Header = std::array<std::uint8_t, kPayloadHeaderBytes>;
}

TEST_CASE("payload header: CRC-32C gives the check value of its catalogue") {
    constexpr std::string_view text = "123456789";
    CHECK(crc32c({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}) == 0xE3069283);
    CHECK(crc32c({}) == 0);
}

TEST_CASE("payload header: what is written is read") {
    const PayloadHeader written{0xA1B2C3D4, 77, 0x1'0000'0002, 123'456'789'012'345, 1'999'999'999};
    Header bytes{};
    write_payload_header(bytes, written);
    PayloadHeader read;
    REQUIRE(read_payload_header(bytes, read));
    CHECK(read == written);
    CHECK(bytes[0] == 0xA1);  // big endian
    CHECK(bytes[7] == 77);
}

TEST_CASE("payload header: long delays keep microseconds, huge ones saturate, negative is none") {
    Header bytes{};
    PayloadHeader read;
    write_payload_header(bytes, {1, 2, 3, 4, 930'123'456'789});
    REQUIRE(read_payload_header(bytes, read));
    CHECK(read.delay_ns == 930'123'456'000);
    write_payload_header(bytes, {1, 2, 3, 4, 9'000'000'000'000'000});
    REQUIRE(read_payload_header(bytes, read));
    CHECK(read.delay_ns == 2'147'483'647'000);
    write_payload_header(bytes, {1, 2, 3, 4, -1});
    REQUIRE(read_payload_header(bytes, read));
    CHECK(read.delay_ns == 0);
}

TEST_CASE("payload header: one flipped bit anywhere, or a short payload, is not ours") {
    Header bytes{};
    write_payload_header(bytes, {1, 2, 3, 4, 5});
    PayloadHeader read;
    for (std::size_t bit = 0; bit < kPayloadHeaderBytes * 8; ++bit) {
        Header altered = bytes;
        altered[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
        REQUIRE_FALSE(read_payload_header(altered, read));
    }
    CHECK_FALSE(read_payload_header(std::span(bytes).first(31), read));
}

TEST_CASE("payload header: run ids of one boot share a clock, others do not") {
    const std::uint32_t own = make_run_id(1);
    CHECK(is_same_clock(make_run_id(2), own));
    CHECK_FALSE(is_same_clock(own ^ 0x8000'0000, own));
    CHECK(make_run_id(1) != make_run_id(2));
}

}  // namespace mqtt::bench
