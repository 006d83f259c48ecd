// See template.hpp.
#include "mqtt-pub/template.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <iterator>

#include "common/flags.hpp"
#include "common/message_clock.hpp"
#include "common/units.hpp"

namespace mqtt_pub {
namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr std::int64_t kLargest = 1'000'000'000'000'000'000;

std::int64_t unix_nanoseconds() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

// Version 4: 122 random bits.
void append_uuid(std::string& out, std::mt19937_64& random) {
    const std::uint64_t high = (random() & 0xFFFF'FFFF'FFFF'0FFF) | 0x4000;
    const std::uint64_t low = (random() & 0x3FFF'FFFF'FFFF'FFFF) | 0x8000'0000'0000'0000;
    fmt::format_to(std::back_inserter(out), "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32,
                   high >> 16 & 0xFFFF, high & 0xFFFF, low >> 48, low & 0xFFFF'FFFF'FFFF);
}

}  // namespace

Template::Template(std::string_view option, std::string_view text) {
    while (!text.empty()) {
        const std::size_t open = text.find(kOpen);
        add_text(text.substr(0, open));
        if (open == std::string_view::npos) return;
        text.remove_prefix(open + kOpen.size());
        const std::size_t close = text.find(kClose);
        if (close == std::string_view::npos) {
            throw tools::UsageError(
                fmt::format("'{{{{' without '}}}}' in the template (option '{}')", option));
        }
        Part part = parse(option, text.substr(0, close));
        if (is_text(part)) {
            add_text(part.text);
        } else {
            parts_.push_back(std::move(part));
        }
        text.remove_prefix(close + kClose.size());
    }
}

void Template::add_text(std::string_view text) {
    if (text.empty()) return;
    if (parts_.empty() || !is_text(parts_.back())) parts_.push_back({});
    parts_.back().text += text;
}

Template::Part Template::parse(std::string_view option, std::string_view inside) {
    const std::vector<std::string_view> words = tools::split_words(inside);
    Part part;
    const std::string_view name = words.empty() ? std::string_view() : words[0];
    const std::string_view argument = words.size() == 2 ? words[1] : std::string_view();
    if (name == "rand" && words.size() == 3) return parse_rand(option, words);
    if (name == "env" && words.size() == 2) {
        const char* value = std::getenv(std::string(argument).c_str());
        if (value == nullptr) {
            throw tools::UsageError(fmt::format(
                "the environment has no {} for the template (option '{}')", argument, option));
        }
        part.text = value;
        return part;
    }
    if (name == "seq" && words.size() <= 2) {
        part.kind = Kind::seq;
        part.low =
            words.size() == 2 ? tools::parse_integer(option, argument, -kLargest, kLargest) : 1;
        return part;
    }
    if (name == "uuid" && words.size() == 1) {
        part.kind = Kind::uuid;
        return part;
    }
    const bool is_now = name == "now" && words.size() <= 2;
    if (is_now &&
        (argument.empty() || argument == "unix" || argument == "ms" || argument == "ns")) {
        part.kind = argument.empty()     ? Kind::now
                    : argument == "unix" ? Kind::now_seconds
                    : argument == "ms"   ? Kind::now_ms
                                         : Kind::now_ns;
        return part;
    }
    throw tools::UsageError(
        fmt::format("'{{{{{}}}}}' is nothing that a template knows (option '{}'); it knows seq, "
                    "now, uuid, rand "
                    "LOW HIGH and env NAME",
                    inside, option));
}

// Whole numbers, or with as many decimals as the bound that has more.
Template::Part Template::parse_rand(std::string_view option,
                                    const std::vector<std::string_view>& words) {
    const auto decimals_of = [](std::string_view word) {
        const std::size_t dot = word.find('.');
        return dot == std::string_view::npos ? 0 : static_cast<int>(word.size() - dot - 1);
    };
    Part part;
    part.decimals = std::max(decimals_of(words[1]), decimals_of(words[2]));
    if (part.decimals == 0) {
        part.kind = Kind::integer;
        part.low = tools::parse_integer(option, words[1], -kLargest, kLargest);
        part.high = tools::parse_integer(option, words[2], part.low, kLargest);
    } else {
        part.kind = Kind::decimal;
        part.low_decimal = tools::parse_number(option, words[1], -1e15, 1e15);
        part.high_decimal = tools::parse_number(option, words[2], part.low_decimal, 1e15);
    }
    return part;
}

void Template::append(std::string& out, std::uint64_t number, std::mt19937_64& random) const {
    const auto end = std::back_inserter(out);
    for (const Part& part : parts_) {
        switch (part.kind) {
        case Kind::text: out += part.text; break;
        case Kind::seq:
            fmt::format_to(end, "{}", part.low + static_cast<std::int64_t>(number) - 1);
            break;
        case Kind::now: {
            tools::MessageClock clock;
            clock.refresh();
            clock.append_iso_microseconds(out);
            break;
        }
        case Kind::now_seconds:
            fmt::format_to(end, "{}", unix_nanoseconds() / 1'000'000'000);
            break;
        case Kind::now_ms: fmt::format_to(end, "{}", unix_nanoseconds() / 1'000'000); break;
        case Kind::now_ns: fmt::format_to(end, "{}", unix_nanoseconds()); break;
        case Kind::uuid: append_uuid(out, random); break;
        case Kind::integer:
            fmt::format_to(
                end, "{}",
                std::uniform_int_distribution<std::int64_t>(part.low, part.high)(random));
            break;
        case Kind::decimal: {
            std::uniform_real_distribution<double> range(part.low_decimal, part.high_decimal);
            fmt::format_to(end, "{:.{}f}", range(random), part.decimals);
            break;
        }
        }
    }
}

const std::string_view kTemplateText =
    "With --template the text of -m, -f and -s and the topic of -t are made anew for each "
    "message:\n"
    "\n"
    "  {{seq}}         number of the message, from 1; {{seq N}}: from N\n"
    "  {{now}}         local time, ISO 8601 with microseconds\n"
    "  {{now unix}}    seconds since 1970; {{now ms}}, {{now ns}}: in these\n"
    "  {{uuid}}        a random UUID (version 4)\n"
    "  {{rand A B}}    a random number from A to B; with decimals when A or B has some\n"
    "  {{env NAME}}    variable of the environment\n"
    "\n"
    "Anything else in double braces is an error. With -l and --json-lines the topic of -t is a "
    "template, "
    "the lines are not: data is never expanded.";

}  // namespace mqtt_pub
