// Binary payloads as text: a hex dump, and pack strings that name the numbers in a payload.
// Used by message_output; the way back is payload_input.
#pragma once

#include <string>
#include <string_view>

namespace tools {

// Lines of sixteen bytes: offset, hexadecimal, and printable ASCII between bars.
void append_hex_dump(std::string& out, std::string_view bytes);

// The fields of a pack string as pairs: kind, and '<' or '>' for its byte order. Throws UsageError
// naming what it does not know.
std::string pack_fields(std::string_view format);
// Bytes of a field; 0 for s and $.
std::size_t pack_size_of(char kind);

// A pack string, compiled: < and > choose little and big endian (big at first), b B h H i I q Q are
// signed and unsigned integers of 1, 2, 4 and 8 bytes, f d floating point of 4 and 8, c a character,
// x a byte to go past, s the rest as it is, $ the end; a number before a letter repeats it.
class Unpack {
public:
    // Throws UsageError naming what it does not know.
    explicit Unpack(std::string_view format);

    // Appends the values with blanks between them. Returns a complaint when the payload is of another
    // shape, and then appends nothing.
    std::string_view append(std::string& out, std::string_view payload) const;

private:
    std::string fields_;
};

}  // namespace tools
