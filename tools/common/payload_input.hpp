// Binary payloads from text: hexadecimal digits and dumps, and values that a pack string puts in bytes.
// Used by mqtt-pub. Reads what payload_text and -F %x of mqtt-sub print.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tools {

// Appends the bytes that `text` names: digits in pairs with blanks, colons or nothing between them, or
// the lines of a dump (mqtt-sub --hex-dump, hexdump -C, xxd). Returns a complaint, and then `out` is as
// it was; empty when all was well.
std::string append_from_hex(std::string& out, std::string_view text);

// A pack string (see Unpack), compiled. x is a zero byte, s the rest of the text behind one blank, $
// is nothing.
class Pack {
public:
    // Throws UsageError naming what it does not know.
    explicit Pack(std::string_view format);

    // Appends the values of `text`, which has blanks between them, as bytes. Returns a complaint, and
    // then `out` is as it was; empty when all was well.
    std::string append(std::string& out, std::string_view text) const;

private:
    std::string fields_;
};

}  // namespace tools
