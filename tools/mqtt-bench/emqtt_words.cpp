// See emqtt_words.hpp.
#include "mqtt-bench/emqtt_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "common/flags.hpp"
#include "mqtt-bench/bench_flags.hpp"

namespace mqtt::bench {
namespace {

using tools::Flag;
using tools::Takes;

enum class Does { nothing, renamed, refused };
struct EmqttRow {
    std::string_view name;  // "-Q" or "--qoe"
    Takes takes;
    Does does;
    std::string_view ours;  // options; or why it does nothing or is refused
};
constexpr std::array kEmqttRows{
    EmqttRow{"--dist", Takes::nothing, Does::nothing, "there is no Erlang node"},
    EmqttRow{"--force-major-gc-interval", Takes::word, Does::nothing,
             "there is no garbage collector"},
    EmqttRow{"--payload-hdrs", Takes::word, Does::nothing,
             "every payload carries its number and its times; every stream is checked"},
    EmqttRow{"--min-random-wait", Takes::word, Does::nothing,
             "--max-random-wait spreads publishers at random over their period"},
    EmqttRow{"--retry-interval", Takes::word, Does::nothing,
             "nothing is sent again on a living connection, as 5.0 demands"},
    EmqttRow{"-Q", Takes::nothing, Does::nothing, "every latency is kept: --json, --hdr"},
    EmqttRow{"--qoe", Takes::nothing, Does::nothing, "every latency is kept: --json, --hdr"},
    EmqttRow{"--restapi", Takes::word, Does::renamed, "--prometheus"},
    EmqttRow{"--ssl-version", Takes::word, Does::renamed, "--tls --tls-version"},
    EmqttRow{"--qoelog", Takes::word, Does::refused, "--hdr FILE and --jsonl FILE keep latencies"},
    EmqttRow{"--topics-payload", Takes::word, Does::refused,
             "topics of their own rate and payload are the groups of a scenario: run FILE.toml"},
    EmqttRow{"--signature-algs", Takes::word, Does::refused, "OpenSSL's defaults are used"},
    EmqttRow{"--keyex-algs", Takes::word, Does::refused, "OpenSSL's defaults are used"},
    EmqttRow{"--quic", Takes::word, Does::refused, "QUIC is none of the transports"},
    EmqttRow{"--load-qst", Takes::word, Does::refused, "QUIC is none of the transports"},
};

// "--name=value" in two, when it is that.
struct Option {
    std::string name;
    std::optional<std::string> value;
};
Option split(const std::string& word) {
    const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    if (equals == std::string::npos) return {word, std::nullopt};
    return {word.substr(0, equals), word.substr(equals + 1)};
}

bool is_called(const Flag& flag, std::string_view name) {
    if (name.size() == 2 && name[0] == '-' && name[1] != '-') return flag.short_name == name[1];
    if (!name.starts_with("--")) return false;
    name.remove_prefix(2);
    if (flag.long_name == name) return true;
    const auto aliases = tools::split_words(flag.aliases);
    return std::find(aliases.begin(), aliases.end(), name) != aliases.end();
}

const Flag* find_flag(std::string_view name) {
    const auto& flags = bench_flags();
    const auto found = std::find_if(flags.begin(), flags.end(),
                                    [&](const Flag* flag) { return is_called(*flag, name); });
    return found == flags.end() ? nullptr : *found;
}

bool is_truth(std::string_view word) {
    return word == "true" || word == "false";
}

class WordReader {
public:
    explicit WordReader(std::span<const std::string> words) : in_(words) {}

    EmqttWords read() {
        while (at_ < in_.size()) {
            if (in_[at_] == "--") break;
            if (in_[at_].size() < 2 || in_[at_][0] != '-') {
                keep();
            } else {
                read_option();
            }
        }
        while (at_ < in_.size())
            keep();
        return std::move(out_);
    }

private:
    void keep() { out_.words.push_back(in_[at_++]); }
    void say(std::string_view word) { out_.words.emplace_back(word); }
    const std::string* next() const { return at_ + 1 < in_.size() ? &in_[at_ + 1] : nullptr; }

    // The option's word; at_ is behind it.
    std::string take(const Option& option) {
        ++at_;
        if (option.value) return *option.value;
        if (at_ == in_.size()) {
            throw std::invalid_argument(fmt::format("option '{}' needs a word", option.name));
        }
        return in_[at_++];
    }
    // A switch's word, when there is one.
    std::string take_truth(const Option& option) {
        ++at_;
        if (option.value) return *option.value;
        const bool said = at_ < in_.size() &&
                          (is_truth(in_[at_]) || (option.name == "--qoe" && in_[at_] == "dump"));
        return said ? in_[at_++] : "true";
    }

    void read_option() {
        const Option option = split(in_[at_]);
        if (read_version(option) || read_special(option)) return;
        const auto row = std::find_if(kEmqttRows.begin(), kEmqttRows.end(),
                                      [&](const EmqttRow& r) { return r.name == option.name; });
        if (row != kEmqttRows.end()) return read_row(*row, option);
        const Flag* flag = find_flag(option.name);
        if (flag != nullptr && flag->takes == Takes::nothing) return read_switch(option);
        keep();
        if (flag != nullptr && flag->takes == Takes::word && !option.value && at_ < in_.size()) {
            keep();
        }
    }

    void read_switch(const Option& option) {
        const std::string* word = option.value ? &*option.value : next();
        if (word == nullptr || !is_truth(*word)) return keep();
        if (*word == "true") say(option.name);
        at_ += option.value ? 1 : 2;
    }

    // emqtt-bench's 3, 4 and 5 are 3.1, 3.1.1 and 5.0.
    bool read_version(const Option& option) {
        const bool joined = option.name.size() == 3 && option.name.starts_with("-V");
        if (option.name != "-V" && option.name != "--version" && !joined) return false;
        const std::string word = joined         ? option.name.substr(2)
                                 : option.value ? *option.value
                                 : next()       ? *next()
                                                : std::string();
        const bool ours = word != "3" && word != "4" && (option.name != "--version" || word != "5");
        if (ours) return false;
        at_ += joined || option.value ? 1 : 2;
        say("-V");
        say(word == "3" ? "31" : word == "4" ? "311" : word);
        return true;
    }

    bool read_special(const Option& option) {
        if (option.name == "--log_to") {
            if (take(option) == "null") say("--silent");
            return true;
        }
        // There a switch beside --restapi, here with an address.
        if (option.name == "--prometheus" && !option.value &&
            (next() == nullptr || next()->starts_with('-'))) {
            ++at_;
            return true;
        }
        if (option.name == "--reconnect") {
            const std::string* word = option.value ? &*option.value : next();
            const bool counted = word != nullptr && !word->empty() &&
                                 word->find_first_not_of("0123456789") == std::string::npos;
            if (!counted) return false;
            if (word->find_first_not_of('0') != std::string::npos) say("--reconnect");
            at_ += option.value ? 1 : 2;
            return true;
        }
        return false;
    }

    void read_row(const EmqttRow& row, const Option& option) {
        const std::string word = row.takes == Takes::nothing ? take_truth(option) : take(option);
        if (word == "false" || word == "disabled") return;
        if (row.does == Does::refused || word == "dump") {
            throw std::invalid_argument(
                fmt::format("option '{}' of emqtt-bench: {}", row.name, row.ours));
        }
        if (row.does == Does::nothing) {
            out_.notes.push_back(fmt::format("{} does nothing: {}", row.name, row.ours));
            return;
        }
        for (const std::string_view ours : tools::split_words(row.ours))
            say(ours);
        if (row.name == "--restapi" && word.find(':') == std::string::npos) return say(":" + word);
        say(word == "tlsv1.3_nocompat" ? "tlsv1.3" : word);
    }

    std::span<const std::string> in_;
    std::size_t at_ = 0;
    EmqttWords out_;
};

}  // namespace

EmqttWords from_emqtt_words(std::span<const std::string> words) {
    return WordReader(words).read();
}

std::string emqtt_words_text() {
    std::string text =
        "Command lines of emqtt-bench (pub, sub and conn) are understood; what is not said has our "
        "defaults. -R is messages per second here and in conn connections; its -R of pub and sub "
        "is --connrate. -V 3 and 4 are 3.1 and 3.1.1. Switches may have true or false behind them, "
        "--reconnect a number. -h may name several hosts with commas between them. --log_to null "
        "is --silent, --prometheus alone says nothing without --restapi.\n\n";
    const auto list = [&](Does does, std::string_view title) {
        text += title;
        for (const EmqttRow& row : kEmqttRows) {
            if (row.does == does) text += fmt::format("  {}: {}\n", row.name, row.ours);
        }
    };
    list(Does::renamed, "Other names:\n\n");
    list(Does::nothing, "\nWithout effect, and told so:\n\n");
    list(Does::refused, "\nRefused:\n\n");
    return text;
}

}  // namespace mqtt::bench
