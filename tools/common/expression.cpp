// See expression.hpp: evaluation, in the logic of three values.
#include "common/expression.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tools {

using Kind = ExpressionValue::Kind;
using Outcome = Expression::Outcome;

namespace {

constexpr std::string_view kMixed = "mixes a duration with a plain number (write 5ms, not 5)";

Outcome outcome_of(bool holds) {
    return holds ? Outcome::pass : Outcome::fail;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// A number where one can be had: also from text, and from true and false.
std::optional<ExpressionValue> as_number(const ExpressionValue& value) {
    switch (value.kind) {
    case Kind::missing: return std::nullopt;
    case Kind::boolean: return ExpressionValue::of(value.number);
    case Kind::number:
    case Kind::duration: return value;
    case Kind::text: break;
    }
    const std::string_view text = trimmed(value.text);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return ExpressionValue::of(number);
}

std::string_view as_text(const ExpressionValue& value) {
    if (value.kind == Kind::boolean) return value.number != 0 ? "true" : "false";
    return value.text;
}

}  // namespace

// One evaluation. Reports to a Verdict when there is one.
class ExpressionRun {
public:
    ExpressionRun(const Expression& expression, ExpressionFields& fields,
                  Expression::Verdict* verdict)
        : expression_(expression)
        , fields_(fields)
        , verdict_(verdict) {}

    Outcome condition(std::uint32_t index) {
        const Node& node = expression_.nodes_[index];
        switch (node.op) {
        case Op::logical_not: {
            const Outcome inner = condition(node.a);
            return inner == Outcome::unknown ? inner : outcome_of(inner == Outcome::fail);
        }
        case Op::logical_and: return combined(node, Outcome::fail);
        case Op::logical_or: return combined(node, Outcome::pass);
        case Op::truth: return truth(value(node.a));
        default: break;
        }
        const ExpressionValue left = value(node.a);
        const Outcome outcome = comparison(node, left);
        note_left(left, outcome);
        return outcome;
    }

private:
    using Op = Expression::Op;
    using Node = Expression::Node;

    // `decisive` on one side decides; else one unknown makes the whole unknown.
    Outcome combined(const Node& node, Outcome decisive) {
        const Outcome left = condition(node.a);
        if (left == decisive) return left;
        const Outcome right = condition(node.b);
        if (right == decisive) return right;
        return left == Outcome::unknown ? left : right;
    }

    Outcome truth(const ExpressionValue& value) {
        if (value.kind == Kind::missing) return Outcome::unknown;
        return outcome_of(value.kind == Kind::text ? !value.text.empty() : value.number != 0);
    }

    Outcome comparison(const Node& node, const ExpressionValue& left) {
        if (node.op == Op::match || node.op == Op::no_match) {
            if (left.kind == Kind::missing) return Outcome::unknown;
            const bool found = expression_.patterns_[node.b].search(as_text(left));
            return outcome_of(found == (node.op == Op::match));
        }
        const ExpressionValue right = value(node.b);
        if (node.op == Op::equal || node.op == Op::not_equal) {
            const Outcome same = equal(node, left, right);
            if (node.op == Op::equal || same == Outcome::unknown) return same;
            return outcome_of(same == Outcome::fail);
        }
        if (left.kind == Kind::missing || right.kind == Kind::missing) return Outcome::unknown;
        if (left.kind == Kind::text && right.kind == Kind::text) {
            return outcome_of(is_ordered(node.op, left.text.compare(right.text), 0));
        }
        const auto a = as_number(left), b = as_number(right);
        if (!a || !b) return explain("compares text with a number");
        if (a->kind != b->kind) return explain(kMixed);
        return outcome_of(is_ordered(node.op, a->number, b->number));
    }

    bool is_null(std::uint32_t index) const {
        const Node& node = expression_.nodes_[index];
        return node.op == Op::literal && node.value.kind == Kind::missing;
    }

    Outcome equal(const Node& node, const ExpressionValue& left, const ExpressionValue& right) {
        if (left.kind == Kind::missing || right.kind == Kind::missing) {
            if (!is_null(node.a) && !is_null(node.b)) return Outcome::unknown;
            return outcome_of(left.kind == right.kind);
        }
        const bool has_text = left.kind == Kind::text || right.kind == Kind::text;
        if (left.kind == right.kind && has_text) return outcome_of(left.text == right.text);
        if (has_text && (left.kind == Kind::boolean || right.kind == Kind::boolean)) {
            return outcome_of(as_text(left) == as_text(right));
        }
        const auto a = as_number(left), b = as_number(right);
        if (!a || !b) return Outcome::fail;  // text that is no number is no number
        if (a->kind != b->kind) return explain(kMixed);
        return outcome_of(a->number == b->number);
    }

    template <class T>
    static bool is_ordered(Op op, T a, T b) {
        switch (op) {
        case Op::less: return a < b;
        case Op::less_equal: return a <= b;
        case Op::greater: return a > b;
        default: return a >= b;
        }
    }

    ExpressionValue value(std::uint32_t index) {
        const Node& node = expression_.nodes_[index];
        switch (node.op) {
        case Op::literal: {
            ExpressionValue literal = node.value;
            literal.text = expression_.texts_[node.text];
            return literal;
        }
        case Op::field: {
            const ExpressionField& field = expression_.fields_[node.a];
            const ExpressionValue found = fields_.value(field);
            if (found.kind == Kind::missing && verdict_ != nullptr) {
                explain(fmt::format("no figure for {}", field.name));
            }
            return found;
        }
        case Op::negate: {
            const auto number = as_number(value(node.a));
            return number ? ExpressionValue{number->kind, -number->number, {}} : ExpressionValue{};
        }
        default: break;
        }
        const ExpressionValue left = value(node.a);
        return arithmetic(node.op, left, value(node.b));
    }

    // Missing when it cannot be computed.
    ExpressionValue arithmetic(Op op, const ExpressionValue& left, const ExpressionValue& right) {
        const auto a = as_number(left), b = as_number(right);
        if (!a || !b) return {};
        const bool a_lasts = a->kind == Kind::duration, b_lasts = b->kind == Kind::duration;
        const auto result = [](double number, bool is_duration) {
            return ExpressionValue{is_duration ? Kind::duration : Kind::number, number, {}};
        };
        if (op == Op::multiply) return result(a->number * b->number, a_lasts || b_lasts);
        if (op == Op::divide) return result(a->number / b->number, a_lasts && !b_lasts);
        if (a_lasts != b_lasts) {
            explain(kMixed);
            return {};
        }
        return result(op == Op::add ? a->number + b->number : a->number - b->number, b_lasts);
    }

    Outcome explain(std::string_view why) {
        if (verdict_ != nullptr && verdict_->why.empty()) verdict_->why = why;
        return Outcome::unknown;
    }

    void note_left(const ExpressionValue& left, Outcome outcome) {
        if (verdict_ == nullptr || left_failed_) return;
        if (verdict_->left && outcome == Outcome::pass) return;
        if (left.kind != Kind::number && left.kind != Kind::duration) return;
        verdict_->left = MetricValue{left.number, left.kind == Kind::duration};
        left_failed_ = outcome != Outcome::pass;
    }

    const Expression& expression_;
    ExpressionFields& fields_;
    Expression::Verdict* verdict_;
    bool left_failed_ = false;
};

namespace {

class LookupFields : public ExpressionFields {
public:
    explicit LookupFields(const MetricLookup& lookup) : lookup_(lookup) {}
    ExpressionValue value(const ExpressionField& field) override {
        const auto found = lookup_(field.name);
        if (!found) return {};
        return {found->is_duration ? Kind::duration : Kind::number, found->value, {}};
    }

private:
    const MetricLookup& lookup_;
};

}  // namespace

Expression::Verdict Expression::evaluate(const MetricLookup& lookup) const {
    Verdict verdict;
    LookupFields fields(lookup);
    verdict.outcome = ExpressionRun(*this, fields, &verdict).condition(root_);
    if (verdict.outcome != Outcome::unknown) verdict.why.clear();
    return verdict;
}

Expression::Outcome Expression::evaluate(ExpressionFields& fields) const {
    return ExpressionRun(*this, fields, nullptr).condition(root_);
}

}  // namespace tools
