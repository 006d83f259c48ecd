// What kind of screen a stream is: terminal or not, width, colours wanted or not.
// Used by help, logs and live views. Writes nothing.
#pragma once

#include <string_view>

namespace tools {

enum class ColorWish { automatic, always, never };

// Throws UsageError for anything but auto, always, never.
ColorWish parse_color_wish(std::string_view option, std::string_view word);

bool is_terminal(int descriptor);

// Columns of the terminal behind `descriptor`; $COLUMNS, else 80 when there is none.
int terminal_width(int descriptor);
int terminal_height(int descriptor);

// automatic: a terminal, NO_COLOR unset or empty, TERM not "dumb".
bool wants_color(int descriptor, ColorWish wish);

}  // namespace tools
