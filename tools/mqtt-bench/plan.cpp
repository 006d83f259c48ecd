// Shapes to numbers and names.
#include "mqtt-bench/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "mqtt-bench/payload_header.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

std::string seconds_text(std::chrono::nanoseconds duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    return fmt::format("{:g}s", seconds);
}

[[noreturn]] void refuse(std::string text) {
    throw std::invalid_argument(std::move(text));
}

}  // namespace

std::string_view command_name(Command command) {
    static constexpr std::string_view kNames[] = {"conn", "pub", "sub", "pubsub"};
    return kNames[static_cast<int>(command)];
}

std::string_view shape_name(Shape shape) {
    static constexpr std::string_view kNames[] = {"pair", "fanout", "fanin", "share"};
    return kNames[static_cast<int>(shape)];
}

Plan::Plan(const Spec& spec, std::uint32_t run_id) : spec_(spec), run_id_(run_id) {
    target_count_ = std::max<std::size_t>(1, spec.targets.size());
    const std::uint32_t clients = std::max(1u, spec.clients);
    switch (spec.command) {
    case Command::conn: idle_ = clients; break;
    case Command::pub:
        publishers_ = spec.publishers != 0 ? spec.publishers : clients;
        topics_ = spec.topics != 0 ? spec.topics : publishers_;
        break;
    case Command::sub:
        subscribers_ = spec.subscribers != 0 ? spec.subscribers : clients;
        topics_ = spec.topics != 0 ? spec.topics : subscribers_;
        foreign_ = true;
        break;
    case Command::pubsub: resolve_pubsub(); break;
    }
    header_ = spec.payload_bytes >= kPayloadHeaderBytes && spec.verify != Verify::off;
    short_header_ =
        !header_ && spec.payload_bytes >= kShortHeaderBytes && spec.verify != Verify::off;
    if (spec.rate <= 0 && !spec.max && spec.command != Command::conn) refuse("-R must be above 0");
    if (spec.max && (spec.batch == 0 || spec.max_outstanding == 0)) {
        refuse("--batch and --max-outstanding must be above 0");
    }
    if (spec.threads == 0) refuse("-j must be above 0");
}

void Plan::resolve_pubsub() {
    const std::uint32_t n = spec_.clients;
    const auto choose = [](std::uint32_t given, std::uint32_t otherwise) {
        return given != 0 ? given : std::max(1u, otherwise);
    };
    switch (spec_.shape) {
    case Shape::pair:
        publishers_ = choose(spec_.publishers, spec_.subscribers != 0 ? spec_.subscribers : n);
        subscribers_ = choose(spec_.subscribers, publishers_);
        topics_ = choose(spec_.topics, publishers_);
        if (subscribers_ != publishers_ || topics_ != publishers_) {
            refuse(
                fmt::format("--shape pair needs as many --subs and --topics as --pubs; {} {} {} "
                            "looks like --shape fanout or fanin",
                            publishers_, subscribers_, topics_));
        }
        fan_out_ = 1;
        break;
    case Shape::fanout:
        publishers_ = choose(spec_.publishers, 1);
        subscribers_ = choose(spec_.subscribers, n != 0 ? n : 10);
        topics_ = choose(spec_.topics, publishers_);
        fan_out_ = subscribers_;
        break;
    case Shape::fanin:
        publishers_ = choose(spec_.publishers, n != 0 ? n : 10);
        subscribers_ = choose(spec_.subscribers, 1);
        topics_ = choose(spec_.topics, publishers_);
        fan_out_ = subscribers_;
        break;
    case Shape::share:
        publishers_ = choose(spec_.publishers, n != 0 ? n : 10);
        subscribers_ = choose(spec_.subscribers, 2);
        topics_ = choose(spec_.topics, publishers_);
        fan_out_ = 1;
        shared_ = true;
        break;
    }
    if (topics_ > publishers_)
        refuse("more --topics than --pubs: some would never be published to");
}

std::string Plan::expand(std::string_view pattern, std::uint32_t number) const {
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char next = pattern[i] == '%' && i + 1 < pattern.size() ? pattern[i + 1] : '\0';
        if (next == 'i') {
            out += fmt::format("{}", number);
        } else if (next == 'r') {
            out += fmt::format("{:08x}", run_id_);
        } else if (next == '%') {
            out += '%';
        } else {
            out += pattern[i];
            continue;
        }
        ++i;
    }
    return out;
}

std::string Plan::topic_of(std::uint32_t publisher) const {
    return expand(spec_.topic, publisher % topics_);
}

std::string Plan::filter_of(std::uint32_t subscriber) const {
    if (spec_.command == Command::sub) return expand(spec_.topic, subscriber % topics_);
    if (spec_.shape == Shape::pair) return expand(spec_.topic, subscriber);
    // All topics of the pattern: the level that carries the number becomes a wildcard.
    std::string filter = spec_.topic;
    if (topics_ > 1) {
        const std::size_t at = filter.find("%i");
        const std::size_t start = at == std::string::npos ? 0 : filter.rfind('/', at) + 1;
        const std::size_t end = std::min(filter.find('/', at), filter.size());
        if (at != std::string::npos) filter.replace(start, end - start, "+");
    }
    filter = expand(filter, 0);
    return shared_ ? fmt::format("$share/{}/{}", spec_.share_group, filter) : filter;
}

std::string Plan::client_id_of(std::uint32_t client) const {
    return expand(spec_.client_id, client);
}

Plan::Streams Plan::streams_of(std::uint32_t subscriber) const {
    if (foreign_) return {};
    if (spec_.shape == Shape::pair) return {subscriber, 1};
    return {0, publishers_};
}

ScheduleSpec Plan::schedule(std::uint64_t seed) const {
    ScheduleSpec out;
    out.arrival = spec_.arrival;
    out.phase = spec_.phase;
    out.burst_size = spec_.burst_size;
    out.seed = seed;
    const double rate = offered_rate();
    if (!spec_.steps.empty()) {
        out.profile = RateProfile(spec_.steps);
    } else if (spec_.ramp.count() > 0) {
        out.profile = RateProfile::ramp(std::chrono::duration<double>(spec_.ramp).count(), rate);
    } else {
        out.profile = RateProfile::constant(rate > 0 ? rate : 1);
    }
    return out;
}

double Plan::offered_rate() const {
    if (spec_.max || publishers_ == 0) return 0;
    if (!spec_.steps.empty()) return spec_.steps.back().to;
    if (spec_.burst_period > 0) return publishers_ * spec_.burst_size / spec_.burst_period;
    if (spec_.client_interval_ms > 0) return publishers_ * 1000.0 / spec_.client_interval_ms;
    return spec_.rate;
}

std::string Plan::describe() const {
    std::string out{command_name(spec_.command)};
    if (spec_.command == Command::conn) {
        out += fmt::format(" -c {}", idle_);
        if (spec_.connect_rate > 0) out += fmt::format(" -R {}/s", format_rate(spec_.connect_rate));
        return out;
    }
    if (spec_.command == Command::pubsub) {
        out += fmt::format(" --shape {} --pubs {} --subs {}", shape_name(spec_.shape), publishers_,
                           subscribers_);
    } else {
        out += fmt::format(" -c {}", clients());
    }
    if (publishers_ > 0) {
        if (spec_.max) {
            out += fmt::format(" --max --batch {} --max-outstanding {}", spec_.batch,
                               spec_.max_outstanding);
        } else {
            out += fmt::format(" -R {}/s", format_rate(offered_rate()));
        }
        out += fmt::format(" -s {}", spec_.payload_bytes);
    }
    return out +
           fmt::format(" -q {} -d {}", static_cast<int>(spec_.qos), seconds_text(spec_.duration));
}

}  // namespace mqtt::bench
