// Writes fields into bytes that were reserved before, their number known: sizes are computed first,
// so there is no check per field but an assertion in debug builds. Used by encode and builders.
#pragma once

#include <cstring>
#include <string_view>

#include "base/assert.hpp"
#include "core/varint.hpp"
#include "mqtt/types.hpp"

namespace mqtt::core {

class Writer {
public:
    Writer(std::uint8_t* at, std::size_t size) : at_(at), end_(at + size) {}
    ~Writer() { MQTT_ASSERT(at_ == end_); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void u8(std::uint8_t value) {
        MQTT_ASSERT(at_ < end_);
        *at_++ = value;
    }
    void u16(std::uint16_t value) {
        MQTT_ASSERT(end_ - at_ >= 2);
        at_[0] = static_cast<std::uint8_t>(value >> 8);
        at_[1] = static_cast<std::uint8_t>(value);
        at_ += 2;
    }
    void u32(std::uint32_t value) {
        u16(static_cast<std::uint16_t>(value >> 16));
        u16(static_cast<std::uint16_t>(value));
    }
    void varint(std::uint32_t value) {
        MQTT_ASSERT(value <= kLargestVarint);
        MQTT_ASSERT(static_cast<std::size_t>(end_ - at_) >= varint_size(value));
        at_ = encode_varint(at_, value);
    }
    void bytes(Bytes value) {
        MQTT_ASSERT(static_cast<std::size_t>(end_ - at_) >= value.size());
        if (!value.empty()) std::memcpy(at_, value.data(), value.size());
        at_ += value.size();
    }
    // Two bytes of length, then the bytes.
    void binary(Bytes value) {
        MQTT_ASSERT(value.size() <= 0xFFFF);
        u16(static_cast<std::uint16_t>(value.size()));
        bytes(value);
    }
    void text(std::string_view value) { binary(as_bytes(value)); }

private:
    std::uint8_t* at_;
    std::uint8_t* end_;
};

}  // namespace mqtt::core
