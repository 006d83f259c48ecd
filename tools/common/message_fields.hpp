// The fields of a message in expressions, by the names that --json gives them:
//
//   topic  topic[1] (a level, from 0)  qos  retain  dup  payloadlen
//   payload                    the bytes
//   payload.a.b[0]["c d"]      a value in it, when it is JSON; null is missing
//   properties.content_type    a property of MQTT 5.0, - written as _ (or ["content-type"])
//   user.name                  the first user property of this name
//
// Used by mqtt-sub and whoever asks messages for more than their topic.
#pragma once

#include <deque>
#include <string_view>

#include "common/expression.hpp"
#include "mqtt/packet.hpp"

namespace tools {

class MessageFields : public ExpressionFields {
public:
    // `message` must outlive the evaluations that follow.
    void set(const mqtt::Publish& message) { message_ = &message; }
    ExpressionValue value(const ExpressionField& field) override;

private:
    ExpressionValue payload(const ExpressionField& field);
    ExpressionValue property(const ExpressionField& field) const;
    ExpressionValue user_property(std::string_view name) const;

    const mqtt::Publish* message_ = nullptr;
    std::deque<std::string> unescaped_;  // JSON strings by the number of their field
};

// Parses and checks the fields. Throws UsageError naming option and column.
Expression parse_message_expression(std::string_view option, std::string_view text);

extern const std::string_view kExpressionHelp;  // for man pages

}  // namespace tools
