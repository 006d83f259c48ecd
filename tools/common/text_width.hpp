// How many columns of a terminal a text takes: East Asian wide characters two, combining ones none.
// Used where columns are aligned: -F widths under our name, live views. Knows no terminal.
#pragma once

#include <cstddef>
#include <string_view>

namespace tools {

// Bytes that are no UTF-8 count one column each, as terminals show them.
std::size_t text_columns(std::string_view text);

// The longest beginning of `text` that takes at most so many columns; whole characters only.
std::string_view first_columns(std::string_view text, std::size_t columns);

}  // namespace tools
