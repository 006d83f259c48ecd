// The options of mqtt-sub as plain data, and its table. Parsing has no side effects.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/app.hpp"
#include "common/connect_settings.hpp"
#include "common/message_output.hpp"
#include "mqtt/packet.hpp"

namespace mqtt_sub {

struct Options {
    tools::ConnectSettings settings;
    mqtt::ConnectOptions connect;  // made from `settings`

    std::vector<std::string> filters;
    std::vector<std::string> hidden_filters;  // -T
    std::vector<std::string> unsubscribes;    // -U
    mqtt::SubscriptionOptions subscription;
    tools::MessageStyle style;

    std::optional<std::uint64_t> count;               // -C
    std::optional<std::chrono::nanoseconds> timeout;  // -W
    std::optional<std::chrono::nanoseconds> idle;     // --idle
    bool exit_after_subscribe = false;                // -E
    bool skip_retained = false;                       // -R
    bool retained_only = false;
    bool remove_retained = false;
    double random_percent = 100;
    bool message_rate = false;
    bool watch = false;
};

// Reads and checks everything. Throws tools::UsageError.
Options parse_options(const tools::Invocation& invocation);

const tools::ToolInfo& tool_info();
void append_sub_flags(std::vector<const tools::Flag*>& flags);

}  // namespace mqtt_sub
