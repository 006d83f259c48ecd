// RFC 6455 frames: encoding headers, masking, and a decoder that works in place on whatever pieces
// a stream delivers. Bytes only; used by ws_stream. Allocates nothing and keeps at most one control
// frame's payload, so a frame's claimed length costs nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mqtt/types.hpp"

namespace mqtt::net {

enum class WsOpcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
};

// Status codes of close frames [RFC 6455 section 7.4.1].
enum class WsClose : std::uint16_t {
    none = 0,
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unacceptable_data = 1003,
};

enum class WsRole : std::uint8_t { client, server };

using WsMask = std::array<std::uint8_t, 4>;

inline constexpr std::size_t kWsMaxHeader = 14;
inline constexpr std::size_t kWsMaxControlPayload = 125;

// Writes the header of an unfragmented frame into `out`; returns its size (2 to 14). `mask` is what
// a client must give and a server must not.
std::size_t encode_ws_header(std::span<std::uint8_t, kWsMaxHeader> out, WsOpcode opcode,
                             std::uint64_t payload_bytes, const WsMask* mask);

// XORs `from` into `to`; `position` counts from the frame's first payload byte. `to` may be `from`
// or lie before it (the ranges may overlap then).
void ws_mask(std::uint8_t* to, const std::uint8_t* from, std::size_t size, const WsMask& mask,
             std::uint64_t position);

class WsDecoder {
public:
    // Says whose frames are read: a server reads masked ones.
    explicit WsDecoder(WsRole reader) : reader_(reader) {}

    enum class Event : std::uint8_t { none, ping, pong, close, violation };
    struct Step {
        std::size_t consumed = 0;  // of the input
        std::size_t produced = 0;  // application bytes written to the output
        Event event = Event::none;
    };
    // Decodes until the input ends or an event comes. `out` is the input's own memory, or memory
    // before it (unmasking moves bytes down), with room for as many bytes as the input has.
    Step decode(std::span<const std::uint8_t> in, std::uint8_t* out);

    // Payload of the control frame that the last event announced.
    Bytes control() const { return {control_.data(), control_size_}; }
    // After a violation: the code for the close frame.
    WsClose violation() const { return violation_; }

private:
    bool take_header(std::span<const std::uint8_t> in, Step& step);
    std::size_t header_size() const;
    WsClose check_first_bytes() const;
    WsClose open_frame();
    void take_data(std::span<const std::uint8_t> in, std::uint8_t* out, Step& step);
    void take_control(std::span<const std::uint8_t> in, Step& step);
    WsClose check_close() const;

    WsRole reader_;
    WsOpcode opcode_ = WsOpcode::binary;
    WsClose violation_ = WsClose::none;
    bool in_header_ = true;
    bool in_message_ = false;  // a fragmented message waits for its continuation
    std::uint8_t header_bytes_ = 0;
    std::uint8_t control_size_ = 0;
    std::array<std::uint8_t, kWsMaxHeader> header_{};
    WsMask mask_{};
    std::uint64_t position_ = 0;  // in the frame's payload
    std::uint64_t left_ = 0;      // of the frame's payload
    std::array<std::uint8_t, kWsMaxControlPayload> control_{};
};

}  // namespace mqtt::net
