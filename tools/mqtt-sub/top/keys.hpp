// What was typed: bytes of a terminal in raw mode to keys. Used by live_top. Knows no terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mqtt_sub {

enum class KeyKind : unsigned char {
    text,  // `text` is one character in UTF-8
    enter,
    escape,
    backspace,
    up,
    down,
    left,
    right,
    page_up,
    page_down,
    home,
    end,
    redraw,  // Ctrl-L
};

struct Key {
    KeyKind kind = KeyKind::text;
    std::string text{};
    friend bool operator==(const Key&, const Key&) = default;
};

class KeyReader {
public:
    // Appends the keys that are complete. An escape at the end of `bytes` is the key: terminals send
    // the sequences of other keys at once.
    void feed(std::string_view bytes, std::vector<Key>& keys);

private:
    std::string rest_;  // of a character in UTF-8
};

}  // namespace mqtt_sub
