// The 32 bytes at the start of a measured payload: who sent it, which one it is, when it was due
// and how late it left. Written in place by publishers, read by subscribers (also of another
// process). Smaller payloads carry none; SentTimes then answers from the same process.
#pragma once

#include <cstdint>
#include <span>

namespace mqtt::bench {

inline constexpr std::size_t kPayloadHeaderBytes = 32;

struct PayloadHeader {
    std::uint32_t run_id = 0;
    std::uint32_t stream = 0;      // index of (publisher, topic)
    std::uint64_t sequence = 0;    // from 0, per stream
    std::int64_t intended_ns = 0;  // monotonic clock of the sending host
    std::int64_t delay_ns = 0;     // actual - intended; to 1 us when above 2.1 s
    friend bool operator==(const PayloadHeader&, const PayloadHeader&) = default;
};

// Fills the first 32 bytes. Layout: run id 4, stream 4, sequence 8, intended 8, delay 4, CRC-32C 4;
// big endian.
void write_payload_header(std::span<std::uint8_t, kPayloadHeaderBytes> out,
                          const PayloadHeader& header);
// False: not one of ours (checksum).
bool read_payload_header(std::span<const std::uint8_t> payload, PayloadHeader& header);

std::uint32_t crc32c(std::span<const std::uint8_t> bytes);

// A new run id: the upper half tells the clock (boot and namespace), so that a receiver knows whether the sender's
// clock is its own; the lower half is random.
std::uint32_t make_run_id(std::uint64_t random);
bool is_same_clock(std::uint32_t run_id, std::uint32_t own_run_id);
// Of a run on several hosts: nobody outside of it knows whose clock its stamps are of.
std::uint32_t make_common_run_id(std::uint64_t random);

}  // namespace mqtt::bench
