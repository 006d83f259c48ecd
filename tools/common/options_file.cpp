// See options_file.hpp.
#include "common/options_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "common/cli.hpp"
#include "common/mosquitto_argv.hpp"

namespace tools {
namespace {

std::vector<std::string> split_property(std::string_view value) {
    std::vector<std::string> words;
    std::size_t wanted = 3;
    while (words.size() + 1 < wanted) {
        const std::size_t blank = value.find(' ');
        if (blank == std::string_view::npos) break;
        words.emplace_back(value.substr(0, blank));
        value.remove_prefix(blank + 1);
        if (words.size() == 2 && words[1] == "user-property") wanted = 4;
    }
    words.emplace_back(value);
    return words;
}

std::vector<std::string> split_line(const std::string& line, std::span<const Flag* const> flags,
                                    Persona persona) {
    const std::size_t blank = line.find(' ');
    std::vector<std::string> words{line.substr(0, blank)};
    // "port 1883" without dashes is what people write; mosquitto wants the dashes.
    if (!words[0].starts_with('-') && persona == Persona::ours) words[0].insert(0, "--");
    if (blank == std::string::npos) return words;
    if (blank + 1 == line.size() && persona != Persona::ours) return words;
    bool joined = false;
    const Flag* flag = find_flag(words[0], flags, persona, joined);
    const std::string value = line.substr(blank + 1);
    if (flag != nullptr && flag->takes == Takes::property && persona == Persona::ours) {
        const auto parts = split_property(value);
        words.insert(words.end(), parts.begin(), parts.end());
    } else {
        words.push_back(value);
    }
    return words;
}

}  // namespace

std::string default_options_path(std::string_view name) {
    if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config != 0) {
        return std::string(config) + "/" + std::string(name);
    }
    if (const char* home = std::getenv("HOME"); home != nullptr && *home != 0) {
        return std::string(home) + "/.config/" + std::string(name);
    }
    return {};
}

std::optional<OptionsFile> read_options_file(const std::string& path,
                                             std::span<const Flag* const> flags, Persona persona) {
    std::ifstream file(path);
    if (!file) return std::nullopt;
    OptionsFile read;
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.starts_with('#')) continue;
        line.erase(0, std::min(line.find_first_not_of(' '), line.size()));
        if (line.empty()) continue;
        try {
            for (FlagUse& use : parse_words(split_line(line, flags, persona), flags, persona)) {
                use.from_file = true;
                read.uses.push_back(std::move(use));
            }
        } catch (const UsageError& error) {
            const bool ours = persona == Persona::ours;
            read.fault = ours ? path + " line " + std::to_string(number) + ": " : "";
            read.fault += error.what();
            break;
        }
        const bool is_help = !read.uses.empty() && read.uses.back().flag->long_name == "help";
        if (is_help && persona != Persona::ours) break;
    }
    return read;
}

}  // namespace tools
