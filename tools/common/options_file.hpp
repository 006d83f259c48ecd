// Options files: where they are looked for and how they are read (clients of mosquitto know them).
// Used by app. The parser itself is cli's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/flags.hpp"

namespace tools {

// $XDG_CONFIG_HOME/NAME, else $HOME/.config/NAME. Empty when neither variable is set.
std::string default_options_path(std::string_view name);

// The options of a file, marked as coming from it. A line is an option and, after one blank, its
// value: verbatim, with quotes and trailing blanks. '#' in the first column comments, empty lines
// are skipped. -D takes its words split at blanks (its last keeps them); mosquitto refuses it.
// nullopt: there is no such file. Throws UsageError naming file and line.
std::optional<std::vector<FlagUse>> read_options_file(const std::string& path,
                                                      std::span<const Flag* const> flags,
                                                      Persona persona);

}  // namespace tools
