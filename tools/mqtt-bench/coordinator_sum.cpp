// See coordinator_sum.hpp.
#include "mqtt-bench/coordinator_sum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "mqtt-bench/hdr_log.hpp"
#include "mqtt-bench/merge.hpp"
#include "mqtt-bench/result_read.hpp"
#include "mqtt-bench/warmup.hpp"

namespace mqtt::bench {
namespace {

// Before the start seconds count from the host's own beginning.
constexpr long kConnecting = -1'000'000;
// For the word to reach every host.
constexpr std::int64_t kMeasureIn = 500'000'000;

void set_percentiles(SecondOfAll& all) {
    Second& s = all.second;
    const Histogram& e2e = all.series[SeriesId::e2e];
    const auto at = [](const Histogram& h, double p) { return static_cast<double>(h.at(p)); };
    s.e2e_p50_ns = at(e2e, 0.5);
    s.e2e_p99_ns = at(e2e, 0.99);
    s.e2e_max_ns = static_cast<double>(e2e.max());
    s.ack_p99_ns = at(all.series[SeriesId::ack], 0.99);
    s.lag_p99_ns = at(all.series[SeriesId::lag], 0.99);
}

std::uint64_t since(std::uint64_t now, std::uint64_t before) {
    return now > before ? now - before : 0;
}

}  // namespace

SecondsOfAll::SecondsOfAll(std::uint32_t hosts) : last_(hosts, std::numeric_limits<long>::min()) {}

bool SecondsOfAll::add(std::uint32_t host, std::string_view text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const auto second = read_second(line);
    if (!second || host >= last_.size()) return false;
    long key =
        second->at < 0 ? kConnecting + std::lround(second->elapsed) : std::lround(second->at);
    // A late one shall not fall upon the one before.
    if (key <= last_[host]) key = last_[host] + 1;
    last_[host] = key;
    const auto [entry, is_new] = open_.try_emplace(key);
    SecondOfAll& all = entry->second;
    if (is_new) {
        all.second = *second;
    } else {
        add_second(all.second, *second);
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        const auto interval = parse_hdr_log_line(one);
        if (!interval) continue;
        for (std::size_t i = 0; i < kSeriesCount; ++i) {
            if (interval->tag == kSeriesTags[i]) all.series.series[i].merge(interval->histogram);
        }
    }
    return true;
}

std::vector<SecondOfAll> SecondsOfAll::take(bool all) {
    std::vector<SecondOfAll> out;
    const long told = *std::min_element(last_.begin(), last_.end());
    for (auto it = open_.begin(); it != open_.end() && (all || it->first <= told);) {
        set_percentiles(it->second);
        out.push_back(std::move(it->second));
        it = open_.erase(it);
    }
    return out;
}

SumOfAll::SumOfAll(const Spec& spec, const Plan& plan, BrokerSide& broker,
                   const Run::Observer& observer)
    : spec_(spec)
    , plan_(plan)
    , broker_(broker)
    , observer_(observer) {
    fill_asked(result_, spec, plan);
    result_.hosts = spec.agents;
    for (const std::string& text : spec.assertions)
        result_.assertions.push_back({.text = text});
    if (broker.is_watched()) result_.broker.emplace().source = broker.source();
    before_ = broker.read(0);
    if (spec.limit != 0) {
        warm_seconds_ = 0;
    } else if (!spec.warmup_until_steady) {
        warm_seconds_ = std::chrono::duration<double>(spec.warmup).count();
    }
}

void SumOfAll::begin(std::int64_t zero_ns) {
    zero_ns_ = zero_ns;
    connected_ = broker_.read(0);
    if (observer_.on_connected) observer_.on_connected(result_);
}

void SumOfAll::on_time(std::int64_t now) {
    if (zero_ns_ == 0 || !warm_seconds_ || !broker_.is_watched()) return;
    const std::int64_t from = zero_ns_ + std::llround(*warm_seconds_ * 1e9);
    const auto length = spec_.command == Command::conn ? spec_.hold : spec_.duration;
    if (!from_ && now >= from) from_ = broker_.read(0);
    if (!until_ && spec_.limit == 0 && now >= from + length.count()) until_ = broker_.read(0);
}

void SumOfAll::on_second(SecondOfAll all) {
    Second& s = all.second;
    const std::int64_t now = monotonic_ns();
    if (const auto broker = broker_.read(0)) {
        if (last_) {
            s.broker_cpu_share = static_cast<double>(since(broker->cpu_ns, last_->cpu_ns)) /
                                 static_cast<double>(std::max<std::int64_t>(1, now - last_ns_));
        }
        s.broker_rss_bytes = broker->rss_bytes;
        last_ = broker;
        last_ns_ = now;
    }
    if (observer_.on_interval) {
        for (std::size_t i = 0; i < kSeriesCount; ++i) {
            if (all.series.series[i].empty()) continue;
            observer_.on_interval(static_cast<SeriesId>(i), std::max(0.0, s.elapsed - 1), 1,
                                  all.series.series[i]);
        }
    }
    result_.series.merge(all.series);
    count(s);
    result_.measured_seconds = warm_seconds_ ? std::max(0.0, s.at - *warm_seconds_) : 0;
    result_.seconds.push_back(s);
    if (observer_.on_second) observer_.on_second(result_, s);
    if (spec_.abort_on_fail && result_.measured_seconds > 0) stop_if_failing(result_);
}

std::optional<TeamMeasure> SumOfAll::measure(std::int64_t now) {
    if (zero_ns_ == 0 || warm_seconds_) return std::nullopt;
    const bool steady = is_steady(result_.seconds, plan_.subscribers() > 0);
    const bool waited = static_cast<double>(now - zero_ns_) / 1e9 > kLongestWarmup;
    if (!steady && !waited) return std::nullopt;
    const TeamMeasure measure{now + kMeasureIn, steady};
    warm_seconds_ = static_cast<double>(measure.from_ns - zero_ns_) / 1e9;
    return measure;
}

// What can be known before the hosts give their own counts.
void SumOfAll::count(const Second& s) {
    Counters& c = result_.counters;
    c.offered += s.offered;
    c.sent += s.sent;
    c.acked += s.acked;
    c.received += s.received;
    c.connected = std::max(c.connected, s.connected);
    if (!warm_seconds_ || s.at <= *warm_seconds_) return;
    c.measured_offered += s.offered;
    c.measured_sent += s.sent;
    c.sent_in_window += s.sent;
    c.acked_in_window += s.acked;
    c.received_in_window += s.received;
}

std::vector<Result> SumOfAll::read_all(const std::vector<MemberResult>& texts,
                                       std::string& trouble) const {
    std::vector<Result> out;
    for (const MemberResult& member : texts) {
        if (!member.json) {
            if (trouble.empty()) trouble = fmt::format("no result of load host {}", member.host);
            continue;
        }
        try {
            Result result = read_result(*member.json);
            if (!result.error.empty()) {
                result.error = fmt::format("{}: {}", member.host, result.error);
            }
            out.push_back(std::move(result));
        } catch (const std::invalid_argument& error) {
            if (trouble.empty()) trouble = fmt::format("{}: {}", member.host, error.what());
        }
    }
    return out;
}

void SumOfAll::put_broker(Result& sum) const {
    sum.broker = result_.broker;
    if (!sum.broker || !before_) return;
    BrokerCost& cost = *sum.broker;
    cost.rss_before = before_->rss_bytes;
    if (connected_) cost.rss_connected = connected_->rss_bytes;
    const auto end = until_ ? until_ : broker_.read(0);
    if (!from_ || !end) return;
    cost.cpu_ns = since(end->cpu_ns, from_->cpu_ns);
    cost.rss_after = end->rss_bytes;
    cost.switches = since(end->switches, from_->switches);
}

Result SumOfAll::finish(const std::vector<MemberResult>& texts, const std::string& given,
                        SysWatch* sys) {
    std::string trouble = given;
    const std::vector<Result> results = read_all(texts, trouble);
    Result sum = results.empty() ? Result{} : merge_results(results);
    // Each host has said the whole of what was asked.
    sum.targets.clear();
    fill_asked(sum, spec_, plan_);
    sum.hosts = spec_.agents;
    sum.seconds = std::move(result_.seconds);
    sum.assertions = result_.assertions;
    sum.stopped_by = result_.stopped_by;
    std::string names;
    for (const MemberResult& member : texts)
        names += (names.empty() ? "" : ", ") + member.host;
    sum.environment.emplace_back("load_hosts", names);
    join_stages(sum.stages);
    if (!trouble.empty()) {
        sum.partial = true;
        sum.error = trouble;
    }
    if (!sum.stopped_by.empty()) sum.partial = true;
    settle_balance(sum, plan_);
    put_broker(sum);
    if (sys != nullptr) {
        if (spec_.sys_counters) sum.sys = sys->finish(std::chrono::seconds(12));
        if (sum.sys) {
            sum.sys->agreement = sys_agreement(*sum.sys, sum.counters.sent, sum.counters.received);
        } else if (!sys->version().empty()) {
            sum.sys.emplace().version = sys->version();
        }
    }
    judge_together(sum, results);
    return sum;
}

void join_stages(std::vector<StageResult>& stages) {
    std::vector<StageResult> out;
    for (const StageResult& stage : stages) {
        const auto same = std::find_if(out.begin(), out.end(), [&](const StageResult& other) {
            return other.at == stage.at && other.text == stage.text;
        });
        if (same == out.end()) {
            out.push_back(stage);
            continue;
        }
        same->clients += stage.clients;
        same->back += stage.back;
        same->back_seconds = std::max(same->back_seconds, stage.back_seconds);
        same->backlog += stage.backlog;
        same->backlog_seconds = std::max(same->backlog_seconds, stage.backlog_seconds);
    }
    stages = std::move(out);
}

}  // namespace mqtt::bench
