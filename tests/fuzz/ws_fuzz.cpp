// The WebSocket decoder on any bytes: whole and in pieces it must say the same, and never write more
// than it was given. The first byte chooses the side and the size of the pieces.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/ws_frame.hpp"

namespace {

using namespace mqtt;
using namespace mqtt::net;

std::string decode(WsRole reader, Bytes wire, std::size_t piece) {
    std::string out;
    WsDecoder decoder(reader);
    while (!wire.empty()) {
        std::vector<std::uint8_t> raw(
            wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(std::min(piece, wire.size())));
        wire = wire.subspan(raw.size());
        Bytes left(raw);
        std::uint8_t* to = raw.data();
        while (!left.empty()) {
            const WsDecoder::Step step = decoder.decode(left, to);
            if (step.produced > step.consumed) std::abort();
            out.append(reinterpret_cast<const char*>(to), step.produced);
            to += step.produced;
            left = left.subspan(step.consumed);
            if (step.event == WsDecoder::Event::violation) return out + "!";
            if (step.event == WsDecoder::Event::none) continue;
            out.append("<").append(as_text(decoder.control())).append(">");
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const WsRole reader = data[0] & 1 ? WsRole::server : WsRole::client;
    const Bytes wire(data + 1, size - 1);
    const std::string whole = decode(reader, wire, wire.size() + 1);
    if (decode(reader, wire, 1 + (data[0] >> 1)) == whole) return 0;
    std::fprintf(stderr, "pieces of %d bytes decode to something else\n", 1 + (data[0] >> 1));
    std::abort();
}
