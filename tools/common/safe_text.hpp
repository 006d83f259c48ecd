// Text from strangers for a terminal: what could control it (escape sequences, C1 controls, changes of
// the direction of writing, bytes that are no UTF-8) is shown as an escape instead. And how many
// columns text takes there. Used wherever payloads, topics and reasons meet a screen.
//
// Escapes are \n \r \t, \xHH for other control characters and stray bytes, \uHHHH for the rest; inside
// JSON the last kind is the only one that occurs, so JSON stays JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tools {

enum class Lines : unsigned char {
    keep,    // newlines and tabs stay
    escape,  // everything on one line
};

// Makes the end of `out`, from `start` on, safe.
void make_safe(std::string& out, std::size_t start, Lines lines);

// Columns on a terminal: wide characters take two, combining marks none. Of safe text.
std::size_t columns_of(std::string_view text);

// The longest beginning of `text` that fits in `columns`.
std::string_view cut_columns(std::string_view text, std::size_t columns);

// Appends as much of safe `text` as fits in `columns`, ending in "…" when it is cut, then blanks up to
// `columns` when `pad` is set. Gives the columns that the text took.
std::size_t append_columns(std::string& out, std::string_view text, std::size_t columns, bool pad);

}  // namespace tools
