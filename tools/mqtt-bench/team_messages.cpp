// Writing and reading the texts.
#include "mqtt-bench/team_messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "common/json.hpp"
#include "mqtt-bench/json_writer.hpp"

namespace mqtt::bench {
namespace {

// The coordinator's own: where figures go, how they are judged, what is watched, who takes part.
constexpr std::array kCoordinators{"json",          "html",     "csv",
                                   "junit",         "md",       "hdr",
                                   "jsonl",         "silent",   "assert",
                                   "sys",           "no-sys",   "prometheus",
                                   "agents",        "control",  "broker-pid",
                                   "broker-cgroup", "spawn",    "fps",
                                   "no-color",      "embedded", "abort-on-fail",
                                   "slo",           "lo",       "hi",
                                   "tol",           "a",        "b",
                                   "a-pid",         "b-pid",    "rounds",
                                   "broker-unit"};
constexpr std::array kRefused{"spawn", "password-command", "srv", "embedded"};

template <class Rows>
bool holds(const Rows& rows, std::string_view word) {
    return std::find(rows.begin(), rows.end(), word) != rows.end();
}

template <class T>
bool to_number(std::string_view text, T& out, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    return error == std::errc{} && end == text.data() + text.size();
}

std::string to_text(std::string_view json) {
    return tools::json_string(json).value_or(std::string());
}

template <class T>
std::optional<std::vector<T>> numbers_of(std::string_view text, int base) {
    std::vector<T> out;
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        if (!to_number(one, out.emplace_back(), base)) return std::nullopt;
    }
    return out;
}

bool read_options(std::string_view text, std::vector<PlanOption>& out) {
    return tools::for_each_json_element(text, [&](std::string_view element) {
        PlanOption option;
        bool first = true;
        const bool valid = tools::for_each_json_element(element, [&](std::string_view word) {
            const auto content = tools::json_string(word);
            if (!content) return false;
            (first ? option.name : option.words.emplace_back()) = *content;
            first = false;
            return true;
        });
        out.push_back(std::move(option));
        return valid && !first;
    });
}

std::uint32_t to_index(std::uint64_t number) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(number, ~0u));
}

void write_change(JsonWriter& json, const LoadChange& change) {
    json.begin("change", '{');
    if (change.rate) json.number("rate", *change.rate);
    if (change.warmup) json.count("warmup", static_cast<std::uint64_t>(change.warmup->count()));
    if (change.duration) {
        json.count("duration", static_cast<std::uint64_t>(change.duration->count()));
    }
    json.flag("warmup_until_steady", change.warmup_until_steady);
    json.text("url", change.url);
    json.end('}');
}

bool read_nanoseconds(std::string_view text, std::optional<std::chrono::nanoseconds>& out) {
    std::int64_t count = 0;
    if (!to_number(text, count) || count < 0) return false;
    out = std::chrono::nanoseconds(count);
    return true;
}

bool read_rate(std::string_view text, std::optional<double>& out) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), out.emplace());
    return error == std::errc{} && end == text.data() + text.size() && *out >= 0 && *out <= 1e12;
}

bool read_change(std::string_view text, LoadChange& out) {
    return tools::for_each_json_member(text, [&](std::string_view key, std::string_view value) {
        if (key == "url") out.url = to_text(value);
        if (key == "warmup_until_steady") out.warmup_until_steady = value == "true";
        if (key == "rate") return read_rate(value, out.rate);
        if (key == "warmup") return read_nanoseconds(value, out.warmup);
        if (key == "duration") return read_nanoseconds(value, out.duration);
        return true;
    });
}

// "s STREAM SENT", "u STREAM FIRST PAST", "c SET COUNTS...", "b SET STREAM WORD..." (hexadecimal).
class BalanceReader {
public:
    explicit BalanceReader(Balance& balance) : out_(balance), shared_(balance.shared.size()) {}

    bool line(std::string_view line) {
        if (line.size() < 3 || line[1] != ' ') return false;
        const auto numbers = numbers_of<std::uint64_t>(line.substr(2), line[0] == 'b' ? 16 : 10);
        if (!numbers) return false;
        switch (line[0]) {
        case 's': return sent(*numbers);
        case 'u': return uncertain(*numbers);
        case 'c': return counts(*numbers);
        case 'b': return bits(*numbers);
        default: return false;
        }
    }
    void finish() {
        for (std::size_t set = 0; set < shared_.size(); ++set)
            out_.shared[set].merge(shared_[set]);
    }

private:
    bool sent(const std::vector<std::uint64_t>& n) {
        if (n.size() != 2 || n[0] >= out_.sent.size()) return false;
        out_.sent[n[0]] += n[1];
        return true;
    }
    bool uncertain(const std::vector<std::uint64_t>& n) {
        if (n.size() != 3 || n[0] >= out_.sent.size() || n[1] > n[2]) return false;
        out_.uncertain.push_back({to_index(n[0]), n[1], n[2]});
        return true;
    }
    bool counts(const std::vector<std::uint64_t>& n) {
        if (n.size() != 5 || n[0] >= shared_.size()) return false;
        shared_[n[0]].restore({n[1], n[2], n[3], n[4]});
        return true;
    }
    bool bits(const std::vector<std::uint64_t>& n) {
        if (n.size() < 2 || n[0] >= shared_.size() || n[1] >= out_.sent.size()) return false;
        if (n.size() - 2 > SharedCheck::kMaxSequence / 64) return false;
        shared_[n[0]].restore(to_index(n[1]), {n.begin() + 2, n.end()});
        return true;
    }

    Balance& out_;
    std::vector<SharedCheck> shared_;
};

void write_shared(std::back_insert_iterator<std::string> out, std::size_t set,
                  const SharedCheck& check) {
    const CheckCounts& c = check.counts();
    if (c.received == 0) return;
    fmt::format_to(out, "c {} {} {} {} {}\n", set, c.received, c.duplicates, c.flagged_duplicates,
                   c.reordered);
    for (std::size_t stream = 0; stream < check.seen().size(); ++stream) {
        std::span<const std::uint64_t> words = check.seen()[stream];
        while (!words.empty() && words.back() == 0)
            words = words.first(words.size() - 1);
        if (words.empty()) continue;
        fmt::format_to(out, "b {:x} {:x}", set, stream);
        for (const std::uint64_t word : words)
            fmt::format_to(out, " {:x}", word);
        fmt::format_to(out, "\n");
    }
}

}  // namespace

std::optional<std::vector<std::int64_t>> read_numbers(std::string_view text) {
    return numbers_of<std::int64_t>(text, 10);
}

bool is_for_agents(std::string_view option) {
    return !holds(kCoordinators, option);
}

bool is_refused_by_agents(std::string_view option) {
    return holds(kRefused, option);
}

std::string write_card(const AgentCard& card) {
    std::string out;
    JsonWriter json(out);
    json.begin("", '{', true);
    json.text("host", card.host);
    json.text("clock", card.clock);
    json.text("version", card.version);
    json.count("cpus", card.cpus);
    json.end('}');
    return out;
}

std::optional<AgentCard> read_card(std::string_view text) {
    AgentCard card;
    const bool valid =
        tools::for_each_json_member(text, [&](std::string_view key, std::string_view value) {
            if (key == "host") card.host = to_text(value);
            if (key == "clock") card.clock = to_text(value);
            if (key == "version") card.version = to_text(value);
            return key != "cpus" || to_number(value, card.cpus);
        });
    if (!valid || card.host.empty() || card.clock.empty()) return std::nullopt;
    return card;
}

std::string write_plan(const TeamPlan& plan) {
    std::string out;
    JsonWriter json(out);
    json.begin("", '{', true);
    json.text("run", plan.run);
    json.text("clock", plan.clock);
    json.text("coordinator", plan.coordinator);
    json.count("agent", plan.agent);
    json.count("agents", plan.agents);
    json.count("run_id", plan.run_id);
    json.count("seed", plan.seed);
    json.text("command", plan.command);
    json.text("scenario", plan.scenario);
    json.text("scenario_text", plan.scenario_text);
    json.count("variant", plan.variant);
    json.begin("options", '[');
    for (const PlanOption& option : plan.options) {
        json.begin("", '[');
        json.text("", option.name);
        for (const std::string& word : option.words)
            json.text("", word);
        json.end(']');
    }
    json.end(']');
    write_change(json, plan.change);
    json.end('}');
    return out;
}

std::optional<TeamPlan> read_plan(std::string_view text) {
    TeamPlan plan;
    const bool valid =
        tools::for_each_json_member(text, [&](std::string_view key, std::string_view value) {
            if (key == "run") plan.run = to_text(value);
            if (key == "clock") plan.clock = to_text(value);
            if (key == "coordinator") plan.coordinator = to_text(value);
            if (key == "command") plan.command = to_text(value);
            if (key == "scenario") plan.scenario = to_text(value);
            if (key == "scenario_text") plan.scenario_text = to_text(value);
            if (key == "agent") return to_number(value, plan.agent);
            if (key == "agents") return to_number(value, plan.agents);
            if (key == "run_id") return to_number(value, plan.run_id);
            if (key == "seed") return to_number(value, plan.seed);
            if (key == "variant") return to_number(value, plan.variant);
            if (key == "options") return read_options(value, plan.options);
            if (key == "change") return read_change(value, plan.change);
            return true;
        });
    const bool named = !plan.run.empty() && plan.run.find_first_of("/+#") == std::string::npos;
    if (!valid || !named || plan.agent >= plan.agents || plan.seed == 0) return std::nullopt;
    return plan;
}

std::string write_progress(const TeamProgress& p) {
    return fmt::format("{} {} {} {}", p.sent, p.owed, p.received, p.idle ? 1 : 0);
}

std::optional<TeamProgress> read_progress(std::string_view text) {
    const auto n = numbers_of<std::uint64_t>(text, 10);
    if (!n || n->size() != 4) return std::nullopt;
    return TeamProgress{(*n)[0], (*n)[1], (*n)[2], (*n)[3] != 0};
}

std::string write_clock(const TeamClock& clock) {
    return fmt::format("{} {} {}\n{}", clock.zero_ns, clock.offset_ns, clock.error_ns, clock.clock);
}

std::optional<TeamClock> read_clock(std::string_view text) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto n = read_numbers(text.substr(0, end));
    if (!n || n->size() != 3) return std::nullopt;
    return TeamClock{(*n)[0], (*n)[1], (*n)[2], std::string(text.substr(end + 1))};
}

std::string write_measure(const TeamMeasure& measure) {
    return fmt::format("{} {}", measure.from_ns, measure.steady ? 1 : 0);
}

std::optional<TeamMeasure> read_measure(std::string_view text) {
    const auto n = read_numbers(text);
    if (!n || n->size() != 2) return std::nullopt;
    return TeamMeasure{(*n)[0], (*n)[1] != 0};
}

std::string write_balance(const Balance& balance) {
    std::string text;
    const auto out = std::back_inserter(text);
    for (std::size_t stream = 0; stream < balance.sent.size(); ++stream) {
        if (balance.sent[stream] == 0) continue;
        fmt::format_to(out, "s {} {}\n", stream, balance.sent[stream]);
    }
    for (const Uncertain& one : balance.uncertain)
        fmt::format_to(out, "u {} {} {}\n", one.stream, one.first, one.past);
    for (std::size_t set = 0; set < balance.shared.size(); ++set)
        write_shared(out, set, balance.shared[set]);
    return text;
}

bool add_balance(std::string_view text, Balance& balance) {
    Balance sum = balance;
    BalanceReader reader(sum);
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (!reader.line(line)) return false;
    }
    reader.finish();
    balance = std::move(sum);
    return true;
}

}  // namespace mqtt::bench
