// See conf_values.hpp.
#include "mqtt-broker-lite/conf_values.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace tools::broker_lite {

bool boolean(const ConfLine& line) {
    if (line.value == "true" || line.value == "1") return true;
    if (line.value == "false" || line.value == "0") return false;
    throw ConfError("'" + line.value + "' is neither true nor false");
}

std::int64_t integer(const ConfLine& line, std::int64_t least, std::int64_t most) {
    std::string_view text = line.value;
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text.starts_with('0')) {
        base = 8;
    }
    std::int64_t number = 0;
    const auto [end, failed] =
        std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (failed != std::errc() || end != text.data() + text.size()) {
        throw ConfError("'" + line.value + "' is not a whole number");
    }
    if (negative) number = -number;
    if (number < least || number > most) {
        throw ConfError("'" + line.value + "' is not from " + std::to_string(least) + " to " +
                        std::to_string(most));
    }
    return number;
}

std::size_t limit(const ConfLine& line) {
    return static_cast<std::size_t>(std::max<std::int64_t>(0, integer(line, -1, kMostNumber)));
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> all;
    for (std::string word; in >> word;)
        all.push_back(std::move(word));
    return all;
}

}  // namespace tools::broker_lite
