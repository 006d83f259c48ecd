// Histograms in HdrHistogram's V2 interval log, which other viewers open: writing, and reading of
// what we wrote. Blocks are stored, not compressed, so that no zlib is needed. Used by the run
// (--hdr) and by merge and report; opens no file itself.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt-bench/histogram.hpp"

namespace mqtt::bench {

std::string encode_base64(std::span<const std::uint8_t> bytes);
std::optional<std::vector<std::uint8_t>> decode_base64(std::string_view text);

// The compressed V2 form (cookie, length, zlib stream of stored blocks), not yet in base64.
std::vector<std::uint8_t> encode_histogram(const Histogram& histogram);
// Nothing: not a V2 histogram of our layout, or a zlib stream with compressed blocks.
std::optional<Histogram> decode_histogram(std::span<const std::uint8_t> bytes);

// Lines before the first interval; `start` in seconds since the epoch.
std::string hdr_log_head(double start);
// One interval of one series; `tag` without commas, times in seconds since the start.
std::string hdr_log_line(std::string_view tag, double start, double length,
                         const Histogram& histogram);

struct HdrLogLine {
    std::string tag;
    double start = 0;
    double length = 0;
    Histogram histogram;
};
// Nothing for comments, the legend and lines that do not parse.
std::optional<HdrLogLine> parse_hdr_log_line(std::string_view line);

}  // namespace mqtt::bench
