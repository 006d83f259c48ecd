// Standard input, output and error as they may really be: closed, full, or without a reader. Used by every tool.
// What is written for people goes through here; data goes through Output, which knows why it failed.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace tools {

// First of all: a descriptor that is closed (`2>&-`) would become a socket's, and what is printed would go there.
// Afterwards reading from such an input, and writing to such an output, fails with EBADF, and errors go nowhere.
void secure_standard_streams();

// To standard error, as far as somebody listens: a run does not end because its words cannot be said.
void write_error(std::string_view text);

template <class... Arguments>
void print_error(fmt::format_string<Arguments...> pattern, Arguments&&... arguments) {
    write_error(fmt::format(pattern, std::forward<Arguments>(arguments)...));
}

}  // namespace tools
