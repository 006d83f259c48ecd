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
        return fmt::format("undecided: {} round{}, {} needed", rounds, rounds == 1 ? "" : "s",
                           kEnoughRounds);
    if (ratio.low <= 1 && ratio.high >= 1) return "no difference shown";
    const bool b_is_better = (ratio.middle > 1) == row.more_is_better;
    return b_is_better ? "B is better" : "A is better";
}

}  // namespace

namespace {

class Comparison {
public:
    Comparison(const VersusSpec& spec, const RunOne& run)
        : spec_(spec)
        , run_(run)
        , figures_(compared(spec.a.max)) {
        for (const PairedFigure& figure : figures_)
            out_.rows.push_back({figure.name, figure.more_is_better, {}, {}});
    }

    VersusResult go(const std::function<void(int, const Result&, const Result&)>& on_round) {
        for (int round = 0; round < spec_.rounds && !out_.is_partial(); ++round) {
            // A B, B A, A B: what drifts over time falls on both alike.
            const char order[] = {round % 2 == 0 ? 'A' : 'B', round % 2 == 0 ? 'B' : 'A'};
            const Result first = run_one(order[0]);
            if (out_.is_partial()) break;
            const Result second = run_one(order[1]);
            if (out_.is_partial()) {
                out_.unpaired.insert(out_.unpaired.begin(), {order[0], false, figures(first)});
                break;
            }
            const Result& a = order[0] == 'A' ? first : second;
            const Result& b = order[0] == 'A' ? second : first;
            add_pair(a, b);
            if (on_round) on_round(round, a, b);
        }
        return std::move(out_);
    }

private:
    Result run_one(char side) {
        Result result = run_(side == 'A' ? spec_.a : spec_.b);
        if (result.partial || !result.error.empty()) {
            out_.error =
                fmt::format("{}: {}", side, result.error.empty() ? "cancelled" : result.error);
            if (result.measured_seconds > 0) out_.unpaired.push_back({side, true, figures(result)});
        }
        return result;
    }
    void add_pair(const Result& a, const Result& b) {
        ++out_.rounds;
        out_.lost_a += a.lost;
        out_.lost_b += b.lost;
        for (std::size_t row = 0; row < out_.rows.size(); ++row) {
            const auto of_a = metric(a, figures_[row].metric);
            const auto of_b = metric(b, figures_[row].metric);
            out_.rows[row].a.push_back(of_a ? of_a->value : 0);
            out_.rows[row].b.push_back(of_b ? of_b->value : 0);
        }
    }
    std::vector<std::optional<MetricValue>> figures(const Result& result) const {
        std::vector<std::optional<MetricValue>> out;
        for (const PairedFigure& figure : figures_)
            out.push_back(metric(result, figure.metric));
        return out;
    }

    const VersusSpec& spec_;
    const RunOne& run_;
    const std::span<const PairedFigure> figures_;
    VersusResult out_;
};

}  // namespace

VersusResult run_versus(const VersusSpec& spec, const RunOne& run,
                        const std::function<void(int, const Result&, const Result&)>& on_round) {
    return Comparison(spec, run).go(on_round);
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
    fmt::format_to(out, "rounds  {} pair{}, interleaved A B B A; loss A {}  B {}\n", result.rounds,
                   result.rounds == 1 ? "" : "s", result.lost_a, result.lost_b);
    if (!result.is_partial()) return text;
    for (const VersusResult::Unpaired& run : result.unpaired) {
        fmt::format_to(out, "round {} {} {}:", result.rounds + 1, run.side,
                       run.partial ? "partial" : "whole, without its pair");
        for (std::size_t row = 0; row < run.figures.size(); ++row) {
            if (!run.figures[row]) continue;
            fmt::format_to(out, "  {} {}", result.rows[row].name, format_metric(run.figures[row]));
        }
        text += '\n';
    }
    fmt::format_to(out, "partial  the comparison ended before its time\nerror    {}\n",
                   result.error);
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
    json.flag("partial", result.is_partial());
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
    json.begin("unpaired", '[');
    for (const VersusResult::Unpaired& run : result.unpaired) {
        json.begin("", '{', true);
        json.text("side", std::string_view(&run.side, 1));
        json.flag("partial", run.partial);
        for (std::size_t row = 0; row < run.figures.size(); ++row) {
            if (run.figures[row]) json.number(result.rows[row].name, run.figures[row]->value);
        }
        json.end('}');
    }
    json.end(']');
    json.end('}');
    return out + "\n";
}

}  // namespace mqtt::bench
