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

struct OptionsFile {
    std::vector<FlagUse> uses{};  // marked as coming from a file
    std::string fault{};          // what is wrong with the line behind those
};

// The options of a file, up to one that is wrong. A line is an option and, after one blank, its
// value: verbatim, with quotes and trailing blanks. '#' in the first column comments, empty lines
// and blanks in front are skipped. -D takes its words split at blanks (its last keeps them); mosquitto refuses it.
// nullopt: there is no such file. A fault has file and line in front; under mosquitto's names it stands alone, and
// --help ends the reading.
std::optional<OptionsFile> read_options_file(const std::string& path,
                                             std::span<const Flag* const> flags, Persona persona);

}  // namespace tools
