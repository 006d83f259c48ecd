// One language for everything that is asked of fields: mqtt-sub --where and --until, mqtt-bench
// --assert and --slo. Examples: `e2e.p99 < 5ms && loss == 0`, `recv.rate >= 0.99*offered`,
// `payload.temp > 20 && topic ~ "/kitchen/"`.
//
//   or         and { "||" and }
//   and        not { "&&" not }
//   not        "!" not | comparison
//   comparison sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum | ("~" | "!~") pattern ]
//   sum        product { ("+" | "-") product }
//   product    factor { ("*" | "/") factor }
//   factor     "-" factor | "(" or ")" | number [unit] | "text" | 'text' | true | false | null | field
//   field      word { "." word | "[" index "]" | "[" "text" "]" }
//   pattern    "text" | /text/          a regular expression, see regex.hpp
//
// What is missing is neither true nor false: a comparison with it is unknown, and so is its negation;
// `== null` asks for it. Durations and plain numbers do not mix. Text that is a number counts as one
// beside a number.
//
// Parsed before the run, so that a typing error costs nothing. Knows no field: message_fields.hpp has
// those of a message, mqtt-bench its figures.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/regex.hpp"

namespace tools {

// What a field or a part of an expression is worth. `text` lives as long as what it came from.
struct ExpressionValue {
    enum class Kind : std::uint8_t { missing, boolean, number, duration, text };
    Kind kind = Kind::missing;
    double number = 0;        // booleans 0 and 1, durations in nanoseconds
    std::string_view text{};  // of a number: as it was written, when that is known

    static ExpressionValue of(double n) { return {Kind::number, n, {}}; }
    static ExpressionValue of(bool b) { return {Kind::boolean, b ? 1.0 : 0.0, {}}; }
    static ExpressionValue of(std::string_view t) { return {Kind::text, 0, t}; }
};

// A field as it stands in the expression: `payload.a["b c"][0]` has the steps a, b c, 0.
struct ExpressionField {
    struct Step {
        std::string key{};
        std::optional<int> index{};  // a number in brackets; negative: from the end
    };
    std::string name;  // the whole text
    std::string root;  // the first word
    std::vector<Step> steps;
    std::size_t column = 0;  // from 1
    std::size_t number = 0;  // position among the fields of the expression
};

// Where fields get their values from, while an expression is evaluated.
class ExpressionFields {
public:
    virtual ~ExpressionFields() = default;
    // The text of the value must live until the evaluation ends.
    virtual ExpressionValue value(const ExpressionField& field) = 0;
};

// A figure of mqtt-bench.
struct MetricValue {
    double value = 0;  // durations in nanoseconds
    bool is_duration = false;
    friend bool operator==(const MetricValue&, const MetricValue&) = default;
};
// Nothing: the run has no such figure (not measured, or too few samples).
using MetricLookup = std::function<std::optional<MetricValue>(std::string_view name)>;

class Expression {
public:
    // What a field alone is where a condition is expected: an error (figures), or true when it is
    // true, not 0 and not empty (`retain && payload.on`).
    enum class BareField : std::uint8_t { error, condition };

    // Throws std::invalid_argument with a sentence that points to the place.
    static Expression parse(std::string_view text, BareField bare_field = BareField::error);

    enum class Outcome : std::uint8_t { pass, fail, unknown };
    struct Verdict {
        Outcome outcome = Outcome::unknown;
        // The left side of the first comparison that did not pass, else of the first one.
        std::optional<MetricValue> left;
        std::string why;  // for unknown: which name, or which mixture
    };
    Verdict evaluate(const MetricLookup& lookup) const;
    // The same without a report: for messages. Allocates nothing of its own.
    Outcome evaluate(ExpressionFields& fields) const;

    const std::string& text() const { return text_; }
    const std::vector<ExpressionField>& fields() const { return fields_; }
    // Names of the fields, for checking them before the run.
    const std::vector<std::string>& metrics() const { return names_; }
    bool has_durations() const { return has_durations_; }

private:
    enum class Op : std::uint8_t {
        literal,
        field,  // values
        negate,
        add,
        subtract,
        multiply,
        divide,  // of one and two values
        less,
        less_equal,
        greater,
        greater_equal,
        equal,
        not_equal,
        match,
        no_match,
        logical_not,
        logical_and,
        logical_or,
        truth,  // of conditions; truth: of a value
    };
    struct Node {
        Op op = Op::literal;
        std::uint32_t a = 0, b = 0;  // operands; field: its number; match: b is the pattern
        ExpressionValue value{};     // literal; its text is in texts_
        std::uint32_t text = 0;
    };
    friend class ExpressionParser;
    friend class ExpressionRun;

    std::string text_;
    std::vector<ExpressionField> fields_;
    std::vector<std::string> names_;
    std::vector<std::string> texts_;
    std::vector<Regex> patterns_;
    std::vector<Node> nodes_;
    std::uint32_t root_ = 0;
    bool has_durations_ = false;
};

}  // namespace tools
