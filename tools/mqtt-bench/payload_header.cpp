// CRC-32C by eight tables (about 10 ns for a header) and the header's layout.
#include "mqtt-bench/payload_header.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>

#include "mqtt-bench/clock_sync.hpp"

namespace mqtt::bench {
namespace {

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f6'3b78u : 0u);
        tables[0][i] = crc;
    }
    for (std::uint32_t i = 0; i < 256; ++i) {
        for (std::size_t k = 1; k < 8; ++k) {
            tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 0xff];
        }
    }
    return tables;
}
constexpr Tables kTables = make_tables();

std::uint64_t load_little_endian(const std::uint8_t* at) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
}

template <class T>
T swap_to_big_endian(T value) {
    if constexpr (std::endian::native == std::endian::big) return value;
    return sizeof(T) == 8 ? static_cast<T>(__builtin_bswap64(value))
                          : static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
}

template <class T>
void put(std::uint8_t* at, T value) {
    value = swap_to_big_endian(value);
    std::memcpy(at, &value, sizeof(T));
}

template <class T>
T get(const std::uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof(T));
    return swap_to_big_endian(value);
}

// 31 bits of nanoseconds, or of microseconds when the top bit is set.
constexpr std::uint32_t kMicroseconds = 0x8000'0000;

std::uint32_t pack_delay(std::int64_t ns) {
    if (ns < 0) return 0;
    if (ns < static_cast<std::int64_t>(kMicroseconds)) return static_cast<std::uint32_t>(ns);
    const std::int64_t us = std::min<std::int64_t>(ns / 1000, kMicroseconds - 1);
    return static_cast<std::uint32_t>(us) | kMicroseconds;
}

std::int64_t unpack_delay(std::uint32_t packed) {
    if ((packed & kMicroseconds) == 0) return packed;
    return static_cast<std::int64_t>(packed & ~kMicroseconds) * 1000;
}

// The clock is the kernel's since its boot, unless a container has one of its own. Never 0.
std::uint32_t clock_hash() {
    const std::string& id = own_clock_id();
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(id.data());
    return std::max(1u, crc32c({bytes, id.size()}) >> 16);
}

}  // namespace

std::uint32_t crc32c(std::span<const std::uint8_t> bytes) {
    std::uint32_t crc = ~0u;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        const std::uint64_t word = load_little_endian(at) ^ crc;
        crc = kTables[7][word & 0xff] ^ kTables[6][word >> 8 & 0xff] ^
              kTables[5][word >> 16 & 0xff] ^ kTables[4][word >> 24 & 0xff] ^
              kTables[3][word >> 32 & 0xff] ^ kTables[2][word >> 40 & 0xff] ^
              kTables[1][word >> 48 & 0xff] ^ kTables[0][word >> 56];
    }
    for (; left > 0; --left, ++at)
        crc = crc >> 8 ^ kTables[0][(crc ^ *at) & 0xff];
    return ~crc;
}

void write_payload_header(std::span<std::uint8_t, kPayloadHeaderBytes> out,
                          const PayloadHeader& header) {
    std::uint8_t* at = out.data();
    put(at, header.run_id);
    put(at + 4, header.stream);
    put(at + 8, header.sequence);
    put(at + 16, static_cast<std::uint64_t>(header.intended_ns));
    put(at + 24, pack_delay(header.delay_ns));
    put(at + 28, crc32c(out.first<28>()));
}

bool read_payload_header(std::span<const std::uint8_t> payload, PayloadHeader& header) {
    if (payload.size() < kPayloadHeaderBytes) return false;
    const std::uint8_t* at = payload.data();
    if (get<std::uint32_t>(at + 28) != crc32c(payload.first(28))) return false;
    header.run_id = get<std::uint32_t>(at);
    header.stream = get<std::uint32_t>(at + 4);
    header.sequence = get<std::uint64_t>(at + 8);
    header.intended_ns = static_cast<std::int64_t>(get<std::uint64_t>(at + 16));
    header.delay_ns = unpack_delay(get<std::uint32_t>(at + 24));
    return true;
}

std::uint32_t make_run_id(std::uint64_t random) {
    return clock_hash() << 16 | static_cast<std::uint32_t>(random & 0xffff);
}

std::uint32_t make_common_run_id(std::uint64_t random) {
    return static_cast<std::uint32_t>(random % 0xffff + 1);
}

bool is_same_clock(std::uint32_t run_id, std::uint32_t own_run_id) {
    return run_id >> 16 == own_run_id >> 16;
}

}  // namespace mqtt::bench
