// The part of TOML that scenario files use, read strictly: [tables], [[arrays of tables]], bare,
// quoted and dotted keys, strings, numbers, booleans, arrays of these. No inline tables, no dates, no
// multi-line strings: they are refused with file and line. Values stay text, since the option tables
// know how to read them. Used by scenario.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt::bench {

struct TomlEntry {
    std::string key;                  // dots kept: "e2e.p99"
    std::vector<std::string> values;  // one, unless is_array
    bool is_array = false;
    bool is_bool = false;  // values[0] is "true" or "false"
    int line = 0;
};

struct TomlTable {
    std::string name;      // empty: what stands before the first table
    bool repeats = false;  // [[name]]
    int line = 0;
    std::vector<TomlEntry> entries;

    const TomlEntry* find(std::string_view key) const;
};

struct TomlFile {
    std::string name;               // for messages
    std::vector<TomlTable> tables;  // in order; the first is the nameless one
};

// "FILE:LINE: what is wrong".
class TomlError : public std::invalid_argument {
public:
    TomlError(const TomlFile& file, int line, std::string_view what);
};

// Throws TomlError.
TomlFile parse_toml(std::string name, std::string_view text);

}  // namespace mqtt::bench
