// What a run waits for: --until EXPR and --expect FILE. Used by subscriber. Knows no output.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/expression.hpp"
#include "common/message_fields.hpp"
#include "common/message_json.hpp"
#include "mqtt/packet.hpp"

namespace mqtt_sub {

// One thing to be seen: an expression that holds, or a message with the same fields.
class Expected {
public:
    // Throws tools::UsageError. `option` names its origin in messages.
    Expected(std::string_view option, std::string_view text);

    bool is_met_by(const mqtt::Publish& message, tools::MessageFields& fields) const;
    const std::string& text() const { return text_; }

private:
    struct Pattern {
        tools::JsonMessage message;
        bool has_payload = false;
    };
    static Pattern parse_pattern(std::string_view option, std::string_view text);
    static bool matches(const Pattern& pattern, const mqtt::Publish& message);

    std::string text_;
    std::variant<tools::Expression, Pattern> what_;
};

class Expectation {
public:
    Expectation() = default;
    // --until: one thing. Throws tools::UsageError.
    static Expectation until(std::string_view expression);
    // --expect: a line each, to be seen in this order, with anything in between; empty lines and
    // those that begin with # do not count. Throws tools::UsageError naming line and file.
    static Expectation from_file(const std::string& path);
    static Expectation from_lines(std::string_view name, std::string_view lines);

    bool is_active() const { return !all_.empty(); }
    bool is_met() const { return seen_ == all_.size(); }
    // Takes a message that was shown; true when it was the last that was missing.
    bool take(const mqtt::Publish& message);
    // What is waited for now, for people.
    std::string missing() const;

private:
    std::vector<Expected> all_;
    std::size_t seen_ = 0;
    tools::MessageFields fields_;
};

}  // namespace mqtt_sub
