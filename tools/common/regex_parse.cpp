// Pattern to syntax tree to automaton. The tree lets {m,n} copy its operand.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include "common/regex_program.hpp"

namespace tools {
namespace {

constexpr std::size_t kMaximumPatternBytes = 4'096;
constexpr std::size_t kMaximumStates = 10'000;
constexpr int kMaximumCount = 1'000;
constexpr int kRegexDepth = 100;

using Kind = RegexState::Kind;

struct Node {
    enum class Type : std::uint8_t { nothing, chars, assertion, sequence, either, repeat };
    Type type = Type::nothing;
    Kind assertion = Kind::match;
    std::uint32_t set = 0;
    std::uint32_t left = 0, right = 0;  // sequence, either; repeat: left
    int least = 0, most = 0;            // repeat; most -1: no limit
};

void add_range(CharSet& set, std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t c = first; c <= last && c < 128; ++c)
        set.ascii.set(c);
    if (last >= 128) set.ranges.push_back({std::max<std::uint32_t>(first, 128), last});
}

void negate(CharSet& set) {
    set.ascii.flip();
    set.negated = !set.negated;
}

// \d \w \s, and in capitals what they are not.
std::optional<CharSet> named_set(char letter) {
    CharSet set;
    switch (letter | 0x20) {
    case 'd': add_range(set, '0', '9'); break;
    case 'w':
        add_range(set, '0', '9');
        add_range(set, 'A', 'Z');
        add_range(set, 'a', 'z');
        add_range(set, '_', '_');
        break;
    case 's':
        for (const char c : std::string_view(" \t\n\r\f\v"))
            add_range(set, static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c));
        break;
    default: return std::nullopt;
    }
    if (letter < 'a') negate(set);
    return set;
}

class Parser {
public:
    explicit Parser(std::string_view pattern) : text_(pattern) {
        if (text_.size() > kMaximumPatternBytes) fail("the pattern is too long");
        flags();
    }

    RegexProgram run() {
        const std::uint32_t root = either();
        if (at_ < text_.size()) fail("')' without '('");
        program_.start = emit(root, add_state({.kind = Kind::match}));
        return std::move(program_);
    }

private:
    [[noreturn]] void fail(std::string_view what) const {
        throw std::invalid_argument(
            fmt::format("regular expression '{}': {} at column {}", text_, what, at_ + 1));
    }
    bool at_end() const { return at_ == text_.size(); }
    bool accept(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    std::uint32_t add(Node node) {
        nodes_.push_back(node);
        return static_cast<std::uint32_t>(nodes_.size() - 1);
    }
    std::uint32_t add_set(CharSet set) {
        if (ignore_case_) fold(set);
        program_.sets.push_back(std::move(set));
        return add({.type = Node::Type::chars,
                    .set = static_cast<std::uint32_t>(program_.sets.size() - 1)});
    }
    static void fold(CharSet& set) {
        for (std::size_t c = 'a'; c <= 'z'; ++c) {
            const bool either = set.ascii[c] || set.ascii[c - 32];
            set.ascii[c] = set.ascii[c - 32] = either;
        }
    }

    void flags() {
        while (text_.substr(at_).starts_with("(?") && at_ + 2 < text_.size() &&
               std::string_view("ims").find(text_[at_ + 2]) != std::string_view::npos) {
            at_ += 2;
            for (; !at_end() && text_[at_] != ')'; ++at_) {
                switch (text_[at_]) {
                case 'i': ignore_case_ = true; break;
                case 'm': lines_ = true; break;
                case 's': dot_is_all_ = true; break;
                default: fail("unknown flag (i, m and s exist)");
                }
            }
            if (!accept(")")) fail("expected ')'");
        }
    }

    std::uint32_t either() {
        if (++depth_ > kRegexDepth) fail("too many groups inside each other");
        std::uint32_t left = sequence();
        while (accept("|")) {
            const std::uint32_t right = sequence();
            left = add({.type = Node::Type::either, .left = left, .right = right});
        }
        --depth_;
        return left;
    }

    std::uint32_t sequence() {
        std::uint32_t left = add({});
        while (!at_end() && text_[at_] != '|' && text_[at_] != ')') {
            const std::uint32_t right = repeat();
            left = add({.type = Node::Type::sequence, .left = left, .right = right});
        }
        return left;
    }

    std::uint32_t repeat() {
        std::uint32_t node = atom();
        // At most a few in a row make sense; depth of the tree is bounded by the depth of groups.
        for (int times = 0; !at_end(); ++times) {
            int least = 0, most = -1;
            if (accept("*")) {
            } else if (accept("+")) {
                least = 1;
            } else if (accept("?")) {
                most = 1;
            } else if (text_[at_] == '{') {
                count(least, most);
            } else {
                break;
            }
            if (times > 2) fail("too many repeats of a repeat");
            accept("?");  // lazy or greedy: the same for finding out whether it matches
            node = add({.type = Node::Type::repeat, .left = node, .least = least, .most = most});
        }
        return node;
    }

    int number() {
        int value = 0;
        const std::size_t start = at_;
        for (; !at_end() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
            value = value * 10 + (text_[at_] - '0');
            if (value > kMaximumCount) fail("a count above 1000");
        }
        if (at_ == start) fail("expected a count");
        return value;
    }

    void count(int& least, int& most) {
        accept("{");
        least = most = number();
        if (accept(",")) most = !at_end() && text_[at_] == '}' ? -1 : number();
        if (!accept("}")) fail("expected '}'");
        if (most >= 0 && most < least) fail("the counts are in the wrong order");
    }

    std::uint32_t assertion(Kind kind) {
        return add({.type = Node::Type::assertion, .assertion = kind});
    }

    std::uint32_t atom() {
        if (accept("(")) return group();
        if (accept("[")) return char_class();
        if (accept("^")) return assertion(lines_ ? Kind::line_start : Kind::text_start);
        if (accept("$")) return assertion(lines_ ? Kind::line_end : Kind::text_end);
        if (accept("\\")) return escape();
        CharSet set;
        if (accept(".")) {
            if (!dot_is_all_) add_range(set, '\n', '\n');
            negate(set);
            return add_set(std::move(set));
        }
        if (std::string_view("*+?{").find(text_[at_]) != std::string_view::npos) {
            fail(fmt::format("nothing to repeat before '{}'", text_[at_]));
        }
        const std::uint32_t code = next_code_point(text_, at_);
        add_range(set, code, code);
        return add_set(std::move(set));
    }

    std::uint32_t group() {
        if (accept("?") && !accept(":")) fail("only (?: ) and flags at the start are known");
        const std::uint32_t inner = either();
        if (!accept(")")) fail("expected ')'");
        return inner;
    }

    std::uint32_t escape() {
        if (at_end()) fail("a backslash at the end");
        const char c = text_[at_];
        if (c == 'b' || c == 'B') {
            ++at_;
            return assertion(c == 'b' ? Kind::word_edge : Kind::word_inner);
        }
        if (auto set = named_set(c)) {
            ++at_;
            return add_set(std::move(*set));
        }
        CharSet set;
        const std::uint32_t code = escaped_code();
        add_range(set, code, code);
        return add_set(std::move(set));
    }

    // What stands behind a backslash and is one character.
    std::uint32_t escaped_code() {
        if (at_end()) fail("a backslash at the end");
        const char c = text_[at_];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool is_digit = c >= '0' && c <= '9';
        if (!is_letter && !is_digit) return next_code_point(text_, at_);
        ++at_;
        switch (c) {
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case 'f': return '\f';
        case 'v': return '\v';
        case 'x': return hex_code();
        default: --at_; fail(is_digit ? "back references are not supported" : "unknown escape");
        }
    }

    std::uint32_t hex_code() {
        std::uint32_t code = 0;
        for (int i = 0; i < 2; ++i, ++at_) {
            const char c = at_end() ? '\0' : text_[at_];
            const std::size_t digit =
                std::string_view("0123456789abcdef")
                    .find(static_cast<char>(c >= 'A' && c <= 'F' ? c | 0x20 : c));
            if (digit == std::string_view::npos) fail("expected two hexadecimal digits");
            code = code * 16 + static_cast<std::uint32_t>(digit);
        }
        return code < 128 ? code : kRawByte + code;  // a byte, not a code point
    }

    std::uint32_t char_class() {
        CharSet set;
        const bool is_negated = accept("^");
        bool is_first = true;
        while (is_first || at_end() || text_[at_] != ']') {
            is_first = false;
            if (at_end()) fail("expected ']'");
            class_item(set);
        }
        ++at_;
        if (ignore_case_) fold(set);
        if (is_negated) negate(set);
        program_.sets.push_back(std::move(set));
        return add({.type = Node::Type::chars,
                    .set = static_cast<std::uint32_t>(program_.sets.size() - 1)});
    }

    void class_item(CharSet& set) {
        std::uint32_t first = 0;
        if (accept("\\")) {
            if (const auto named = at_end() ? std::nullopt : named_set(text_[at_])) {
                if (named->negated) fail("a negated class inside [ ] is not supported");
                ++at_;
                set.ascii |= named->ascii;
                return;
            }
            first = escaped_code();
        } else {
            first = next_code_point(text_, at_);
        }
        const bool is_range = at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']';
        if (!is_range) return add_range(set, first, first);
        ++at_;
        const std::uint32_t last = accept("\\") ? escaped_code() : next_code_point(text_, at_);
        if (last < first) fail("a range in the wrong order");
        add_range(set, first, last);
    }

    [[noreturn]] void fail_too_large() const {
        throw std::invalid_argument(fmt::format("regular expression '{}' is too large", text_));
    }
    std::uint32_t add_state(RegexState state) {
        if (program_.states.size() >= kMaximumStates) fail_too_large();
        program_.states.push_back(state);
        return static_cast<std::uint32_t>(program_.states.size() - 1);
    }

    // States for `node` that lead to `next`; gives the first of them.
    std::uint32_t emit(std::uint32_t index, std::uint32_t next) {
        if (++emitted_ > 10 * kMaximumStates) fail_too_large();
        const Node node = nodes_[index];
        switch (node.type) {
        case Node::Type::nothing: return next;
        case Node::Type::chars:
            return add_state({.kind = Kind::chars, .next = next, .set = node.set});
        case Node::Type::assertion: return add_state({.kind = node.assertion, .next = next});
        case Node::Type::sequence: return emit_sequence(index, next);
        case Node::Type::either: {
            const std::uint32_t right = emit(node.right, next);
            const std::uint32_t left = emit(node.left, next);
            return add_state({.kind = Kind::split, .next = left, .other = right});
        }
        case Node::Type::repeat: return emit_repeat(node, next);
        }
        return next;
    }

    // A loop: the left spine of a long sequence is as deep as the pattern is long.
    std::uint32_t emit_sequence(std::uint32_t index, std::uint32_t next) {
        while (nodes_[index].type == Node::Type::sequence) {
            next = emit(nodes_[index].right, next);
            index = nodes_[index].left;
        }
        return emit(index, next);
    }

    std::uint32_t emit_repeat(const Node& node, std::uint32_t next) {
        std::uint32_t first = next;
        if (node.most < 0) {
            const std::uint32_t loop = add_state({.kind = Kind::split, .other = next});
            const std::uint32_t body = emit(node.left, loop);
            program_.states[loop].next = body;
            first = loop;
        }
        for (int i = node.least; i < node.most; ++i) {
            const std::uint32_t body = emit(node.left, first);
            first = add_state({.kind = Kind::split, .next = body, .other = next});
        }
        for (int i = 0; i < node.least; ++i)
            first = emit(node.left, first);
        return first;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::size_t emitted_ = 0;  // nodes, copies of empty ones included
    bool ignore_case_ = false;
    bool lines_ = false;
    bool dot_is_all_ = false;
    std::vector<Node> nodes_;
    RegexProgram program_;
};

}  // namespace

RegexProgram compile_regex(std::string_view pattern) {
    return Parser(pattern).run();
}

}  // namespace tools
