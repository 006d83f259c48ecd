// The order of runs, what is compared, and the words for it.
#include "mqtt-bench/versus.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "mqtt-bench/json_writer.hpp"
#include "mqtt-bench/statistics.hpp"

namespace mqtt::bench {
namespace {

struct PairedFigure {
    const char* name;
    const char* metric;
    bool more_is_better;
};

// In a saturation run rates are compared, in an open loop latencies; costs in both.
constexpr PairedFigure kSaturation[] = {{"delivered", "recv.rate", true},
                                        {"published", "sent.rate", true},
                                        {"broker us/msg", "broker.cpu_us_per_msg", false}};
constexpr PairedFigure kOpenLoop[] = {{"e2e p50", "e2e.p50", false},
                                      {"e2e p99", "e2e.p99", false},
                                      {"e2e p99.9", "e2e.p99.9", false},
                                      {"ack p99", "ack.p99", false},
                                      {"connect p50", "connect.p50", false},
                                      {"connect p99", "connect.p99", false},
                                      {"bytes/conn", "broker.bytes_per_conn", false},
                                      {"broker us/msg", "broker.cpu_us_per_msg", false}};

std::span<const PairedFigure> compared(bool saturation) {
    if (saturation) return kSaturation;
    return kOpenLoop;
}

std::string verdict(const VersusResult::Row& row, const Interval& ratio, int rounds) {
    if (rounds < kEnoughRounds)
        return fmt::format("undecided: {} rounds, {} needed", rounds, kEnoughRounds);
    if (ratio.low <= 1 && ratio.high >= 1) return "no difference shown";
    const bool b_is_better = (ratio.middle > 1) == row.more_is_better;
    return b_is_better ? "B is better" : "A is better";
}

}  // namespace

VersusResult run_versus(const VersusSpec& spec, const RunOne& run,
                        const std::function<void(int, const Result&, const Result&)>& on_round) {
    VersusResult out;
    for (const PairedFigure& c : compared(spec.a.max))
        out.rows.push_back({c.name, c.more_is_better, {}, {}});
    for (int round = 0; round < spec.rounds; ++round) {
        // A B, B A, A B: what drifts over time falls on both alike.
        const bool a_first = round % 2 == 0;
        const Result first = run(a_first ? spec.a : spec.b);
        if (!first.error.empty() || first.partial) {
            out.error = first.error.empty() ? "cancelled" : first.error;
            return out;
        }
        const Result second = run(a_first ? spec.b : spec.a);
        if (!second.error.empty() || second.partial) {
            out.error = second.error.empty() ? "cancelled" : second.error;
            return out;
        }
        const Result& a = a_first ? first : second;
        const Result& b = a_first ? second : first;
        ++out.rounds;
        out.lost_a += a.lost;
        out.lost_b += b.lost;
        std::size_t row = 0;
        for (const PairedFigure& c : compared(spec.a.max)) {
            const auto of_a = metric(a, c.metric);
            const auto of_b = metric(b, c.metric);
            out.rows[row].a.push_back(of_a ? of_a->value : 0);
            out.rows[row].b.push_back(of_b ? of_b->value : 0);
            ++row;
        }
        if (on_round) on_round(round, a, b);
    }
    return out;
}

std::string versus_text(const VersusResult& result, std::uint64_t seed) {
    std::string text;
    const auto out = std::back_inserter(text);
    for (const VersusResult::Row& row : result.rows) {
        const Interval ratio = paired_ratio(row.a, row.b, seed);
        if (ratio.middle <= 0) continue;
        fmt::format_to(out, "B/A {:<14} x{:.3f} [{:.3f}, {:.3f}]   {}\n", row.name, ratio.middle,
                       ratio.low, ratio.high, verdict(row, ratio, result.rounds));
    }
    fmt::format_to(out, "rounds  {} pairs, interleaved A B B A; loss A {}  B {}\n", result.rounds,
                   result.lost_a, result.lost_b);
    if (!result.error.empty()) fmt::format_to(out, "error    {}\n", result.error);
    return text;
}

std::string versus_json(const VersusResult& result, std::uint64_t seed) {
    std::string out;
    JsonWriter json(out);
    json.begin("", '{');
    json.text("schema", "mqtt-bench/vs/1");
    json.count("rounds", static_cast<std::uint64_t>(result.rounds));
    json.count("loss_a", result.lost_a);
    json.count("loss_b", result.lost_b);
    json.text("error", result.error);
    json.begin("rows", '[');
    for (const VersusResult::Row& row : result.rows) {
        const Interval ratio = paired_ratio(row.a, row.b, seed);
        json.begin("", '{', true);
        json.text("name", row.name);
        json.number("b_per_a", ratio.middle);
        json.number("low", ratio.low);
        json.number("high", ratio.high);
        json.text("verdict",
                  ratio.middle > 0 ? verdict(row, ratio, result.rounds) : "not measured");
        for (const auto& [name, values] : {std::pair("a", &row.a), std::pair("b", &row.b)}) {
            json.begin(name, '[');
            for (const double value : *values)
                json.number("", value);
            json.end(']');
        }
        json.end('}');
    }
    json.end(']');
    json.end('}');
    return out + "\n";
}

}  // namespace mqtt::bench
