// --line-format: where topic, payload, QoS and retain flag stand in a line of input. Compiled once.
// Used by message_source. Knows no stream.
//
//   %t topic   %p payload   %x payload in hexadecimal   %q QoS   %r retain flag, 0 or 1   %% a percent sign
//   \t \n \r \0 \\ \xHH and any other text: separators, which must be there
//
// A field reaches to the next separator, the last one to the end of the line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt_pub {

struct ParsedLine {
    std::optional<std::string_view> topic;
    std::string_view payload;  // of the line, or of the LineFormat (%x)
    std::optional<mqtt::QoS> qos;
    std::optional<bool> retain;
};

class LineFormat {
public:
    // Throws tools::UsageError.
    explicit LineFormat(std::string_view text);

    bool has_topic() const;
    // nullopt, with a reason in `problem`: the line does not look so. Views live until the next call.
    std::optional<ParsedLine> parse(std::string_view line, std::string& problem);

private:
    struct Field {
        char kind = 0;          // letter behind %; 0: only the separator
        std::string separator;  // behind it; empty: the end of the line
    };
    bool set(ParsedLine& parsed, char kind, std::string_view value, std::string& problem);

    std::vector<Field> fields_;
    std::string bytes_;  // what %x stands for
};

// "\n", "\0", "\x1e" or the character itself. Throws tools::UsageError naming the option.
char parse_delimiter(std::string_view option, std::string_view text);

}  // namespace mqtt_pub
