// Where a result goes: the summary to standard output, other forms to files. Used by commands and
// report_commands.
#pragma once

#include <string>

namespace mqtt::bench {

struct Result;

// File names; empty: not wanted, "-": standard output, in place of the summary.
struct Outputs {
    std::string json, csv, html, junit, markdown;
    bool any() const { return !(json + csv + html + junit + markdown).empty(); }
};

// Throws std::runtime_error when a file cannot be written.
void write_outputs(const Result& result, const Outputs& outputs);
void write_file(const std::string& path, const std::string& text);  // "-": standard output
std::string read_file(const std::string& path);
void write_stdout(const std::string& text);

}  // namespace mqtt::bench
