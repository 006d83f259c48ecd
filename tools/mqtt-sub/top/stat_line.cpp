// See stat_line.hpp.
#include "mqtt-sub/top/stat_line.hpp"

#include <fmt/format.h>

#include <iterator>

#include "common/json.hpp"
#include "common/safe_text.hpp"

namespace mqtt_sub {

void StatLine::append(std::string& out, const TopicTable& table, double seconds, bool is_json,
                      const tools::MessageClock& clock) {
    const Totals& totals = table.totals();
    const double rate = static_cast<double>(totals.messages - messages_) / seconds;
    const double byte_rate = static_cast<double>(totals.bytes - bytes_) / seconds;
    messages_ = totals.messages;
    bytes_ = totals.bytes;
    per_topic_.resize(table.topics().size());
    std::uint64_t most = 0;
    std::string busiest;
    for (std::size_t i = 0; i < per_topic_.size(); ++i) {
        const TopicStats& stats = table.topics()[i];
        const std::uint64_t n = stats.messages - per_topic_[i];
        per_topic_[i] = stats.messages;
        if (n <= most) continue;
        most = n;
        busiest = stats.topic;
    }
    const double busiest_rate = static_cast<double>(most) / seconds;
    const auto append = std::back_inserter(out);
    if (is_json) {
        out += "{\"tst\":\"";
        clock.append_iso_microseconds(out);
        fmt::format_to(append,
                       "\",\"messages_per_second\":{:.1f},\"bytes_per_second\":{:.1f},"
                       "\"messages\":{},\"bytes\":{},\"topics\":{},\"busiest\":",
                       rate, byte_rate, messages_, bytes_, per_topic_.size());
        if (most == 0) {
            out += "null}\n";
            return;
        }
        out += "{\"topic\":";
        tools::append_json_string(out, busiest);
        fmt::format_to(append, ",\"messages_per_second\":{:.1f}}}}}\n", busiest_rate);
        return;
    }
    tools::make_safe(busiest, 0, tools::Lines::escape);
    const std::tm& now = clock.local();
    fmt::format_to(append, "{:02}:{:02}:{:02} {:>9.0f} {:>12.0f} {:>12} {:>8}", now.tm_hour,
                   now.tm_min, now.tm_sec, rate, byte_rate, messages_, per_topic_.size());
    if (most > 0) fmt::format_to(append, "  {} {:.0f}/s", busiest, busiest_rate);
    out += '\n';
}

}  // namespace mqtt_sub
