// See keys.hpp.
#include "mqtt-sub/top/keys.hpp"

#include <array>

namespace mqtt_sub {
namespace {

struct Sequence {
    std::string_view bytes;  // behind ESC
    KeyKind kind;
};

// What xterm, screen, tmux, the Linux console and PuTTY send.
constexpr std::array kSequences{
    Sequence{"[A", KeyKind::up},       Sequence{"OA", KeyKind::up},
    Sequence{"[B", KeyKind::down},     Sequence{"OB", KeyKind::down},
    Sequence{"[C", KeyKind::right},    Sequence{"OC", KeyKind::right},
    Sequence{"[D", KeyKind::left},     Sequence{"OD", KeyKind::left},
    Sequence{"[5~", KeyKind::page_up}, Sequence{"[6~", KeyKind::page_down},
    Sequence{"[H", KeyKind::home},     Sequence{"OH", KeyKind::home},
    Sequence{"[1~", KeyKind::home},    Sequence{"[7~", KeyKind::home},
    Sequence{"[F", KeyKind::end},      Sequence{"OF", KeyKind::end},
    Sequence{"[4~", KeyKind::end},     Sequence{"[8~", KeyKind::end}};

// Length of the escape sequence at the start, ESC included; unknown ones are skipped whole.
std::size_t sequence_length(std::string_view bytes) {
    if (bytes.size() < 2 || (bytes[1] != '[' && bytes[1] != 'O')) return 1;
    std::size_t i = 2;
    while (i < bytes.size() && (bytes[i] < '@' || bytes[i] > '~'))
        ++i;
    return std::min(i + 1, bytes.size());
}

std::size_t character_length(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1;
}

}  // namespace

void KeyReader::feed(std::string_view bytes, std::vector<Key>& keys) {
    std::string all = std::move(rest_);
    rest_.clear();
    all += bytes;
    std::string_view left = all;
    while (!left.empty()) {
        const char c = left[0];
        std::size_t length = 1;
        if (c == '\x1b') {
            length = sequence_length(left);
            if (length == 1) keys.push_back({KeyKind::escape});
            for (const Sequence& sequence : kSequences) {
                if (left.substr(1, length - 1) == sequence.bytes) keys.push_back({sequence.kind});
            }
        } else if (c == '\r' || c == '\n') {
            keys.push_back({KeyKind::enter});
        } else if (c == '\x7f' || c == '\b') {
            keys.push_back({KeyKind::backspace});
        } else if (c == '\f') {
            keys.push_back({KeyKind::redraw});
        } else if (static_cast<unsigned char>(c) >= 0x20) {
            length = character_length(c);
            if (length > left.size()) {
                rest_ = left;
                return;
            }
            keys.push_back({KeyKind::text, std::string(left.substr(0, length))});
        }
        left.remove_prefix(length);
    }
}

}  // namespace mqtt_sub
