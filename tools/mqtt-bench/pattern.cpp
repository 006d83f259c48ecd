// Compiling and expanding patterns.
#include "mqtt-bench/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace mqtt::bench {
namespace {

constexpr std::uint32_t kMaxChoices = 10'000'000;

std::uint64_t mix(std::uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31;
}

[[noreturn]] void refuse(std::string_view name, std::string_view why) {
    throw std::invalid_argument(fmt::format("'%{{{}}}': {}", name, why));
}

std::uint64_t to_number(std::string_view name, std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        refuse(name, fmt::format("'{}' is no number", text));
    }
    return value;
}

void append_number(std::string& out, std::uint64_t value) {
    char digits[24];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    out.append(digits, end);
}

std::vector<float> zipf_weights(std::uint32_t count, double exponent) {
    std::vector<float> cumulative(count);
    double sum = 0;
    for (std::uint32_t k = 0; k < count; ++k) {
        sum += std::pow(k + 1.0, -exponent);
        cumulative[k] = static_cast<float>(sum);
    }
    for (float& value : cumulative)
        value = static_cast<float>(value / sum);
    return cumulative;
}

}  // namespace

std::uint64_t draw_bits(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
    return mix(mix(seed + 0x9e37'79b9'7f4a'7c15 * (a + 1)) + 0xd1b5'4a32'd192'ed03 * (b + 1));
}

double draw_share(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
    return static_cast<double>(draw_bits(seed, a, b) >> 11) * 0x1p-53;
}

Pattern::Pattern(std::string_view text, std::shared_ptr<const RecordedTopics> topics)
    : topics_(std::move(topics)) {
    std::string literal;
    const auto flush = [&] {
        if (!literal.empty()) pieces_.push_back({.text = std::exchange(literal, {})});
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char next = text[i] == '%' && i + 1 < text.size() ? text[i + 1] : '\0';
        static constexpr std::string_view kLetters = "irncu";
        static constexpr Kind kKinds[] = {Kind::number, Kind::run, Kind::message, Kind::client_id,
                                          Kind::user_name};
        if (const auto at = kLetters.find(next); next != '\0' && at != std::string_view::npos) {
            flush();
            pieces_.push_back({.kind = kKinds[at]});
            ++i;
        } else if (next == '{') {
            const auto close = text.find('}', i);
            if (close == std::string_view::npos) {
                throw std::invalid_argument(fmt::format("'{}': '%{{' without '}}'", text));
            }
            flush();
            add_variable(text.substr(i + 2, close - i - 2));
            i = close;
        } else {
            literal += text[i];
            if (next == '%') ++i;
        }
    }
    flush();
}

void Pattern::add_variable(std::string_view name) {
    Piece piece;
    if (name.size() >= 3 && name[0] == 'i') {
        const auto op = std::string_view("+/%").find(name[1]);
        if (op == std::string_view::npos) refuse(name, "after i comes +, / or %");
        piece.kind = op == 0 ? Kind::plus : (op == 1 ? Kind::divide : Kind::modulo);
        piece.first = to_number(name, name.substr(2));
        if (op != 0 && piece.first == 0) refuse(name, "division by zero");
    } else if (name.starts_with("seq:") || name.starts_with("rand:")) {
        piece.kind = name[0] == 's' ? Kind::seq : Kind::rand;
        const std::string_view range = name.substr(name.find(':') + 1);
        const auto dash = range.find('-');
        if (dash == std::string_view::npos) refuse(name, "a range looks like 0-999");
        piece.first = to_number(name, range.substr(0, dash));
        const std::uint64_t last = to_number(name, range.substr(dash + 1));
        if (last < piece.first) refuse(name, "the range ends before it begins");
        if (last - piece.first >= kMaxChoices) refuse(name, "more than 10 million values");
        piece.count = static_cast<std::uint32_t>(last - piece.first + 1);
    } else if (name.starts_with("zipf:")) {
        piece.kind = Kind::zipf;
        const std::string_view rest = name.substr(5);
        const auto comma = rest.find(',');
        const std::uint64_t count = to_number(name, rest.substr(0, comma));
        if (count == 0 || count > kMaxChoices) refuse(name, "1 to 10 million values");
        double exponent = 1;
        if (comma != std::string_view::npos) {
            const std::string_view text = rest.substr(comma + 1);
            const auto [end, error] =
                std::from_chars(text.data(), text.data() + text.size(), exponent);
            if (error != std::errc() || end != text.data() + text.size() || exponent < 0) {
                refuse(name, fmt::format("'{}' is no exponent", text));
            }
        }
        piece.count = static_cast<std::uint32_t>(count);
        piece.weights = zipf_weights(piece.count, exponent);
    } else if (name == "topic") {
        if (!topics_) refuse(name, "only for the topics of a recording (--replay, --trace)");
        piece.kind = Kind::topic;
        piece.count = static_cast<std::uint32_t>(topics_->names.size());
    } else {
        refuse(name,
               "not known; there are %i %r %n %c %u %{i+1} %{i/2} %{i%2} %{seq:a-b} %{rand:a-b} "
               "%{zipf:n,s} %{topic}");
    }
    pieces_.push_back(std::move(piece));
}

std::uint32_t Pattern::choose(const Piece& piece, std::size_t index, const Values& values) const {
    if (piece.kind == Kind::topic) {
        return topics_->of_message[values.message % topics_->of_message.size()];
    }
    if (piece.kind == Kind::seq) return static_cast<std::uint32_t>(values.message % piece.count);
    const std::uint64_t who = std::uint64_t{values.number} << 8 | index;
    const double share = draw_share(values.seed, who, values.message);
    if (piece.kind == Kind::rand) return static_cast<std::uint32_t>(share * piece.count);
    const auto at = std::upper_bound(piece.weights.begin(), piece.weights.end(), share);
    return static_cast<std::uint32_t>(
        std::min<std::ptrdiff_t>(at - piece.weights.begin(), piece.count - 1));
}

void Pattern::append(std::string& out, const Values& values) const {
    std::size_t index = 0;
    for (const Piece& piece : pieces_) {
        switch (piece.kind) {
        case Kind::text: out += piece.text; break;
        case Kind::number: append_number(out, values.number); break;
        case Kind::run: fmt::format_to(std::back_inserter(out), "{:08x}", values.run_id); break;
        case Kind::message: append_number(out, values.message); break;
        case Kind::client_id: out += values.client_id; break;
        case Kind::user_name: out += values.user_name; break;
        case Kind::plus:
            append_number(out, (values.number + piece.first) % std::max(1u, values.clients));
            break;
        case Kind::divide: append_number(out, values.number / piece.first); break;
        case Kind::modulo: append_number(out, values.number % piece.first); break;
        case Kind::seq:
        case Kind::rand:
        case Kind::zipf:
        case Kind::topic: {
            const bool given = values.choice != kDrawn && index == 0;
            const std::uint32_t choice = given ? values.choice : choose(piece, index, values);
            if (piece.kind == Kind::topic) {
                out += topics_->names[choice];
            } else {
                append_number(out, piece.first + choice);
            }
            ++index;
            break;
        }
        }
    }
}

std::string Pattern::expand(const Values& values) const {
    std::string out;
    append(out, values);
    return out;
}

bool Pattern::has_number() const {
    return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
        return piece.kind != Kind::text && piece.kind != Kind::run;
    });
}

bool Pattern::varies() const {
    return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
        return piece.kind == Kind::message || piece.kind >= Kind::seq;
    });
}

bool Pattern::replays() const {
    return std::any_of(pieces_.begin(), pieces_.end(),
                       [](const Piece& piece) { return piece.kind == Kind::topic; });
}

std::uint32_t Pattern::choices() const {
    return static_cast<std::uint32_t>(
        std::count_if(pieces_.begin(), pieces_.end(),
                      [](const Piece& piece) { return piece.kind >= Kind::seq; }));
}

std::uint32_t Pattern::variants() const {
    for (const Piece& piece : pieces_) {
        if (piece.kind >= Kind::seq) return piece.count;
    }
    return 1;
}

std::uint32_t Pattern::choose(const Values& values) const {
    for (const Piece& piece : pieces_) {
        if (piece.kind >= Kind::seq) return choose(piece, 0, values);
    }
    return 0;
}

std::string expand_pattern(std::string_view text, const Pattern::Values& values) {
    return Pattern(text).expand(values);
}

}  // namespace mqtt::bench
