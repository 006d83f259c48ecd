// Recursive descent from text to the nodes of an Expression. The grammar is in expression.hpp.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <stdexcept>

#include "common/expression.hpp"

namespace tools {

class ExpressionParser {
public:
    ExpressionParser(std::string_view text, Expression& out, Expression::BareField bare_field)
        : text_(text)
        , out_(out)
        , bare_field_(bare_field) {}

    void run() {
        out_.root_ = either();
        if (peek() == '=') fail("unexpected '=' (equality is ==)");
        if (at_ != text_.size() && is_condition(out_.root_)) fail("unexpected text");
        out_.root_ = condition(out_.root_);
        if (at_ != text_.size()) fail("unexpected text");
    }

private:
    using Op = Expression::Op;
    using Index = std::uint32_t;

    // Nesting that no person writes; the evaluation follows it.
    static constexpr int kMaximumDepth = 100;

    [[noreturn]] void fail(std::string_view what) const {
        throw std::invalid_argument(fmt::format("'{}': {} at column {}", text_, what, at_ + 1));
    }
    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t'))
            ++at_;
    }
    bool accept(std::string_view word) {
        skip_space();
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    char peek() {
        skip_space();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    Index add(Op op, Index a = 0, Index b = 0) {
        Expression::Node node;
        node.op = op;
        node.a = a;
        node.b = b;
        out_.nodes_.push_back(node);
        return static_cast<Index>(out_.nodes_.size() - 1);
    }
    Index add_literal(ExpressionValue value, std::string text = {}) {
        const Index index = add(Op::literal);
        out_.nodes_[index].value = value;
        out_.nodes_[index].text = static_cast<Index>(out_.texts_.size());
        out_.texts_.push_back(std::move(text));
        return index;
    }

    bool is_condition(Index node) const { return out_.nodes_[node].op >= Op::less; }
    // `node` where a condition is expected.
    Index condition(Index node) {
        if (is_condition(node)) return node;
        const bool is_field = out_.nodes_[node].op == Op::field;
        if (!is_field || bare_field_ == Expression::BareField::error) {
            fail("expected a comparison (< <= > >= == != ~ !~)");
        }
        return add(Op::truth, node);
    }
    Index value(Index node) const {
        if (is_condition(node)) fail("a condition is no value");
        return node;
    }

    Index either() {
        if (++depth_ > kMaximumDepth) fail("nested too deeply");
        Index left = both();
        while (accept("||")) {
            left = condition(left);
            const Index right = condition(both());
            left = add(Op::logical_or, left, right);
        }
        --depth_;
        return left;
    }
    Index both() {
        Index left = negation();
        while (accept("&&")) {
            left = condition(left);
            const Index right = condition(negation());
            left = add(Op::logical_and, left, right);
        }
        return left;
    }
    Index negation() {
        skip_space();
        const std::string_view rest = text_.substr(at_);
        if (!rest.starts_with('!') || rest.starts_with("!=") || rest.starts_with("!~")) {
            return comparison();
        }
        ++at_;
        if (++depth_ > kMaximumDepth) fail("nested too deeply");
        const Index inner = condition(negation());
        --depth_;
        return add(Op::logical_not, inner);
    }
    Index comparison() {
        const Index left = sum();
        struct Sign {
            std::string_view text;
            Op op;
        };
        static constexpr std::array kSigns{
            Sign{"<=", Op::less_equal}, Sign{">=", Op::greater_equal}, Sign{"==", Op::equal},
            Sign{"!=", Op::not_equal},  Sign{"<", Op::less},           Sign{">", Op::greater},
            Sign{"!~", Op::no_match},   Sign{"~", Op::match}};
        for (const Sign& sign : kSigns) {
            if (!accept(sign.text)) continue;
            value(left);
            const bool is_match = sign.op == Op::match || sign.op == Op::no_match;
            const Index right = is_match ? pattern() : value(sum());
            return add(sign.op, left, right);
        }
        return left;
    }
    Index sum() {
        Index left = product();
        for (;;) {
            const bool plus = accept("+");
            if (!plus && !accept("-")) return left;
            value(left);
            const Index right = value(product());
            left = add(plus ? Op::add : Op::subtract, left, right);
        }
    }
    Index product() {
        Index left = factor();
        for (;;) {
            const bool times = accept("*");
            if (!times && !accept("/")) return left;
            value(left);
            const Index right = value(factor());
            left = add(times ? Op::multiply : Op::divide, left, right);
        }
    }
    Index factor() {
        if (accept("-")) {
            if (++depth_ > kMaximumDepth) fail("nested too deeply");
            const Index inner = value(factor());
            --depth_;
            return add(Op::negate, inner);
        }
        if (accept("(")) {
            const Index inner = either();
            if (!accept(")")) fail("expected ')'");
            return inner;
        }
        const char c = peek();
        if ((c >= '0' && c <= '9') || c == '.') return number();
        if (c == '"' || c == '\'') {
            std::string content = quoted();
            return add_literal({ExpressionValue::Kind::text, 0, {}}, std::move(content));
        }
        return word();
    }

    std::string quoted() {
        const std::size_t start = at_;
        const char quote = text_[at_++];
        std::string content;
        for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                const char c = text_[++at_];
                if (c != quote && c != '\\' && c != 'n' && c != 't') fail("unknown escape");
                content += c == 'n' ? '\n' : c == 't' ? '\t' : c;
            } else {
                content += text_[at_];
            }
        }
        if (at_ == text_.size()) {
            at_ = start;
            fail("the text has no end");
        }
        ++at_;
        return content;
    }
    Index pattern() {
        const char c = peek();
        const std::size_t start = at_;
        std::string content;
        if (c == '"' || c == '\'') {
            content = quoted_pattern(c);
        } else if (c == '/') {
            content = quoted_pattern('/');
        } else {
            fail("expected a pattern in quotes or between slashes");
        }
        try {
            out_.patterns_.emplace_back(content);
        } catch (const std::invalid_argument& error) {
            at_ = start;
            fail(error.what());
        }
        return static_cast<Index>(out_.patterns_.size() - 1);
    }
    // Backslashes are the pattern's, but for the one before the quote.
    std::string quoted_pattern(char quote) {
        const std::size_t start = at_++;
        std::string content;
        for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                if (text_[++at_] != quote) content += '\\';
            }
            content += text_[at_];
        }
        if (at_ == text_.size()) {
            at_ = start;
            fail("the pattern has no end");
        }
        ++at_;
        return content;
    }

    static bool is_word_char(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || static_cast<unsigned char>(c) >= 0x80;
    }
    std::string_view take_word() {
        const std::size_t start = at_;
        while (at_ < text_.size() && is_word_char(text_[at_]))
            ++at_;
        return text_.substr(start, at_ - start);
    }
    Index word() {
        skip_space();
        const std::size_t start = at_;
        const std::string_view first = take_word();
        if (first.empty()) fail("expected a field or a value");
        if (first == "true" || first == "false") {
            return add_literal(ExpressionValue::of(first == "true"));
        }
        if (first == "null") return add_literal({});
        ExpressionField field;
        field.root = first;
        while (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == '['))
            field.steps.push_back(step());
        field.name = text_.substr(start, at_ - start);
        field.column = start + 1;
        field.number = out_.fields_.size();
        out_.names_.push_back(field.name);
        out_.fields_.push_back(std::move(field));
        return add(Op::field, static_cast<Index>(out_.fields_.size() - 1));
    }
    ExpressionField::Step step() {
        ExpressionField::Step step;
        if (text_[at_++] == '.') {
            step.key = take_word();
            if (step.key.empty()) fail("expected a word after '.'");
            return step;
        }
        const char c = peek();
        if (c == '"' || c == '\'') {
            step.key = quoted();
        } else {
            int index = 0;
            const auto [end, error] =
                std::from_chars(text_.data() + at_, text_.data() + text_.size(), index);
            if (error != std::errc{}) fail("expected a number or a text in quotes");
            at_ = static_cast<std::size_t>(end - text_.data());
            step.index = index;
        }
        if (!accept("]")) fail("expected ']'");
        return step;
    }

    Index number() {
        double number = 0;
        const auto [end, error] =
            std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
        if (error != std::errc{}) fail("bad number");
        at_ = static_cast<std::size_t>(end - text_.data());
        const std::size_t start = at_;
        while (at_ < text_.size() && (is_word_char(text_[at_]) || text_[at_] == '%'))
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
            using Kind = ExpressionValue::Kind;
            out_.has_durations_ = out_.has_durations_ || u.is_duration;
            return add_literal(
                {u.is_duration ? Kind::duration : Kind::number, number * u.factor, {}});
        }
        at_ = start;
        fail("unknown unit (ns us ms s, k M %, kB MB)");
    }

    std::string_view text_;
    Expression& out_;
    Expression::BareField bare_field_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

Expression Expression::parse(std::string_view text, BareField bare_field) {
    Expression out;
    out.text_ = text;
    ExpressionParser(text, out, bare_field).run();
    return out;
}

}  // namespace tools
