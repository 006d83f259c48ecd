// A cursor over the bytes of one packet. The first thing that does not fit makes it fail for good:
// reads then give zero or nothing, so decoders check once at the end of a group of fields.
// Used by decode and properties. Never reads past its end, never allocates.
#pragma once

#include <string_view>

#include "core/utf8.hpp"
#include "core/varint.hpp"
#include "mqtt/error.hpp"
#include "mqtt/types.hpp"

namespace mqtt::core {

class Reader {
public:
    explicit Reader(Bytes bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    bool ok() const { return problem_ == nullptr; }
    bool at_end() const { return at_ == end_; }
    std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
    const std::uint8_t* position() const { return at_; }

    // Of the first failure; only when !ok(). Every failure here is a Malformed Packet.
    Error error() const { return {Errc::malformed_packet, ReasonCode::malformed_packet, problem_}; }

    std::uint8_t u8() {
        if (remaining() < 1) return fail(kTooShort), std::uint8_t{0};
        return *at_++;
    }
    std::uint16_t u16() {
        if (remaining() < 2) return fail(kTooShort), std::uint16_t{0};
        const auto value = static_cast<std::uint16_t>(at_[0] << 8 | at_[1]);
        at_ += 2;
        return value;
    }
    std::uint32_t u32() {
        const std::uint32_t high = u16();
        return high << 16 | u16();
    }
    std::uint32_t varint() {
        std::uint32_t value = 0;
        const int used = decode_varint(at_, end_, value);
        if (used <= 0) {
            fail(used == kVarintIncomplete ? kTooShort : "variable byte integer is not minimal");
            return 0;
        }
        at_ += used;
        return value;
    }
    Bytes bytes(std::size_t count) {
        if (remaining() < count) return fail(kTooShort), Bytes{};
        const Bytes taken(at_, count);
        at_ += count;
        return taken;
    }
    Bytes rest() { return bytes(remaining()); }

    // Two bytes of length, then the bytes.
    Bytes binary() { return bytes(u16()); }
    // The same as text, unchecked: for bytes that were validated before, or are checked next.
    std::string_view raw_text() { return as_text(binary()); }
    // A UTF-8 encoded string.
    std::string_view text() {
        const std::string_view value = raw_text();
        if (is_valid_utf8(value)) return value;
        fail(kNotUtf8);  // [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT311-1.5.3-1] [MQTT311-1.5.3-2]
        return {};
    }

    static constexpr const char* kTooShort = "packet ends inside a field";
    static constexpr const char* kNotUtf8 = "string is not valid UTF-8, or has U+0000";

private:
    void fail(const char* problem) {
        if (problem_ == nullptr) problem_ = problem;
        at_ = end_;
    }

    const std::uint8_t* at_;
    const std::uint8_t* end_;
    const char* problem_ = nullptr;
};

}  // namespace mqtt::core
