// Regular expressions: a line with the pattern, then a text. Any pattern and text end in time; what an
// anchored pattern finds, the plain one finds, too.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "common/regex.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t newline = std::min(input.find('\n'), input.size());
    const std::string pattern(input.substr(0, newline));
    const std::string_view text = input.substr(std::min(newline + 1, input.size()));
    try {
        const tools::Regex plain(pattern);
        const bool found = plain.search(text);
        if (plain.search(text) != found) std::abort();  // what it has learned changes nothing
        if (pattern.starts_with("(?")) return 0;        // flags only at the start
        const tools::Regex anchored("^(?:" + pattern + ")$");
        if (anchored.search(text) && !found) std::abort();
        const tools::Regex either("(?:" + pattern + ")|(?:" + pattern + ")");
        if (either.search(text) != found) std::abort();
    } catch (const std::invalid_argument& error) {
        if (error.what()[0] == '\0') std::abort();
    }
    return 0;
}
