// The options of mqtt-pub as plain data, and its tables. Parsing has no side effects.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/app.hpp"
#include "common/connect_settings.hpp"
#include "common/message_output.hpp"
#include "mqtt-pub/replay/replay_source.hpp"
#include "mqtt/packet.hpp"

namespace mqtt_pub {

// Where messages come from. Exactly one is chosen.
enum class Source {
    none,
    text,        // -m
    file,        // -f: the file is one message
    nothing,     // -n: an empty message
    stdin_all,   // -s: standard input is one message
    lines,       // -l: each line is a message
    json_lines,  // --json-lines: each line is a message with its topic
    replay,      // --replay: a recording
};

// mosquitto_rr's part: publish, then wait for an answer.
struct RequestOptions {
    bool wanted = false;                        // --request, or started as mosquitto_rr
    std::optional<std::string> response_topic;  // -e
    mqtt::SubscriptionOptions subscription;
    tools::MessageStyle style;
    bool skip_retained = false;
    bool latency = false;
    std::uint64_t responses = 1;  // to wait for; 0: as many as come in time
    std::uint64_t resend = 0;     // times that the request is sent again while nobody answers
    std::chrono::nanoseconds resend_after{std::chrono::seconds(2)};
};

// --outbox: messages are kept in a folder until a server has them.
struct OutboxOptions {
    std::string folder;       // empty: none
    bool drain_only = false;  // --drain
    bool drain = true;        // --no-drain
    std::uint64_t limit_bytes = 64 * 1024 * 1024;
    bool sync = true;
    bool status = false;  // --outbox-status
};

struct Options {
    tools::ConnectSettings settings;
    mqtt::ConnectOptions connect;  // made from `settings`

    std::string topic;
    Source source = Source::none;
    std::string text;  // of -m; file name of -f
    mqtt::QoS qos = mqtt::QoS::at_most_once;
    bool qos_given = false;
    bool retain = false;
    mqtt::PropertyList properties;  // of PUBLISH, without message expiry and topic alias
    std::optional<std::uint32_t> message_expiry;
    char delimiter = '\n';            // -0: NUL
    std::string line_format;          // of -l; empty: the line is the payload
    bool is_hex = false;              // --hex: payloads are written in hexadecimal
    std::optional<std::string> pack;  // --pack: payloads are values for this pack string
    ReplayOptions replay;

    std::uint64_t repeat = 1;
    std::chrono::nanoseconds repeat_delay{0};
    std::chrono::nanoseconds ack_timeout{std::chrono::seconds(30)};  // 0: none
    std::optional<std::chrono::nanoseconds> timeout;
    bool report_json = false;
    bool message_id = false;  // --message-id uuid
    RequestOptions request;
    OutboxOptions outbox;
    bool repeat_given = false;
    bool uses_template = false;                        // --template
    bool restores = false;                             // --restore: json_lines, all retained
    double rate = 0;                                   // --rate, messages per second; 0: any
    std::optional<std::chrono::nanoseconds> duration;  // --for
};

// True for -l, --json-lines and --replay: any number of messages, worth surviving a lost connection for.
constexpr bool is_stream(Source source) {
    return source == Source::lines || source == Source::json_lines || source == Source::replay;
}

// Reads and checks everything. Throws tools::UsageError.
Options parse_options(const tools::Invocation& invocation);

// Throws tools::UsageError when there is a source already.
void choose_source(Options& options, Source source, std::string text = {});
void check_replay(Options& options, const tools::Invocation& invocation);

const tools::ToolInfo& tool_info();
std::span<const tools::FlagRow<Options>> message_rows();  // options.cpp
std::span<const tools::FlagRow<Options>> request_rows();  // request_options.cpp
std::span<const tools::FlagRow<Options>> replay_rows();   // replay/replay_flags.cpp

std::span<const tools::FlagRow<Options>> payload_rows();  // payload_options.cpp
void check_payload(const Options& options);
std::span<const tools::FlagRow<Options>> pace_rows();  // pace_options.cpp
void check_pace(Options& options);
std::span<const tools::FlagRow<Options>> outbox_rows();  // outbox_options.cpp
void check_outbox(Options& options);
extern const std::string_view kOutboxText;  // for the man page

}  // namespace mqtt_pub
