// Writes JSON with commas and indentation; numbers as they are, strings quoted. An object or array
// begun as a line stays on one. Used by the JSON forms of results, searches and comparisons.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <string>
#include <string_view>

#include "mqtt-bench/text.hpp"

namespace mqtt::bench {

class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    // `name` is empty for elements of arrays and the outermost value.
    void begin(std::string_view name, char bracket, bool as_line = false) {
        key(name);
        out_ += bracket;
        first_ = true;
        ++depth_;
        if (as_line && line_depth_ == 0) line_depth_ = depth_;
    }
    void end(char bracket) {
        const bool was_line = line_depth_ != 0;
        if (line_depth_ == depth_) line_depth_ = 0;
        --depth_;
        if (!was_line) break_line();
        out_ += bracket;
        first_ = false;
    }
    void text(std::string_view name, std::string_view value) {
        key(name);
        out_ += format_json_string(value);
    }
    void number(std::string_view name, double value) {
        key(name);
        if (std::isfinite(value)) {
            fmt::format_to(std::back_inserter(out_), "{}", value);
        } else {
            out_ += "null";
        }
    }
    void count(std::string_view name, std::uint64_t value) {
        key(name);
        fmt::format_to(std::back_inserter(out_), "{}", value);
    }
    void flag(std::string_view name, bool value) {
        key(name);
        out_ += value ? "true" : "false";
    }

private:
    void key(std::string_view name) {
        if (depth_ > 0) {
            if (!first_) out_ += ',';
            if (line_depth_ == 0) {
                break_line();
            } else if (!first_) {
                out_ += ' ';
            }
        }
        first_ = false;
        if (!name.empty()) fmt::format_to(std::back_inserter(out_), "\"{}\": ", name);
    }
    void break_line() {
        out_ += '\n';
        out_.append(static_cast<std::size_t>(depth_) * 2, ' ');
    }

    std::string& out_;
    int depth_ = 0;
    int line_depth_ = 0;  // the container that is written as one line; 0: none
    bool first_ = true;
};

}  // namespace mqtt::bench
