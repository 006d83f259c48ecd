// One line of --stat: what came in the time since the last one. Used by live_stat.
#pragma once

#include <string>
#include <vector>

#include "common/message_clock.hpp"
#include "mqtt-sub/top/topic_table.hpp"

namespace mqtt_sub {

class StatLine {
public:
    static constexpr std::string_view kHeading =
        "TIME         MSG/S      BYTES/S         MSGS   TOPICS  BUSIEST\n";

    // Appends a line for the `seconds` since the last call, as columns or as a JSON object.
    void append(std::string& out, const TopicTable& table, double seconds, bool is_json,
                const tools::MessageClock& clock);

private:
    std::uint64_t messages_ = 0;
    std::uint64_t bytes_ = 0;
    std::vector<std::uint64_t> per_topic_;  // messages at the last line, by index in the table
};

}  // namespace mqtt_sub
