// What is published: QoS, sizes, content.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/record_file.hpp"
#include "common/units.hpp"
#include "mqtt-bench/bench_flags.hpp"

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

// "FILE" or "FILE,x2".
void read_recording(BenchSettings& s, const FlagUse& use) {
    std::string path = use.word();
    double speed = 1;
    if (const std::size_t comma = path.rfind(",x"); comma != std::string::npos) {
        speed =
            tools::parse_number(use.typed(), std::string_view(path).substr(comma + 2), 1e-3, 1e6);
        path.erase(comma);
    }
    s.spec.recorded.clear();
    s.spec.recorded_times.clear();
    s.spec.payload_bytes = 0;
    tools::RecordReader reader(path);
    while (auto message = reader.next()) {
        const double at = std::chrono::duration<double>(message->at).count() / speed;
        s.spec.recorded_times.push_back(at);
        s.spec.payload_bytes =
            std::max(s.spec.payload_bytes, static_cast<std::uint32_t>(message->payload.size()));
        s.spec.recorded.push_back(std::move(message->payload));
    }
    if (s.spec.recorded.empty()) {
        throw UsageError(fmt::format("option '--replay': '{}' has no messages", path));
    }
    // The next round begins one mean distance after the last message.
    auto& times = s.spec.recorded_times;
    const double first = times.front();
    for (double& time : times)
        time -= first;
    const double gap = times.size() > 1 ? times.back() / static_cast<double>(times.size() - 1) : 1;
    s.spec.recorded_period = times.back() + (gap > 0 ? gap : 1e-3);
    if (s.spec.sizes.size() > 0) s.spec.sizes.clear();
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
              .details = "Topics stay those of --topic. Such messages carry no header: they are "
                         "counted, but neither timed nor told apart. -R and -I after it replace "
                         "the timing.",
              .complete = tools::Complete::file},
             read_recording},
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
