// See mosquitto_argv.hpp.
#include "common/mosquitto_argv.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "common/mosquitto_urls.hpp"
#include "mqtt/endpoint.hpp"

namespace tools {
namespace {

bool has_long_name(const Flag& flag, std::string_view name) {
    if (flag.long_name == name) return true;
    const auto aliases = split_words(flag.aliases);
    return std::find(aliases.begin(), aliases.end(), name) != aliases.end();
}

bool looks_like_url(std::string_view word) {
    constexpr std::array schemes{"mqtt://", "mqtts://", "ws://", "wss://", "unix:"};
    return std::any_of(schemes.begin(), schemes.end(),
                       [word](std::string_view scheme) { return word.starts_with(scheme); });
}

// Whether the word of an option that may stand alone is missing: what follows cannot be it.
bool stands_alone(const Flag& flag, std::span<const std::string> rest) {
    if (!may_stand_alone(flag)) return false;
    if (rest.empty() || rest[0].starts_with('-') || looks_like_url(rest[0])) return true;
    const auto choices = split_words(flag.choices);
    return !choices.empty() && std::find(choices.begin(), choices.end(), rest[0]) == choices.end();
}

// Those that mosquitto reads with atoi() and atof(): what follows the number is not looked at, and no number is 0.
constexpr std::array kWholeNumbers{"port",  "qos",     "will-qos", "keepalive", "max-inflight",
                                   "count", "timeout", "wait",     "repeat"};
constexpr std::array kDecimals{"repeat-delay", "random-filter"};

// Of these theirs tell first that they do not go with another one, and then that their word is missing.
constexpr std::array kExclusive{"id", "id-prefix", "message", "file"};

bool is_exclusive(const Flag& flag) {
    return std::any_of(kExclusive.begin(), kExclusive.end(),
                       [&flag](std::string_view name) { return flag.long_name == name; });
}

std::string as_c_reads(const Flag& flag, const std::string& word) {
    const auto is_it = [&flag](std::string_view name) { return flag.long_name == name; };
    if (std::any_of(kWholeNumbers.begin(), kWholeNumbers.end(), is_it)) {
        return std::to_string(static_cast<int>(std::strtol(word.c_str(), nullptr, 10)));  // atoi()
    }
    if (std::none_of(kDecimals.begin(), kDecimals.end(), is_it)) return word;
    return std::to_string(std::strtod(word.c_str(), nullptr));  // atof()
}

// Appends the words of one -D as exactly four. Names are known in any case of letters.
std::size_t take_property(std::vector<std::string>& out, std::span<const std::string> rest) {
    if (!rest.empty() && rest[0].find('=') != std::string::npos) {
        for (std::string& word : short_property_words(rest[0]))
            out.push_back(std::move(word));
        return 1;
    }
    const bool is_pair = rest.size() >= 2 && lower_case(rest[1]) == "user-property";
    const std::size_t wanted = is_pair ? 4 : 3;
    if (rest.size() < wanted) {
        throw UsageError(is_pair ? "option '-D' needs PACKET user-property NAME VALUE"
                                 : "option '-D' needs PACKET PROPERTY VALUE");
    }
    out.push_back(lower_case(rest[0]));
    out.push_back(lower_case(rest[1]));
    out.insert(out.end(), rest.begin() + 2, rest.begin() + static_cast<std::ptrdiff_t>(wanted));
    if (!is_pair) out.emplace_back();
    return wanted;
}

// As they stand: three, or four when there are so many.
std::size_t take_mosquitto_property(std::vector<std::string>& out,
                                    std::span<const std::string> rest) {
    if (rest.size() < 3) throw UsageError("option '-D' needs PACKET PROPERTY VALUE");
    const bool is_pair = lower_case(rest[1]) == "user-property" && rest.size() > 3;
    const auto taken = rest.first(is_pair ? 4 : 3);
    out.assign(taken.begin(), taken.end());
    return taken.size();
}

// To theirs -L is short for options that stand in its place: of several topics or names the last one counts.
void append_url_parts(std::vector<FlagUse>& uses, std::span<const Flag* const> flags,
                      Persona persona, const std::string& url) {
    const auto append = [&](std::string_view option, const std::string& word) {
        bool joined = false;
        uses.push_back({.flag = find_flag(option, flags, persona, joined), .words = {word}});
    };
    const std::optional<std::string> topic = mosquitto_url_topic(url);
    const auto parsed = mqtt::parse_url(mosquitto_url(url, std::uint16_t{1883}));
    if (topic) append("-t", *topic);
    if (!topic || !parsed) return;  // told by the option itself
    const std::size_t begin = url.find("://") + 3;
    const bool has_name = url.find('@', begin) < url.find('/', begin);  // "@host": an empty one
    if (has_name) append("-u", parsed->user_name);
    if (parsed->has_password) append("-P", parsed->password);
}

}  // namespace

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

std::vector<std::string> short_property_words(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string name = lower_case(text.substr(0, equals));
    const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
    if (name != "user-property") return {"", name, value, ""};
    const std::size_t second = value.find('=');
    if (second == std::string::npos) {
        throw UsageError("option '-D' needs user-property=NAME=VALUE, not '" + text + "'");
    }
    return {"", name, value.substr(0, second), value.substr(second + 1)};
}

const Flag* find_flag(std::string_view word, std::span<const Flag* const> flags, Persona persona,
                      bool& joined) {
    joined = false;
    if (word.size() < 2 || word[0] != '-') return nullptr;
    const bool is_long = word[1] == '-';
    const std::size_t equals = is_long ? word.find('=') : std::string_view::npos;
    const std::string_view name = is_long ? word.substr(2, equals - 2) : word.substr(1, 1);
    for (const Flag* flag : flags) {
        if (!is_known_to(*flag, persona)) continue;
        if (is_long ? !has_long_name(*flag, name) : flag->short_name != name[0]) continue;
        joined = is_long ? equals != std::string_view::npos : word.size() > 2;
        return flag;
    }
    return nullptr;
}

std::vector<std::string> normalise_argv(std::span<const std::string> words,
                                        std::span<const Flag* const> flags) {
    std::vector<std::string> out;
    out.reserve(words.size() + 4);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        bool joined = false;
        const Flag* flag = find_flag(word, flags, Persona::ours, joined);
        if (flag == nullptr && looks_like_url(word)) {
            out.emplace_back("--url");
            out.push_back(word);
            continue;
        }
        if (joined && word.ends_with('=') && word.find('=') == word.size() - 1) {
            out.push_back(word.substr(0, word.size() - 1));
            if (flag->takes == Takes::word) out.emplace_back();
            continue;
        }
        if (joined && flag->takes == Takes::property) {
            const std::size_t end = word[1] == '-' ? word.find('=') : 2;
            const std::string value = word.substr(word[1] == '-' ? end + 1 : end);
            out.push_back(word.substr(0, end));
            take_property(out, {&value, 1});
            continue;
        }
        out.push_back(word);
        if (flag == nullptr || joined) continue;
        if (flag->takes == Takes::property) {
            i += take_property(out, words.subspan(i + 1));
        } else if (stands_alone(*flag, words.subspan(i + 1))) {
            out.emplace_back();
        } else if (flag->takes == Takes::word && i + 1 < words.size()) {
            out.push_back(words[++i]);
        }
    }
    return out;
}

std::vector<FlagUse> read_mosquitto_words(std::span<const std::string> words,
                                          std::span<const Flag* const> flags, Persona persona,
                                          std::string& fault) {
    std::vector<FlagUse> uses;
    try {
        for (std::size_t i = 0; i < words.size(); ++i) {
            const std::string& word = words[i];
            bool joined = false;
            const Flag* flag = find_flag(word, flags, persona, joined);
            if (flag == nullptr || joined) throw UsageError("unknown option '" + word + "'");
            FlagUse use{.flag = flag};
            if (flag->takes == Takes::property) {
                i += take_mosquitto_property(use.words, words.subspan(i + 1));
            } else if (flag->takes == Takes::word) {
                if (++i == words.size()) {
                    if (is_exclusive(*flag)) uses.push_back({.flag = flag, .words = {""}});
                    throw UsageError("option '" + word + "' needs " + std::string(flag->argument));
                }
                use.words.push_back(as_c_reads(*flag, words[i]));
                // Those of TLS are looked at later: check_tls_words.
                if (flag->category != "TLS") check_choice(use);
            }
            uses.push_back(std::move(use));
            if (flag->short_name == 'L') append_url_parts(uses, flags, persona, words[i]);
            if (flag->long_name == "help" || flag->long_name == "version") break;
        }
    } catch (const UsageError& error) {
        fault = error.what();
    }
    return uses;
}

}  // namespace tools
