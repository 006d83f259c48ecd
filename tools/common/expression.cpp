// Recursive descent to postfix steps, and their evaluation with a check of units.
#include "common/expression.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace tools {

class ExpressionParser {
public:
    ExpressionParser(std::string_view text, Expression& out) : text_(text), out_(out) {}

    void run() {
        sum(out_.left_);
        out_.comparison_ = comparison();
        sum(out_.right_);
        skip_space();
        if (at_ != text_.size()) fail("unexpected text");
    }

private:
    using Steps = std::vector<Expression::Step>;
    using Op = Expression::Op;

    [[noreturn]] void fail(std::string_view what) const {
        throw std::invalid_argument(fmt::format("'{}': {} at column {}", text_, what, at_ + 1));
    }
    void skip_space() {
        while (at_ < text_.size() && text_[at_] == ' ')
            ++at_;
    }
    bool accept(char c) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    std::string comparison() {
        skip_space();
        for (const std::string_view sign : {"<=", ">=", "==", "!=", "<", ">"}) {
            if (!text_.substr(at_).starts_with(sign)) continue;
            at_ += sign.size();
            return std::string(sign);
        }
        fail("expected a comparison (< <= > >= == !=)");
    }
    void sum(Steps& steps) {
        product(steps);
        for (;;) {
            const bool add = accept('+');
            if (!add && !accept('-')) return;
            product(steps);
            steps.push_back({add ? Op::add : Op::subtract, {}, 0});
        }
    }
    void product(Steps& steps) {
        factor(steps);
        for (;;) {
            const bool times = accept('*');
            if (!times && !accept('/')) return;
            factor(steps);
            steps.push_back({times ? Op::multiply : Op::divide, {}, 0});
        }
    }
    void factor(Steps& steps) {
        if (accept('(')) {
            sum(steps);
            if (!accept(')')) fail("expected ')'");
            return;
        }
        skip_space();
        if (at_ >= text_.size()) fail("expected a metric or a number");
        const char c = text_[at_];
        if ((c >= '0' && c <= '9') || c == '.') return number(steps);
        name(steps);
    }
    static bool is_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.';
    }
    void name(Steps& steps) {
        const std::size_t start = at_;
        while (at_ < text_.size() && is_word(text_[at_]))
            ++at_;
        if (at_ == start) fail("expected a metric or a number");
        steps.push_back({Op::metric, {}, out_.metrics_.size()});
        out_.metrics_.emplace_back(text_.substr(start, at_ - start));
    }
    void number(Steps& steps) {
        double value = 0;
        const auto [end, error] =
            std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
        if (error != std::errc{}) fail("bad number");
        at_ = static_cast<std::size_t>(end - text_.data());
        const std::size_t start = at_;
        while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '%'))
            ++at_;
        const std::string_view unit = text_.substr(start, at_ - start);
        struct Unit {
            std::string_view name;
            double factor;
            bool is_duration;
        };
        static constexpr Unit kUnits[] = {{"", 1, false},    {"ns", 1, true},    {"us", 1e3, true},
                                          {"ms", 1e6, true}, {"s", 1e9, true},   {"k", 1e3, false},
                                          {"M", 1e6, false}, {"%", 0.01, false}, {"kB", 1e3, false},
                                          {"MB", 1e6, false}};
        for (const Unit& u : kUnits) {
            if (u.name != unit) continue;
            steps.push_back({Op::push, {value * u.factor, u.is_duration}, 0});
            return;
        }
        at_ = start;
        fail("unknown unit (ns us ms s, k M %, kB MB)");
    }

    std::string_view text_;
    Expression& out_;
    std::size_t at_ = 0;
};

Expression Expression::parse(std::string_view text) {
    Expression out;
    out.text_ = text;
    ExpressionParser(text, out).run();
    return out;
}

namespace {

constexpr std::string_view kMixed = "mixes a duration with a plain number (write 5ms, not 5)";

bool compare(double a, std::string_view sign, double b) {
    if (sign == "<") return a < b;
    if (sign == "<=") return a <= b;
    if (sign == ">") return a > b;
    if (sign == ">=") return a >= b;
    return (a == b) == (sign == "==");
}

}  // namespace

Expression::Verdict Expression::evaluate(const MetricLookup& lookup) const {
    Verdict verdict;
    const auto run = [&](const std::vector<Step>& steps) -> std::optional<MetricValue> {
        std::vector<MetricValue> stack;
        for (const Step& step : steps) {
            if (step.op == Op::push) {
                stack.push_back(step.value);
                continue;
            }
            if (step.op == Op::metric) {
                const auto value = lookup(metrics_[step.metric]);
                if (!value) {
                    verdict.why = fmt::format("no figure for {}", metrics_[step.metric]);
                    return std::nullopt;
                }
                stack.push_back(*value);
                continue;
            }
            const MetricValue b = stack.back();
            stack.pop_back();
            MetricValue& a = stack.back();
            if (step.op == Op::add || step.op == Op::subtract) {
                if (a.is_duration != b.is_duration) {
                    verdict.why = kMixed;
                    return std::nullopt;
                }
                a.value += step.op == Op::add ? b.value : -b.value;
            } else if (step.op == Op::multiply) {
                a = {a.value * b.value, a.is_duration || b.is_duration};
            } else {
                a = {a.value / b.value, a.is_duration && !b.is_duration};
            }
        }
        return stack.back();
    };
    const auto left = run(left_);
    if (!left) return verdict;
    const auto right = run(right_);
    verdict.left = *left;
    if (!right) return verdict;
    if (left->is_duration != right->is_duration) {
        verdict.why = kMixed;
        return verdict;
    }
    const bool pass = compare(left->value, comparison_, right->value);
    verdict.outcome = pass ? Outcome::pass : Outcome::fail;
    return verdict;
}

}  // namespace tools
