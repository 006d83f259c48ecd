// RFC 6455 frames as vectors, in every chunking.
#include "net/ws_frame.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mqtt;
using namespace mqtt::net;
using Event = WsDecoder::Event;

namespace {

std::string unhex(std::string_view hex) {
    std::string out;
    int high = -1;
    for (const char c : hex) {
        if (c == ' ') continue;
        const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
        if (high < 0) {
            high = digit;
            continue;
        }
        out.push_back(static_cast<char>(high * 16 + digit));
        high = -1;
    }
    return out;
}

struct Decoded {
    std::string data;
    std::string events;  // p ping, o pong, c close, v violation; each followed by [control payload]
    WsClose violation = WsClose::none;
};

// Feeds `wire` in pieces of `piece` bytes, decoding in place as the stream does.
Decoded decode(WsRole reader, std::string wire, std::size_t piece) {
    Decoded out;
    WsDecoder decoder(reader);
    for (std::size_t at = 0; at < wire.size(); at += piece) {
        std::string raw = wire.substr(at, piece);
        auto* bytes = reinterpret_cast<std::uint8_t*>(raw.data());
        std::span<const std::uint8_t> left(bytes, raw.size());
        std::uint8_t* to = bytes;
        while (!left.empty()) {
            const WsDecoder::Step step = decoder.decode(left, to);
            out.data.append(reinterpret_cast<const char*>(to), step.produced);
            to += step.produced;
            left = left.subspan(step.consumed);
            if (step.event == Event::none) continue;
            const char names[] = {'-', 'p', 'o', 'c', 'v'};
            out.events += names[static_cast<int>(step.event)];
            if (step.event == Event::violation) {
                out.violation = decoder.violation();
                return out;
            }
            out.events += "[" + std::string(as_text(decoder.control())) + "]";
        }
    }
    return out;
}

std::string encode(WsOpcode opcode, const std::string& payload, const WsMask* mask) {
    std::array<std::uint8_t, kWsMaxHeader> header;
    const std::size_t size = encode_ws_header(header, opcode, payload.size(), mask);
    std::string out(as_text(Bytes(header).first(size)));
    std::string body = payload;
    auto* bytes = reinterpret_cast<std::uint8_t*>(body.data());
    if (mask) ws_mask(bytes, bytes, body.size(), *mask, 0);
    return out + body;
}

}  // namespace

TEST_CASE("ws frame: the examples of RFC 6455 section 5.7 decode") {
    // 5.7 shows text frames; the same with opcode 2, which is all that MQTT uses.
    CHECK(decode(WsRole::client, unhex("82 05 48 65 6c 6c 6f"), 7).data == "Hello");
    CHECK(decode(WsRole::server, unhex("82 85 37 fa 21 3d 7f 9f 4d 51 58"), 11).data == "Hello");
    CHECK(decode(WsRole::client, unhex("02 03 48 65 6c 80 02 6c 6f"), 9).data == "Hello");
    CHECK(decode(WsRole::client, unhex("89 05 48 65 6c 6c 6f"), 7).events == "p[Hello]");
    CHECK(decode(WsRole::server, unhex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"), 11).events ==
          "o[Hello]");
}

TEST_CASE("ws frame: any chunking gives the same bytes and events [MQTT-6.0.0-2]") {
    const WsMask mask{0x12, 0x34, 0x56, 0x78};
    std::string wire;
    std::string expected;
    for (const std::size_t size : {0, 1, 2, 7, 8, 9, 124, 125, 126, 127, 300, 65535, 65536}) {
        std::string payload(size, '\0');
        for (std::size_t i = 0; i < size; ++i)
            payload[i] = static_cast<char>(i * 7 + size);
        wire += encode(WsOpcode::binary, payload, &mask);
        wire += encode(WsOpcode::ping, std::string("p") + std::to_string(size), &mask);
        expected += payload;
    }
    const Decoded whole = decode(WsRole::server, wire, wire.size());
    CHECK(whole.data == expected);
    for (const std::size_t piece : {1, 2, 3, 5, 13, 125, 1000, 65537}) {
        const Decoded cut = decode(WsRole::server, wire, piece);
        CHECK(cut.data == expected);
        CHECK(cut.events == whole.events);
    }
}

TEST_CASE("ws frame: control frames may stand between the fragments of a message") {
    const std::string wire =
        unhex("02 02 61 62") + unhex("89 01 70") + unhex("00 01 63") + unhex("80 01 64");
    for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
        const Decoded out = decode(WsRole::client, wire, piece);
        CHECK(out.data == "abcd");
        CHECK(out.events == "p[p]");
    }
}

TEST_CASE("ws frame: what RFC 6455 forbids is a violation with its close code [MQTT-6.0.0-1]") {
    struct Row {
        WsRole reader;
        const char* hex;
        WsClose code;
        const char* why;
    };
    const Row rows[] = {
        {WsRole::client, "81 01 61", WsClose::unacceptable_data, "text frame"},
        {WsRole::server, "81 81 00 00 00 00 61", WsClose::unacceptable_data, "masked text frame"},
        {WsRole::server, "82 01 61", WsClose::protocol_error, "client frame without a mask"},
        {WsRole::client, "82 81 00 00 00 00 61", WsClose::protocol_error,
         "server frame with a mask"},
        {WsRole::client, "c2 01 61", WsClose::protocol_error, "RSV1 (compression was not agreed)"},
        {WsRole::client, "a2 01 61", WsClose::protocol_error, "RSV2"},
        {WsRole::client, "92 01 61", WsClose::protocol_error, "RSV3"},
        {WsRole::client, "83 01 61", WsClose::protocol_error, "unknown data opcode"},
        {WsRole::client, "8b 00", WsClose::protocol_error, "unknown control opcode"},
        {WsRole::client, "80 01 61", WsClose::protocol_error, "continuation of nothing"},
        {WsRole::client, "02 01 61 82 01 61", WsClose::protocol_error,
         "new message inside another"},
        {WsRole::client, "09 01 61", WsClose::protocol_error, "fragmented ping"},
        {WsRole::client, "89 7e 00 7e", WsClose::protocol_error, "ping of more than 125 bytes"},
        {WsRole::client, "82 7e 00 7d", WsClose::protocol_error, "125 in two bytes: not minimal"},
        {WsRole::client, "82 7f 00 00 00 00 00 00 ff ff", WsClose::protocol_error,
         "65535 in eight bytes"},
        {WsRole::client, "82 7f 80 00 00 00 00 01 00 00", WsClose::protocol_error,
         "length with the top bit"},
        {WsRole::client, "88 01 03", WsClose::protocol_error, "close with half a code"},
        {WsRole::client, "88 02 03 ed", WsClose::protocol_error,
         "close with 1005, which never travels"},
        {WsRole::client, "88 02 03 e7", WsClose::protocol_error, "close with 999"},
        {WsRole::client, "88 02 07 d0", WsClose::protocol_error,
         "close with 2000, which nobody defined"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.why);
        const std::string wire = unhex(row.hex);
        for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
            const Decoded out = decode(row.reader, wire, piece);
            REQUIRE(out.events.ends_with("v"));
            CHECK(out.violation == row.code);
        }
    }
}

TEST_CASE("ws frame: close codes that may travel are taken") {
    for (const char* hex :
         {"88 00", "88 02 03 e8", "88 02 03 f3", "88 06 0b b8 62 79 65 21", "88 02 13 87"}) {
        CAPTURE(hex);
        const std::string wire = unhex(hex);
        CHECK(decode(WsRole::client, wire, 1).events.starts_with("c["));
    }
}

TEST_CASE("ws frame: headers are as short as they can be") {
    std::array<std::uint8_t, kWsMaxHeader> header;
    const WsMask mask{1, 2, 3, 4};
    struct Row {
        std::uint64_t payload;
        std::size_t size;
    };
    for (const Row row :
         {Row{0, 2}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}, {1ULL << 40, 10}}) {
        CHECK(encode_ws_header(header, WsOpcode::binary, row.payload, nullptr) == row.size);
        CHECK(encode_ws_header(header, WsOpcode::binary, row.payload, &mask) == row.size + 4);
    }
}

TEST_CASE("ws frame: masking in pieces equals masking at once") {
    const WsMask mask{0xa1, 0xb2, 0xc3, 0xd4};
    std::string text(257, 'x');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>(i);
    std::string naive = text;
    for (std::size_t i = 0; i < naive.size(); ++i)
        naive[i] = static_cast<char>(naive[i] ^ mask[i % 4]);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        std::string out = text;
        auto* bytes = reinterpret_cast<std::uint8_t*>(out.data());
        ws_mask(bytes, bytes, cut, mask, 0);
        ws_mask(bytes + cut, bytes + cut, out.size() - cut, mask, cut);
        REQUIRE(out == naive);
    }
}
