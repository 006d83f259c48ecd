// Adding up what load hosts tell their coordinator: seconds as they come, results at the end; and the
// broker beside it. Knows no network.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt-bench/broker_side.hpp"
#include "mqtt-bench/run.hpp"
#include "mqtt-bench/sys_watch.hpp"
#include "mqtt-bench/team_messages.hpp"

namespace mqtt::bench {

// The same second of every host.
struct SecondOfAll {
    Second second;
    SeriesSet series;
};

// Lays the hosts' seconds over each other by the time of the common schedule.
class SecondsOfAll {
public:
    explicit SecondsOfAll(std::uint32_t hosts);
    // A second as agents tell it: a line of --jsonl, then lines of --hdr. False: it is none.
    bool add(std::uint32_t host, std::string_view text);
    // Those that every host has told, or has gone past, in order, once. `all`: the others, too.
    std::vector<SecondOfAll> take(bool all = false);

private:
    std::vector<long> last_;  // key that each host has told last
    std::map<long, SecondOfAll> open_;
};

struct MemberResult {
    std::string host;
    std::optional<std::string> json;  // nothing: it never came
};

class SumOfAll {
public:
    // All must outlive it.
    SumOfAll(const Spec& spec, const Plan& plan, BrokerSide& broker, const Run::Observer& observer);
    void begin(std::int64_t zero_ns);  // the schedule starts then
    void on_time(std::int64_t now);
    void on_second(SecondOfAll second);
    // --warmup auto: what to tell the hosts, once, as soon as the load of all is steady or has had its
    // time.
    std::optional<TeamMeasure> measure(std::int64_t now);
    bool is_stopped() const { return !result_.stopped_by.empty(); }
    // `trouble`: why the run ended before its time, as a sentence; empty: it did not, or a host says.
    Result finish(const std::vector<MemberResult>& results, const std::string& trouble,
                  SysWatch* sys);

private:
    void count(const Second& second);
    std::vector<Result> read_all(const std::vector<MemberResult>& texts,
                                 std::string& trouble) const;
    void put_broker(Result& sum) const;

    const Spec& spec_;
    const Plan& plan_;
    BrokerSide& broker_;
    const Run::Observer& observer_;
    Result result_;  // as it goes, for whoever looks
    std::int64_t zero_ns_ = 0;
    std::optional<double> warm_seconds_;  // measured is what comes after it; nothing: not known yet
    std::optional<ProcessStats> before_, connected_, from_, until_, last_;
    std::int64_t last_ns_ = 0;
};

// Stages of the same time and words become one.
void join_stages(std::vector<StageResult>& stages);

}  // namespace mqtt::bench
