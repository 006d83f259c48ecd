// See profile.hpp.
#include "common/profile.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include "common/connect_flags.hpp"
#include "common/options_file.hpp"

namespace tools {
namespace {

std::string available_profiles() {
    std::set<std::string> names;
    std::error_code error;
    const std::filesystem::path folder = default_options_path("mqtt-tools");
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".conf") names.insert(entry.path().stem().string());
    }
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "; there are: " : " ") + name;
    return text;
}

// Where the password of a URL stands; empty when it has none.
std::string_view password_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    const std::string_view rest = url.substr(scheme + 3);
    std::string_view authority = rest.substr(0, rest.find('/'));
    const std::size_t colon = authority.find(':');
    if (colon == std::string_view::npos) return {};
    // With a slash as it is the URL is wrong, and the password still one: behind the colon is no port.
    // Where a topic has an at sign, that is hidden, too: a password may be "p@s/s".
    const bool is_port = authority.find_first_not_of("0123456789", colon + 1) == authority.npos;
    if (!is_port) authority = rest;
    const std::size_t at = authority.rfind('@');
    if (at == std::string_view::npos || colon > at) return {};
    return authority.substr(colon + 1, at - colon - 1);
}

std::string_view secret_of(const FlagUse& use) {
    if (use.flag->takes == Takes::property) {
        const bool is_token = use.words.size() > 2 && use.words[1] == "authentication-data";
        return is_token ? std::string_view(use.words[2]) : std::string_view();
    }
    switch (use.flag->secret) {
    case Secret::word: return use.word();
    case Secret::url: return password_of(use.word());
    case Secret::nothing: break;
    }
    return {};
}

}  // namespace

std::string profile_path(std::string_view name) {
    if (name.find('/') != std::string_view::npos) return std::string(name);
    return default_options_path("mqtt-tools/" + std::string(name) + ".conf");
}

std::vector<FlagUse> read_profile(const std::string& name, std::span<const Flag* const> flags) {
    std::vector<const Flag*> known(flags.begin(), flags.end());
    append_connect_flags(known);
    const std::string path = profile_path(name);
    auto file = read_options_file(path, known, Persona::ours);
    if (!file) {
        throw UsageError("there is no profile '" + name + "' (" + path + ")" +
                         available_profiles());
    }
    if (!file->fault.empty()) throw UsageError(file->fault);
    std::erase_if(file->uses, [flags](const FlagUse& use) {
        return std::find(flags.begin(), flags.end(), use.flag) == flags.end();
    });
    return file->uses;
}

void scrub_arguments(std::span<char* const> arguments, std::span<const FlagUse> uses) {
    for (const FlagUse& use : uses) {
        const std::string secret(secret_of(use));  // a copy: `use` may be a view of an argument
        if (secret.empty()) continue;
        for (char* const argument : arguments) {
            // The word itself, or the end of -Pword and --pw=word; in a URL anywhere.
            const std::string_view word(argument);
            const bool is_whole = use.flag->secret != Secret::url;
            if (is_whole && !word.ends_with(secret)) continue;
            const std::size_t at = is_whole ? word.size() - secret.size() : word.find(secret);
            if (at != std::string_view::npos) std::memset(argument + at, '*', secret.size());
        }
    }
}

std::string masked_url(std::string_view url) {
    const std::string_view password = password_of(url);
    std::string masked(url);
    if (password.empty()) return masked;
    return masked.replace(static_cast<std::size_t>(password.data() - url.data()), password.size(),
                          "***");
}

}  // namespace tools
