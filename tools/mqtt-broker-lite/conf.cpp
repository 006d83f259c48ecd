// Lines to keys; see conf.hpp for the grammar.
#include "mqtt-broker-lite/conf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "common/nearest_word.hpp"
#include "mqtt-broker-lite/conf_keys.hpp"

namespace tools::broker_lite {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

const ConfKey* find_key(std::string_view name) {
    for (const ConfKey& key : conf_table())
        if (key.name == name) return &key;
    return nullptr;
}

// Ignoring a slip in one of these could let somebody in, or lose what should be kept.
bool opens_listener(std::string_view key) {
    return key == "listener" || key == "http_listener";
}

bool is_grave(const ConfKey& key) {
    const auto has = [&](std::span<const ConfKey> keys) {
        return std::any_of(keys.begin(), keys.end(),
                           [&](const ConfKey& other) { return other.name == key.name; });
    };
    return has(access_keys()) || has(data_keys()) || has(tls_keys()) || has(bridge_keys()) ||
           (key.scope == ConfScope::listener && has(listener_keys()));
}

bool sounds_grave(std::string_view name) {
    static constexpr std::string_view kStarts[] = {
        "auth_",  "acl_",  "password", "plugin_",  "psk_",      "tls_",   "persist",
        "allow_", "deny_", "bind",     "require_", "listener_", "bridge_"};
    return std::any_of(std::begin(kStarts), std::end(kStarts),
                       [&](std::string_view start) { return name.starts_with(start); });
}

ConfProblem unknown_key(std::string_view name) {
    const ConfKey* nearest = nullptr;
    std::size_t least = 3;  // further away is no slip of the finger
    for (const ConfKey& key : conf_table()) {
        const std::size_t d = edit_distance(name, key.name);
        if (d < least) least = d, nearest = &key;
    }
    ConfProblem problem;
    problem.is_error = nearest != nullptr ? is_grave(*nearest) : sounds_grave(name);
    problem.text = "unknown key '" + std::string(name) + "'";
    if (!problem.is_error) problem.text += ", ignored";
    if (nearest != nullptr)
        problem.text += "; did you mean " + std::string(nearest->name) + "?";
    else if (name.starts_with('#'))
        problem.text += "; comments begin in the first column";
    if (problem.is_error) {
        if (nearest == nullptr) problem.text += '.';
        problem.text +=
            " Without it security or data could be other than meant: correct or remove it";
    }
    return problem;
}

// Not a number or one of several words.
bool is_name(const ConfKey& key) {
    static constexpr std::string_view kForms[] = {"FILE", "DIR",   "NAME",   "TEXT", "LIST",
                                                  "KEY",  "TOPIC", "FORMAT", "HEX",  "ADDRESS"};
    return std::find(std::begin(kForms), std::end(kForms), key.value) != std::end(kForms);
}

class Reader {
public:
    explicit Reader(Conf& conf) : conf_(conf) {}

    void read(const std::string& path, bool is_main) {
        errno = 0;
        std::ifstream in(path);
        if (in && std::filesystem::is_directory(path)) {
            in.setstate(std::ios::failbit);
            errno = EISDIR;
        }
        if (!in) return error(fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
        std::string text;
        for (int number = 1; std::getline(in, text); ++number) {
            if (text.starts_with('#')) continue;
            const std::string_view content = trimmed(text);
            if (content.empty()) continue;
            const std::size_t blank = std::min(content.find_first_of(" \t"), content.size());
            ConfLine line{std::string(content.substr(0, blank)),
                          std::string(trimmed(content.substr(blank))), path, number};
            if (line.key == "include_dir") {
                include(line, is_main);
            } else {
                take(std::move(line));
            }
        }
    }

private:
    void error(std::string text) { conf_.problems.push_back({true, std::move(text)}); }
    void warn(std::string text) { conf_.problems.push_back({false, std::move(text)}); }

    void take(ConfLine line) {
        const ConfKey* key = find_key(line.key);
        const std::string place = line.place() + ": ";
        if (key == nullptr) {
            ConfProblem problem = unknown_key(line.key);
            problem.text.insert(0, place);
            conf_.problems.push_back(std::move(problem));
            return;
        }
        if (opens_listener(line.key) || line.key == "connection") said_.clear();
        if (!may_be_said(*key, line)) return;
        if (key->use == ConfUse::ignored) {
            return warn(place + line.key + " has no effect: " + std::string(key->help));
        }
        try {
            if (line.value.empty())
                throw ConfError("the value is missing (" + std::string(key->value) + ")");
            // As mosquitto: a default that is said aloud opens no default listener.
            if (key->scope == ConfScope::listener && !opens_listener(key->name) &&
                line.value != key->usual) {
                conf_.current().is_mentioned = true;
            }
            key->apply(conf_, line);
            if (key->scope == ConfScope::listener) conf_.current().places.note(line);
            if (key->scope == ConfScope::bridge)
                conf_.current_bridge().note(line);
            else
                conf_.current_access().places.note(line);
            conf_.lines.push_back(std::move(line));
        } catch (const ConfError& problem) {
            error(place + line.key + ": " + problem.what());
        }
    }

    // As mosquitto: of numbers and switches the last one counts, a second name or file is a mistake. A setting for all
    // listeners is said once wherever it stands. False: an error was told.
    bool may_be_said(const ConfKey& key, const ConfLine& line) {
        const bool is_own = key.scope != ConfScope::general ||
                            (conf_.per_listener_settings && is_per_listener(key.name));
        auto& said = is_own ? said_ : said_generally_;
        const auto entry = said.emplace(line.key, line.place());
        if (entry.second || key.repeatable) return true;
        auto& place = entry.first->second;
        const std::string text =
            fmt::format("{}: {} is there twice, first at {}", line.place(), line.key, place);
        if (is_name(key)) return error(text), false;
        warn(text + "; this one counts");
        std::erase_if(conf_.lines, [&](const ConfLine& earlier) {
            return earlier.key == line.key && earlier.place() == place;
        });
        place = line.place();
        return true;
    }

    void include(const ConfLine& line, bool is_main) {
        if (!is_main) return error(line.place() + ": include_dir works in the main file only");
        std::error_code failed;
        std::vector<std::string> files;
        for (const auto& entry : std::filesystem::directory_iterator(line.value, failed)) {
            if (entry.path().extension() == ".conf") files.push_back(entry.path().string());
        }
        if (failed) {
            return error(line.place() + ": include_dir: " + line.value + ": " + failed.message());
        }
        std::sort(files.begin(), files.end());
        for (const std::string& file : files)
            read(file, false);
    }

    Conf& conf_;
    // Where keys were said that may be said once: in this scope, anywhere.
    std::map<std::string, std::string> said_, said_generally_;
};

}  // namespace

std::string Conf::place_of(std::string_view key, std::string_view value) const {
    const auto found = std::find_if(lines.rbegin(), lines.rend(), [&](const ConfLine& line) {
        return line.key == key && line.value.ends_with(value);
    });
    return found == lines.rend() ? std::string() : found->place();
}

std::string Conf::place_of(const ConfListener& listener, std::string_view key) const {
    std::string place = listener.places.of(key);
    if (place.empty()) place = place_of(key);
    return place.empty() ? listener.place_of("certfile") : place;
}

std::string ConfListener::place_of(std::string_view key) const {
    std::string found = places.of(key);
    if (found.empty()) found = place;
    return found.empty() ? "default listener" : found;
}

std::string ConfListener::address() const {
    if (!host.empty()) return host;
    if (domain == "ipv4") return "0.0.0.0";
    if (domain == "ipv6") return "::";
    return {};
}

std::string Conf::at_named_key(std::string sentence) const {
    const auto found = std::find_if(lines.rbegin(), lines.rend(), [&](const ConfLine& line) {
        return sentence.find(line.key) != std::string::npos;
    });
    if (lines.empty()) return sentence;
    return (found == lines.rend() ? lines.front().file : found->place()) + ": " + sentence;
}

bool Conf::has_errors() const {
    return std::any_of(problems.begin(), problems.end(), [](const auto& p) { return p.is_error; });
}

mqtt::ListenerLimits Conf::general_limits() const {
    const mqtt::ListenerLimits& from = default_listener.limits;
    mqtt::ListenerLimits limits;
    limits.maximum_packet_size = from.maximum_packet_size;
    limits.maximum_connect_packet_size = from.maximum_connect_packet_size;
    limits.retain_available = from.retain_available;
    return limits;
}

void ConfBridge::note(const ConfLine& line) {
    places.note(line);
    config.revision += line.key + ' ' + line.value + '\n';
}

ConfBridge& Conf::current_bridge() {
    if (bridges.empty()) throw ConfError("it belongs to a bridge: a connection line comes first");
    return bridges.back();
}

void read_conf(Conf& conf, const std::string& path) {
    Reader(conf).read(path, true);
}

}  // namespace tools::broker_lite
