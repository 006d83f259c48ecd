// See terminal.hpp.
#include "common/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "common/flags.hpp"

namespace tools {
namespace {

int positive_from_environment(const char* name, int otherwise) {
    const char* text = std::getenv(name);
    const int value = text == nullptr ? 0 : std::atoi(text);
    return value > 0 ? value : otherwise;
}

bool is_set(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != 0;
}

}  // namespace

ColorWish parse_color_wish(std::string_view option, std::string_view word) {
    if (word == "auto") return ColorWish::automatic;
    if (word == "always") return ColorWish::always;
    if (word == "never") return ColorWish::never;
    throw UsageError("option '" + std::string(option) + "' needs auto, always or never");
}

bool is_terminal(int descriptor) {
    return ::isatty(descriptor) == 1;
}

int terminal_width(int descriptor) {
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return positive_from_environment("COLUMNS", 80);
}

int terminal_height(int descriptor) {
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) return size.ws_row;
    return positive_from_environment("LINES", 24);
}

bool wants_color(int descriptor, ColorWish wish) {
    if (wish != ColorWish::automatic) return wish == ColorWish::always;
    const char* term = std::getenv("TERM");
    const bool is_dumb = term == nullptr || std::string_view(term) == "dumb";
    return is_terminal(descriptor) && !is_set("NO_COLOR") && !is_dumb;
}

}  // namespace tools
