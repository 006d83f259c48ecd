// The language of --assert and --slo: one comparison of two sums over metrics and numbers, such as
// `e2e.p99<5ms`, `loss==0`, `recv.rate>=0.99*offered`. Durations and plain numbers do not mix.
// Parsed before the run, so that a typing error costs nothing. Used by mqtt-bench; knows no results,
// only names.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tools {

struct MetricValue {
    double value = 0;  // durations in nanoseconds
    bool is_duration = false;
    friend bool operator==(const MetricValue&, const MetricValue&) = default;
};

// Nothing: the run has no such figure (not measured, or too few samples).
using MetricLookup = std::function<std::optional<MetricValue>(std::string_view name)>;

class Expression {
public:
    // Throws std::invalid_argument with a sentence that points to the place.
    static Expression parse(std::string_view text);

    enum class Outcome : std::uint8_t { pass, fail, unknown };
    struct Verdict {
        Outcome outcome = Outcome::unknown;
        std::optional<MetricValue> left;  // the left side's value
        std::string why;                  // for unknown: which name, or which mixture
    };
    Verdict evaluate(const MetricLookup& lookup) const;

    const std::string& text() const { return text_; }
    // Names of the metrics used, for checking them before the run.
    const std::vector<std::string>& metrics() const { return metrics_; }

private:
    enum class Op : std::uint8_t { push, metric, add, subtract, multiply, divide };
    struct Step {
        Op op = Op::push;
        MetricValue value;
        std::size_t metric = 0;
    };
    friend class ExpressionParser;

    std::string text_;
    std::vector<std::string> metrics_;
    std::vector<Step> left_;  // in postfix order
    std::vector<Step> right_;
    std::string comparison_;  // < <= > >= == !=
};

}  // namespace tools
