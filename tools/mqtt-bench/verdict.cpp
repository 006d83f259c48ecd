// Who was the limit, what the assertions say, and the exit code.
#include <fmt/format.h>

#include "mqtt-bench/results.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

constexpr double kBusy = 0.90;          // of a core: an open loop has no slack left
constexpr double kWaiting = 0.20;       // of the time: somebody else has the core
constexpr double kTolerableLag = 10e6;  // ns: below it lateness is told, not fatal
constexpr double kNoticeableLag = 1e6;
constexpr double kNoRoom = 0.30;        // of the time with output: the broker does not keep up
constexpr double kLostSegments = 0.01;  // TCP halves its window over less

double as_percent(double share) {
    return share * 100;
}

// "p99 7.1 ms", or "up to 9.9 ms" of too few samples for that.
std::string tail_of(const Histogram& histogram) {
    const auto p99 = histogram.supported(0.99);
    return p99 ? fmt::format("p99 {} ms", format_ms(static_cast<double>(*p99)))
               : fmt::format("up to {} ms", format_ms(static_cast<double>(histogram.max())));
}

// The generator's own trouble, as the reason why the figures are not the broker's; empty: none.
std::string generator_trouble(const Result& r) {
    const GeneratorCost& g = r.generator;
    // Saturation makes no statement about time: nothing to invalidate.
    if (r.saturation) return {};
    if (g.waiting_share > kWaiting) {
        return fmt::format("a worker waited {:.0f} % of the time for a core that others used",
                           as_percent(g.waiting_share));
    }
    if (g.busiest_share > kBusy && !g.polls) {
        return fmt::format("a worker was {:.0f} % busy: use more threads (-j)",
                           as_percent(g.busiest_share));
    }
    const Histogram& lag = r.series[SeriesId::lag];
    if (static_cast<double>(lag.max()) > r.max_lag_seconds * 1e9) {
        return fmt::format("the generator fell {} ms behind its schedule (--max-lag {:g}s)",
                           format_ms(static_cast<double>(lag.max())), r.max_lag_seconds);
    }
    const auto late = static_cast<double>(lag.at(0.99));
    const auto e2e = static_cast<double>(r.series[SeriesId::e2e].at(0.99));
    if (late > kTolerableLag && late > 0.1 * e2e) {
        return fmt::format("the generator was late by itself: {} of schedule lag", tail_of(lag));
    }
    const double unread = r.unread_ns().value_or(0);
    if (unread > kTolerableLag && unread > 0.1 * e2e) {
        return fmt::format(
            "what had arrived lay unread in its sockets for {} ms on average: use more threads "
            "(-j)",
            format_ms(unread));
    }
    return {};
}

// What TCP says of the way to the broker; empty: nothing that matters.
std::string network_limit(const Result& r) {
    const double again = r.retransmit_share().value_or(0);
    if (again < kLostSegments) return {};
    return fmt::format("network-limited: {:.1f} % of the TCP segments were sent again",
                       as_percent(again));
}

// Output that the broker's sockets had no room for: it did not read.
std::string full_sockets(const Result& r) {
    const double share = r.no_room_share().value_or(0);
    const double unsent = r.unsent_ns().value_or(0);
    if (share < kNoRoom || unsent < kNoticeableLag) return {};
    return fmt::format(
        "the broker's sockets were full {:.0f} % of the time, output lay in ours for {} ms",
        as_percent(share), format_ms(unsent));
}

std::string broker_limit(const Result& r) {
    const Counters& c = r.counters;
    if (r.saturation) return "saturation run: latency is queueing";
    if (c.measured_sent < c.measured_offered - c.measured_offered / 100) {
        return fmt::format(
            "broker-limited: {} of {} messages could not be sent in time",
            with_commas(static_cast<std::int64_t>(c.measured_offered - c.measured_sent)),
            with_commas(static_cast<std::int64_t>(c.measured_offered)));
    }
    const std::uint64_t waits = c.waits_window + c.waits_socket;
    if (waits > c.offered / 10) {
        return fmt::format("broker-limited: {:.0f} % of the messages waited for {}",
                           100.0 * static_cast<double>(waits) / static_cast<double>(c.offered),
                           c.waits_window > c.waits_socket ? "acknowledgements" : "its socket");
    }
    if (const std::string full = full_sockets(r); !full.empty()) return "broker-limited: " + full;
    if (static_cast<double>(c.longest_wait_ns) > r.max_lag_seconds * 1e9) {
        return fmt::format(
            "broker-limited: a message waited {} ms to be sent, no open loop any more (--max-lag "
            "{:g}s)",
            format_ms(static_cast<double>(c.longest_wait_ns)), r.max_lag_seconds);
    }
    return {};
}

// Where messages waited before they were sent, when that is what the tail is made of.
std::string held_by(const Result& r) {
    const auto p99 = [&](SeriesId id) {
        return static_cast<double>(r.series[id].supported(0.99).value_or(0));
    };
    const double response = p99(SeriesId::e2e);
    const double service = p99(SeriesId::service);
    if (r.saturation || service <= 0 || response < 1.1 * service ||
        response - service < kNoticeableLag) {
        return {};
    }
    const auto late = static_cast<double>(r.series[SeriesId::lag].at(0.99));
    const Counters& c = r.counters;
    std::string_view queue = "the generator, which was late by itself";
    if (late < 0.5 * (response - service)) {
        if (c.waits_window + c.waits_socket == 0) return {};
        queue = c.waits_window > c.waits_socket ? "acknowledgements (the window was full)"
                                                : "their socket";
    }
    return fmt::format(
        "; p99 is {} ms from intended and {} ms from actual send: messages waited "
        "for {}",
        format_ms(response), format_ms(service), queue);
}

// Who the queues between the two waited for, when latency says nothing.
std::string queues_at_saturation(const Result& r) {
    const double unread = r.unread_ns().value_or(0);
    const auto e2e = static_cast<double>(r.series[SeriesId::e2e].at(0.5));
    if (unread > kNoticeableLag && unread > 0.5 * e2e) {
        return fmt::format("; deliveries lay unread in our sockets for {} ms", format_ms(unread));
    }
    const std::string full = full_sockets(r);
    return full.empty() ? full : "; " + full;
}

RunVerdict verdict_of(const Result& r) {
    RunVerdict verdict;
    if (const std::string trouble = generator_trouble(r); !trouble.empty()) {
        return {false, Limit::generator, "measurement invalid, generator-limited: " + trouble};
    }
    if (const std::string limit = network_limit(r); !limit.empty()) {
        verdict.limit = Limit::network;
        verdict.text = "measurement valid; " + limit + held_by(r);
        return verdict;
    }
    if (const std::string limit = broker_limit(r); !limit.empty()) {
        verdict.limit = Limit::broker;
        verdict.text = "measurement valid; " + limit + held_by(r);
        if (r.saturation) verdict.text += queues_at_saturation(r);
        if (r.saturation && r.generator.busiest_share > kBusy) {
            verdict.limit = Limit::generator;
            verdict.text += fmt::format("; the generator was {:.0f} % busy and may be the limit",
                                        as_percent(r.generator.busiest_share));
        } else if (r.saturation && r.generator.waiting_share > kWaiting) {
            verdict.text += fmt::format("; the generator waited {:.0f} % of the time for a core",
                                        as_percent(r.generator.waiting_share));
        }
        return verdict;
    }
    verdict.text = "measurement valid";
    const auto late = static_cast<double>(r.series[SeriesId::lag].at(0.99));
    const auto e2e = static_cast<double>(r.series[SeriesId::e2e].at(0.99));
    if (const std::string queue = held_by(r); !queue.empty()) {
        verdict.text += queue;
    } else if (const double unread = r.unread_ns().value_or(0);
               unread > kNoticeableLag && unread > 0.1 * e2e) {
        verdict.text += fmt::format("; of the latency {} ms were input unread in our own sockets",
                                    format_ms(unread));
    } else if (late > kNoticeableLag && late > 0.1 * e2e) {
        verdict.text += fmt::format("; schedule lag ({}) is part of the tail",
                                    tail_of(r.series[SeriesId::lag]));
    }
    return verdict;
}

}  // namespace

void judge(Result& result) {
    if (result.command != "conn") {
        result.verdict = verdict_of(result);
    } else {
        result.verdict.text = "measurement valid";
    }
    bool failed_assertion = false;
    for (AssertionResult& assertion : result.assertions) {
        assertion = evaluate_assertion(assertion.text,
                                       [&](std::string_view name) { return metric(result, name); });
        if (assertion.outcome != Expression::Outcome::pass) failed_assertion = true;
    }
    result.exit_code = kExitOk;
    if (!result.stopped_by.empty()) failed_assertion = true;
    if (failed_assertion) result.exit_code = kExitAssertion;
    if (!result.verdict.valid) result.exit_code = kExitInvalid;
    if (!result.error.empty()) result.exit_code = kExitRunFailed;
    if (result.impossible) result.exit_code = kExitImpossible;
}

}  // namespace mqtt::bench
