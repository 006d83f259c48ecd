// See regex.hpp: a deterministic automaton that is built while it runs, from sets of states of the
// program. What stands before the next character (start, newline, word, other) is part of its state,
// what comes next decides assertions when it is known. A text of n bytes takes n look-ups once the
// states are there, and n times the size of the program at worst.
#include "common/regex.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "common/regex_program.hpp"

namespace tools {
namespace {

constexpr std::size_t kMaximumCached = 1'000;       // states; half a KiB each
constexpr std::size_t kMaximumCachedIds = 500'000;  // members of their sets
constexpr std::int32_t kUnknown = -1;
constexpr std::int32_t kMatched = -2;

enum class Near : std::uint8_t { edge, newline, word, other };  // what a neighbour is

Near kind_of(std::uint32_t code) {
    if (code == '\n') return Near::newline;
    const bool is_word = (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
                         (code >= 'a' && code <= 'z') || code == '_';
    return is_word ? Near::word : Near::other;
}

bool holds(RegexState::Kind kind, Near before, Near after) {
    using Kind = RegexState::Kind;
    const bool at_word_edge = (before == Near::word) != (after == Near::word);
    switch (kind) {
    case Kind::text_start: return before == Near::edge;
    case Kind::text_end: return after == Near::edge;
    case Kind::line_start: return before == Near::edge || before == Near::newline;
    case Kind::line_end: return after == Near::edge || after == Near::newline;
    case Kind::word_edge: return at_word_edge;
    case Kind::word_inner: return !at_word_edge;
    default: return true;
    }
}

}  // namespace

bool CharSet::contains(std::uint32_t code) const {
    if (code < 128) return ascii[code];
    const bool in_range = std::any_of(ranges.begin(), ranges.end(), [code](const Range& range) {
        return range.first <= code && code <= range.last;
    });
    return in_range != negated;
}

std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint32_t lead = byte(at);
    if (lead < 0x80) {
        ++at;
        return lead;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    std::uint32_t code = lead & (0x7Fu >> length);
    bool is_valid = lead >= 0xC2 && lead <= 0xF4 && text.size() - at >= length;
    for (std::size_t i = 1; is_valid && i < length; ++i) {
        is_valid = (byte(at + i) & 0xC0) == 0x80;
        code = code << 6 | (byte(at + i) & 0x3F);
    }
    const bool is_overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (!is_valid || is_overlong || is_surrogate || code > kLastCodePoint) {
        ++at;
        return kRawByte + lead;
    }
    at += length;
    return code;
}

class Regex::Matcher {
public:
    explicit Matcher(RegexProgram program)
        : program_(std::move(program))
        , mark_(program_.states.size(), 0) {}

    bool search(std::string_view text) {
        if (is_full()) forget();
        if (first_ == kUnknown) first_ = find({program_.start}, Near::edge);
        std::int32_t state = first_;
        for (std::size_t at = 0; at < text.size();) {
            const auto byte = static_cast<std::uint8_t>(text[at]);
            std::int32_t next = kUnknown;
            if (byte < 128) {
                ++at;
                next = cached_[static_cast<std::size_t>(state)].next[byte];
                if (next == kUnknown) {
                    next = step(state, byte);
                    cached_[static_cast<std::size_t>(state)].next[byte] = next;
                }
            } else {
                next = step(state, next_code_point(text, at));
            }
            if (next == kMatched) return true;
            state = next;
            if (is_full()) state = forget_all_but(state);
        }
        Cached& last = cached_[static_cast<std::size_t>(state)];
        if (!last.matches_at_end) {
            last.matches_at_end = close(last.from, last.before, Near::edge);
        }
        return *last.matches_at_end;
    }

private:
    using Set = std::vector<std::uint32_t>;  // sorted; before assertions and splits are followed
    struct Cached {
        Set from;
        Near before = Near::edge;
        std::optional<bool> matches_at_end;
        std::array<std::int32_t, 128> next;
    };

    bool is_full() const {
        return cached_.size() > kMaximumCached || cached_ids_ > kMaximumCachedIds;
    }

    std::int32_t find(Set set, Near before) {
        const auto key = std::make_pair(std::move(set), before);
        const auto found = index_.find(key);
        if (found != index_.end()) return found->second;
        const auto number = static_cast<std::int32_t>(cached_.size());
        Cached& state = cached_.emplace_back();
        state.from = key.first;
        state.before = before;
        cached_ids_ += state.from.size();
        state.next.fill(kUnknown);
        index_.emplace(key, number);
        return number;
    }

    // Follows everything that takes no character; what takes one is left in reached_. True: a match.
    bool close(const Set& from, Near before, Near after) {
        using Kind = RegexState::Kind;
        reached_.clear();
        if (++round_ == 0) std::fill(mark_.begin(), mark_.end(), round_++);
        stack_.assign(from.begin(), from.end());
        while (!stack_.empty()) {
            const std::uint32_t at = stack_.back();
            stack_.pop_back();
            if (mark_[at] == round_) continue;
            mark_[at] = round_;
            const RegexState& state = program_.states[at];
            if (state.kind == Kind::match) return true;
            if (state.kind == Kind::chars) {
                reached_.push_back(at);
            } else if (holds(state.kind, before, after)) {
                stack_.push_back(state.next);
                if (state.kind == Kind::split) stack_.push_back(state.other);
            }
        }
        return false;
    }

    std::int32_t step(std::int32_t number, std::uint32_t code) {
        const Near kind = kind_of(code);
        {
            const Cached& state = cached_[static_cast<std::size_t>(number)];
            if (close(state.from, state.before, kind)) return kMatched;
        }
        Set targets{program_.start};  // a match may begin anywhere
        for (const std::uint32_t at : reached_) {
            const RegexState& state = program_.states[at];
            if (program_.sets[state.set].contains(code)) targets.push_back(state.next);
        }
        std::sort(targets.begin(), targets.end());
        targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
        return find(std::move(targets), kind);
    }

    void forget() {
        cached_.clear();
        index_.clear();
        cached_ids_ = 0;
        first_ = kUnknown;
    }
    std::int32_t forget_all_but(std::int32_t state) {
        Set set = std::move(cached_[static_cast<std::size_t>(state)].from);
        const Near before = cached_[static_cast<std::size_t>(state)].before;
        forget();
        return find(std::move(set), before);
    }

    RegexProgram program_;
    std::vector<Cached> cached_;
    std::size_t cached_ids_ = 0;
    std::int32_t first_ = kUnknown;  // before the first character
    std::map<std::pair<Set, Near>, std::int32_t> index_;
    std::vector<std::uint32_t> mark_;  // the round in which a state was reached
    std::uint32_t round_ = 0;
    Set reached_;
    Set stack_;
};

Regex::Regex(std::string_view pattern)
    : matcher_(std::make_unique<Matcher>(compile_regex(pattern))) {}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

bool Regex::search(std::string_view text) const {
    return matcher_->search(text);
}

}  // namespace tools
