// The seconds of a run: what the workers report is added up, shown and kept for curves.
#include <fmt/format.h>

#include <algorithm>

#include "mqtt-bench/heat.hpp"
#include "mqtt-bench/run.hpp"

namespace mqtt::bench {
void Run::collect(TimePoint until) {
    for (Report& report : inbox_.take(until)) {
        const std::uint32_t own = report.worker - spec_.first_worker();
        latest_[own] = report.counters;
        waiting_[own] = report.pending + report.in_flight;
        reports_are_last_ = report.is_last;
        second_.merge(*report.interval);
        inbox_.recycle(std::move(report.interval));
        ++reports_in_second_;
        if (reports_in_second_ >= workers_.size()) close_second(report.at_ns);
    }
}

void Run::close_second(std::int64_t at_ns) {
    reports_in_second_ = 0;
    Counters now;
    for (const Counters& counters : latest_)
        now.add(counters);
    Second s;
    const std::int64_t zero = zero_ns_ != 0 ? zero_ns_ : start_ns_;
    s.at = zero_ns_ != 0 ? seconds_between(zero, at_ns) : -1;
    const std::int64_t from = last_second_ns_ != 0 ? last_second_ns_ : start_ns_;
    const double length = std::max(1e-3, seconds_between(from, at_ns));
    const auto rate = [&](std::uint64_t a, std::uint64_t b) {
        return static_cast<std::uint64_t>(static_cast<double>(a - b) / length + 0.5);
    };
    s.offered = rate(now.offered, at_last_second_.offered);
    s.sent = rate(now.sent, at_last_second_.sent);
    s.acked = rate(now.acked, at_last_second_.acked);
    s.received = rate(now.received, at_last_second_.received);
    for (const auto& worker : workers_)
        s.connected += worker->connected_now();
    // Reports after disconnecting are about the time before it.
    if (s.connected == 0 && !result_.seconds.empty() && reports_are_last_) {
        s.connected = result_.seconds.back().connected;
    }
    for (const std::uint64_t waiting : waiting_)
        s.outstanding += waiting;
    s.elapsed = seconds_between(start_ns_, at_ns);
    const Histogram& e2e = second_[SeriesId::e2e];
    s.heat = heat_of(e2e.empty() && plan_->subscribers() == 0 ? second_[SeriesId::ack] : e2e);
    s.ack_p99_ns = static_cast<double>(second_[SeriesId::ack].at(0.99));
    s.lag_p99_ns = static_cast<double>(second_[SeriesId::lag].at(0.99));
    s.e2e_p50_ns = static_cast<double>(e2e.at(0.5));
    s.e2e_p99_ns = static_cast<double>(e2e.at(0.99));
    s.e2e_max_ns = static_cast<double>(e2e.max());
    s.generator_cpu_share = static_cast<double>(now.cpu_ns - at_last_second_.cpu_ns) / 1e9 / length;
    const auto broker = broker_->read(own_cpu_ns());
    if (broker && broker_at_second_) {
        // An embedded one's is a difference of clocks that are not read at one instant.
        const std::uint64_t before = broker_at_second_->cpu_ns;
        const std::uint64_t used = std::max(broker->cpu_ns, before) - before;
        s.broker_cpu_share = static_cast<double>(used) / 1e9 / length;
        s.broker_rss_bytes = broker->rss_bytes;
    }
    broker_at_second_ = broker;
    if (observer_.on_interval) {
        for (std::size_t i = 0; i < kSeriesCount; ++i) {
            const Histogram& histogram = second_.series[i];
            if (histogram.empty()) continue;
            observer_.on_interval(static_cast<SeriesId>(i), seconds_between(start_ns_, from),
                                  length, histogram);
        }
    }
    result_.series.merge(second_);
    second_.clear();
    so_far(now, at_ns);
    at_last_second_ = now;
    last_second_ns_ = at_ns;
    // The last reports, after disconnecting, close no second of the run.
    if (length < 0.5) return;
    result_.seconds.push_back(s);
    if (observer_.on_second) observer_.on_second(result_, s);
    if (spec_.abort_on_fail && result_.measured_seconds > 0) stop_if_failing(result_);
}

// The figures up to now, for whoever looks while the run goes on; finish() makes them final.
void Run::so_far(const Counters& now, std::int64_t at_ns) {
    result_.counters = now;
    const bool begun = zero_ns_ != 0 && at_ns > from_ns_;
    const std::int64_t measured = begun ? at_ns - from_ns_ : 0;
    result_.measured_seconds =
        begun ? static_cast<double>(std::min(measured, spec_.duration.count())) / 1e9 : 0;
}

void stop_if_failing(Result& result) {
    for (const AssertionResult& assertion : result.assertions) {
        const AssertionResult now = evaluate_assertion(
            assertion.text, [&](std::string_view name) { return metric_so_far(result, name); });
        if (now.outcome != Expression::Outcome::fail) continue;
        result.stopped_by = fmt::format("{} ({})", now.text, now.shown());
        return;
    }
}

}  // namespace mqtt::bench
