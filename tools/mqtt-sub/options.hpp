// The options of mqtt-sub as plain data, and its table. Parsing has no side effects.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/app.hpp"
#include "common/connect_settings.hpp"
#include "common/message_output.hpp"
#include "mqtt-sub/command/command_options.hpp"
#include "mqtt-sub/expectation.hpp"
#include "mqtt-sub/select/selection.hpp"
#include "mqtt/packet.hpp"

namespace mqtt_sub {

// What --subscribe says about one filter; the rest is as for all.
struct FilterOptions {
    std::optional<mqtt::QoS> qos;
    std::optional<mqtt::RetainHandling> retain_handling;
    bool no_local = false;
    bool retain_as_published = false;
};

struct Options {
    tools::ConnectSettings settings;
    mqtt::ConnectOptions connect;  // made from `settings`

    std::vector<std::string> filters;
    std::vector<FilterOptions> own_options;   // of filters with the same index; may be shorter
    std::vector<std::string> hidden_filters;  // -T
    std::vector<std::string> unsubscribes;    // -U
    mqtt::SubscriptionOptions subscription;
    SelectionOptions selection;
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
    bool qos_given = false;
    tools::ColorWish color = tools::ColorWish::automatic;
    CommandOptions command;
    std::string until;        // --until
    std::string expect_path;  // --expect
    bool snapshot = false;
    std::string record_path;  // --record; empty: none

    bool top = false;
    std::optional<std::chrono::nanoseconds> stat_interval;  // --stat

    // --record and live views take the place of plain output.
    bool has_live_view() const { return top || stat_interval; }
    bool prints_messages() const {
        if (has_live_view()) return false;
        if (command.kind != CommandOptions::Kind::none) return false;
        return record_path.empty() || style.verbose || style.json || style.format;
    }
};

// Reads and checks everything. Throws tools::UsageError.
Options parse_options(const tools::Invocation& invocation);

// Options of the filter with this index, its own included.
mqtt::SubscriptionOptions subscription_options(const Options& options, std::size_t index);

const tools::ToolInfo& tool_info();
std::span<const tools::FlagRow<Options>> selection_rows();  // select/selection_flags.cpp
std::span<const tools::FlagRow<Options>> view_rows();       // view_flags.cpp
std::span<const tools::FlagRow<Options>> waiting_rows();    // waiting_flags.cpp
std::string checked_filter(const tools::FlagUse& use);      // its word; throws tools::UsageError
void check_waiting(Options& options);
Expectation make_expectation(const Options& options);  // throws tools::UsageError
void append_sub_flags(std::vector<const tools::Flag*>& flags);

}  // namespace mqtt_sub
