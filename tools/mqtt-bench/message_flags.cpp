// What is published: QoS, sizes, content.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <unordered_map>

#include "common/record_file.hpp"
#include "common/units.hpp"
#include "mqtt-bench/bench_flags.hpp"
#include "mqtt-bench/payload_header.hpp"

namespace mqtt::bench {
namespace {

using tools::FlagUse;
using tools::Takes;
using tools::UsageError;

constexpr std::string_view kMessage = "Message";
constexpr std::uint64_t kMaxBytes = 256'000'000;

// Calls `item(text, weight)` for "a,b" (weight 1) and "a:80,b:20".
template <class Item>
void for_each_share(const FlagUse& use, Item item) {
    std::string_view rest = use.word();
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find(','));
        rest = one.size() < rest.size() ? rest.substr(one.size() + 1) : std::string_view{};
        const std::size_t colon = one.find(':');
        const double weight =
            colon == std::string_view::npos
                ? 1
                : tools::parse_number(use.typed(), one.substr(colon + 1), 1e-9, 1e9);
        item(one.substr(0, colon), weight);
    }
}

void set_qos(BenchSettings& s, const FlagUse& use) {
    s.spec.qos = QoS::at_most_once;
    s.spec.qos_mix.clear();
    for_each_share(use, [&](std::string_view text, double weight) {
        const auto qos = static_cast<QoS>(tools::parse_integer(use.typed(), text, 0, 2));
        s.spec.qos_mix.push_back({qos, weight});
        s.spec.qos = std::max(s.spec.qos, qos);
    });
    if (s.spec.qos_mix.empty()) throw UsageError("option '-q' needs 0, 1 or 2");
    if (s.spec.qos_mix.size() == 1) s.spec.qos_mix.clear();
}

std::uint32_t to_bytes(const FlagUse& use, std::string_view text) {
    const std::uint64_t size = tools::parse_size(use.typed(), text);
    if (size > kMaxBytes) throw UsageError("option '--size': at most 256 MB");
    return static_cast<std::uint32_t>(size);
}

void set_sizes(BenchSettings& s, const FlagUse& use) {
    s.spec.sizes.clear();
    s.spec.recorded_sizes.clear();
    s.spec.payload_bytes = 0;
    for_each_share(use, [&](std::string_view text, double weight) {
        const std::size_t dash = text.find('-');
        SizeShare share;
        share.from = to_bytes(use, text.substr(0, dash));
        share.to =
            dash == std::string_view::npos ? share.from : to_bytes(use, text.substr(dash + 1));
        share.weight = weight;
        if (share.to < share.from) {
            throw UsageError(fmt::format("option '--size': '{}' ends before it begins", text));
        }
        s.spec.sizes.push_back(share);
        s.spec.payload_bytes = std::max(s.spec.payload_bytes, share.to);
    });
    if (s.spec.sizes.empty()) throw UsageError("option '--size' needs a size");
    const SizeShare& first = s.spec.sizes.front();
    if (s.spec.sizes.size() == 1 && first.from == first.to) s.spec.sizes.clear();
}

// "FILE" or "FILE,x2": its messages, and their times in seconds from the first one on.
std::vector<tools::RecordedMessage> read_file(const FlagUse& use, std::vector<double>& times) {
    std::string path = use.word();
    double speed = 1;
    if (const std::size_t comma = path.rfind(",x"); comma != std::string::npos) {
        speed =
            tools::parse_number(use.typed(), std::string_view(path).substr(comma + 2), 1e-3, 1e6);
        path.erase(comma);
    }
    std::vector<tools::RecordedMessage> messages;
    tools::RecordReader reader(path);
    while (auto message = reader.next())
        messages.push_back(std::move(*message));
    if (messages.empty()) {
        throw UsageError(fmt::format("option '{}': '{}' has no messages", use.typed(), path));
    }
    for (const tools::RecordedMessage& message : messages) {
        const auto since = message.at - messages.front().at;
        times.push_back(std::chrono::duration<double>(since).count() / speed);
    }
    return messages;
}

std::shared_ptr<const RecordedTopics> topics_of(
    const std::vector<tools::RecordedMessage>& messages) {
    auto out = std::make_shared<RecordedTopics>();
    std::unordered_map<std::string_view, std::uint32_t> known;
    for (const tools::RecordedMessage& message : messages) {
        const auto next = static_cast<std::uint32_t>(known.size());
        const auto [entry, is_new] = known.try_emplace(message.topic, next);
        if (is_new) out->names.push_back(message.topic);
        out->of_message.push_back(entry->second);
    }
    return out;
}

// Times and topics; what is published is up to the option.
std::vector<tools::RecordedMessage> play(BenchSettings& s, const FlagUse& use) {
    s.spec.recorded.clear();
    s.spec.recorded_sizes.clear();
    s.spec.sizes.clear();
    s.spec.payload_bytes = 0;
    std::vector<double> times;
    auto messages = read_file(use, times);
    s.spec.recorded_topics = topics_of(messages);
    // The next round begins one mean distance after the last message.
    const double gap = times.size() > 1 ? times.back() / static_cast<double>(times.size() - 1) : 1;
    s.spec.recorded_period = times.back() + (gap > 0 ? gap : 1e-3);
    s.spec.recorded_times = std::move(times);
    return messages;
}

void replay(BenchSettings& s, const FlagUse& use) {
    for (tools::RecordedMessage& message : play(s, use)) {
        s.spec.payload_bytes =
            std::max(s.spec.payload_bytes, static_cast<std::uint32_t>(message.payload.size()));
        s.spec.recorded.push_back(std::move(message.payload));
    }
}

// Large enough to be timed and told apart.
void trace(BenchSettings& s, const FlagUse& use) {
    for (const tools::RecordedMessage& message : play(s, use)) {
        const auto size = static_cast<std::uint32_t>(message.payload.size());
        s.spec.recorded_sizes.push_back(std::max<std::uint32_t>(size, kPayloadHeaderBytes));
        s.spec.payload_bytes = std::max(s.spec.payload_bytes, s.spec.recorded_sizes.back());
    }
    if (s.spec.topic == Traffic{}.topic) s.spec.topic = "bench/%{topic}";
}

constexpr std::array kRows{
    BenchRow{{.long_name = "qos",
              .short_name = 'q',
              .argument = "QOS",
              .category = kMessage,
              .help = "quality of service of messages and subscriptions: 0, 1 or 2",
              .details = "A mix by weight: 0:80,1:20.",
              .initial = "0",
              .common = true},
             set_qos},
    BenchRow{{.long_name = "sub-qos",
              .argument = "QOS",
              .category = kMessage,
              .help = "quality of service of the subscriptions, when it differs",
              .choices = "0 1 2"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.subscribe_qos = static_cast<QoS>(use.word()[0] - '0');
                 s.spec.subscribe_qos_given = true;
             }},
    BenchRow{
        {.long_name = "size",
         .short_name = 's',
         .argument = "BYTES",
         .category = kMessage,
         .help = "payload size: 64, a range 16-1k, or a mix by weight 64:80,1k:20",
         .details = "From 32 bytes on a payload carries stream, sequence number and times; from "
                    "8 bytes on stream and number; below, messages are only counted.",
         .initial = "64",
         .common = true},
        set_sizes},
    BenchRow{{.long_name = "message",
              .short_name = 'm',
              .argument = "TEXT",
              .category = kMessage,
              .help = "payload: a text, @FILE, or template:FILE",
              .details = "Texts and templates may have the variables of --topic. Such messages "
                         "carry no header: they are counted, but neither timed nor told apart."},
             [](BenchSettings& s, const FlagUse& use) { s.spec.content = use.word(); }},
    BenchRow{{.long_name = "replay",
              .argument = "FILE",
              .category = kMessage,
              .help = "payloads and timing of mqtt-sub --record, over and over; FILE,x2: quicker",
              .details = "Topics stay those of --topic, where %{topic} is the recorded one. Such "
                         "messages carry no header: they are counted, but neither timed nor told "
                         "apart. -R and -I after it replace the timing.",
              .complete = tools::Complete::file},
             replay},
    BenchRow{
        {.long_name = "trace",
         .argument = "FILE",
         .category = kMessage,
         .help = "topics, timing and sizes of mqtt-sub --record, content made up; FILE,x2",
         .details = "As --replay, but nobody's data is sent: messages of the recorded sizes (32 "
                    "bytes at least), timed and verified as any. They go to "
                    "bench/%{topic} unless --topic says otherwise.",
         .complete = tools::Complete::file},
        trace},
    BenchRow{{.long_name = "message-expiry",
              .argument = "SECONDS",
              .category = kMessage,
              .help = "message expiry interval (5.0); any property: -D publish ..."},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.expiry_seconds = static_cast<std::uint32_t>(
                     tools::parse_integer(use.typed(), use.word(), 0, 0xFFFF'FFFF));
             }},
    BenchRow{{.long_name = "retain",
              .short_name = 'r',
              .takes = Takes::nothing,
              .category = kMessage,
              .help = "publish retained messages"},
             [](BenchSettings& s, const FlagUse&) { s.spec.retain = true; }},
    BenchRow{{.long_name = "verify",
              .argument = "HOW",
              .category = kMessage,
              .help = "what is checked of what arrives",
              .details = "order: loss, duplicates and order of every stream. exact: the same, and "
                         "exit 99 unless nothing was lost, came twice or out of order. count: a "
                         "plain payload, missing ones are only counted. off: nothing is expected.",
              .initial = "order",
              .choices = "off count order exact",
              .complete = tools::Complete::choices},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.verify = use.word() == "off"     ? Verify::off
                                 : use.word() == "count" ? Verify::count
                                 : use.word() == "exact" ? Verify::exact
                                                         : Verify::order;
             }},
    BenchRow{{.long_name = "no-header",
              .takes = Takes::nothing,
              .category = kMessage,
              .help = "a plain payload: as --verify count"},
             [](BenchSettings& s, const FlagUse&) { s.spec.verify = Verify::count; }},
};

}  // namespace

std::span<const BenchRow> message_rows() {
    return kRows;
}

}  // namespace mqtt::bench
