// The words for commands, shapes, roles and whole plans.
#include <fmt/format.h>

#include "mqtt-bench/plan.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

std::string seconds_text(std::chrono::nanoseconds duration) {
    return fmt::format("{:g}s", std::chrono::duration<double>(duration).count());
}

std::string size_text(const Traffic& traffic) {
    if (traffic.sizes.empty()) return fmt::format("{}", traffic.payload_bytes);
    std::string text;
    for (const SizeShare& share : traffic.sizes) {
        if (!text.empty()) text += ',';
        text += fmt::format("{}", share.from);
        if (share.to != share.from) text += fmt::format("-{}", share.to);
        if (traffic.sizes.size() > 1) text += fmt::format(":{:g}", share.weight);
    }
    return text;
}

std::string qos_text(const Traffic& traffic) {
    if (traffic.qos_mix.empty()) return fmt::format("{}", static_cast<int>(traffic.qos));
    std::string text;
    for (const QosShare& share : traffic.qos_mix) {
        if (!text.empty()) text += ',';
        text += fmt::format("{}:{:g}", static_cast<int>(share.qos), share.weight);
    }
    return text;
}

}  // namespace

std::string_view command_name(Command command) {
    static constexpr std::string_view kNames[] = {"conn", "pub", "sub", "pubsub", "rtt", "run"};
    return kNames[static_cast<int>(command)];
}

std::string_view shape_name(Shape shape) {
    static constexpr std::string_view kNames[] = {"pair",  "fanout", "fanin",
                                                  "share", "ring",   "mesh"};
    return kNames[static_cast<int>(shape)];
}

std::string_view role_name(Role role) {
    static constexpr std::string_view kNames[] = {"pub", "sub", "both", "idle", "answer"};
    return kNames[static_cast<int>(role)];
}

std::string PlannedStage::describe() const {
    static constexpr std::string_view kActions[] = {"drop",      "disconnect",  "connect",
                                                    "subscribe", "unsubscribe", "rate"};
    std::string out = fmt::format("{} {}", kActions[static_cast<int>(stage.action)],
                                  stage.group.empty() ? "all" : stage.group);
    if (stage.action == Stage::Action::rate) {
        out += fmt::format(" to {}/s{}", format_rate(stage.rate), stage.rate_each ? " each" : "");
    } else if (stage.ending == Ending::reset) {
        out += " (rst)";
    }
    return out;
}

std::string Plan::describe() const {
    std::string out{command_name(spec_.command)};
    if (spec_.command == Command::run) {
        out += fmt::format(" {}", spec_.scenario);
        for (const PlannedGroup& group : groups_)
            out += fmt::format("  {} {} {}", group.spec.name, group.spec.clients,
                               role_name(group.spec.role));
    } else if (spec_.command == Command::conn) {
        out += fmt::format(" -c {}", clients_);
        if (spec_.connect_rate > 0) out += fmt::format(" -R {}/s", format_rate(spec_.connect_rate));
        return out;
    } else if (spec_.command == Command::pubsub) {
        out += fmt::format(" --shape {} --pubs {} --subs {}", shape_name(spec_.shape), publishers_,
                           subscribers_);
    } else {
        out += fmt::format(" -c {}", spec_.command == Command::rtt ? publishers_ : clients_);
    }
    if (publishers_ > 0) {
        if (spec_.max) {
            out += fmt::format(" --max --batch {} --max-outstanding {}", spec_.batch,
                               spec_.max_outstanding);
        } else {
            out += fmt::format(" -R {}/s", format_rate(offered_rate()));
        }
        if (spec_.command != Command::run) out += fmt::format(" -s {}", size_text(spec_));
    }
    if (spec_.command != Command::run) out += fmt::format(" -q {}", qos_text(spec_));
    return out + fmt::format(" -d {}", seconds_text(spec_.duration));
}

}  // namespace mqtt::bench
