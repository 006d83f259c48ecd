// See load_change.hpp.
#include "mqtt-bench/load_change.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "mqtt-bench/shapes.hpp"
#include "mqtt-bench/spec.hpp"
#include "mqtt/endpoint.hpp"

namespace mqtt::bench {
namespace {

void change_rate(Spec& spec, double rate) {
    if (spec.command == Command::conn) return set_connect_rate(spec, rate);
    spec.max = rate == 0;
    if (!spec.max) set_total_rate(spec, rate);
}

void log_in(ConnectOptions& connect, const ParsedUrl& url) {
    if (url.has_user_name) connect.user_name = url.user_name;
    if (url.has_password) connect.password = url.password;
}

void change_broker(Spec& spec, const std::string& text) {
    const auto url = parse_url(text);
    if (!url.ok()) {
        throw std::invalid_argument(fmt::format("'{}': {}", text, url.error().detail));
    }
    set_endpoint(spec, url->endpoint);
    log_in(spec.connect, *url);
    for (Group& group : spec.groups)
        log_in(group.connect, *url);
}

}  // namespace

void apply_change(Spec& spec, const LoadChange& change) {
    LoadChange& all = spec.change;
    if (change.rate) {
        all.rate = change.rate;
        change_rate(spec, *change.rate);
    }
    if (change.duration) {
        all.duration = change.duration;
        spec.duration = *change.duration;
    }
    if (change.warmup) {
        all.warmup = change.warmup;
        all.warmup_until_steady = false;
        spec.warmup = *change.warmup;
        spec.warmup_until_steady = false;
    }
    if (change.warmup_until_steady) {
        all.warmup.reset();
        all.warmup_until_steady = true;
        spec.warmup_until_steady = true;
    }
    if (!change.url.empty()) {
        all.url = change.url;
        change_broker(spec, change.url);
    }
}

}  // namespace mqtt::bench
