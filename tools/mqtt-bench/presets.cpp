// Finding a preset by name; filling in the numbers of a family.
#include "mqtt-bench/presets.hpp"

namespace mqtt::bench {
namespace {

// "1k" and "2M" are written out, since they become TOML numbers.
bool take_number(std::string_view& rest, std::string& out) {
    std::size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9')
        ++digits;
    if (digits == 0) return false;
    out = rest.substr(0, digits);
    rest.remove_prefix(digits);
    if (rest.starts_with('k') || rest.starts_with('M')) {
        out += rest.front() == 'k' ? "000" : "000000";
        rest.remove_prefix(1);
    }
    return true;
}

std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view name) {
    std::vector<std::string> numbers;
    for (const char c : pattern) {
        if (c == '*') {
            std::string number;
            if (!take_number(name, number)) return std::nullopt;
            numbers.push_back(std::move(number));
        } else if (name.starts_with(c)) {
            name.remove_prefix(1);
        } else {
            return std::nullopt;
        }
    }
    if (!name.empty()) return std::nullopt;
    return numbers;
}

std::string fill_in(std::string_view text, const std::vector<std::string>& numbers) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char next = text[i] == '$' && i + 1 < text.size() ? text[i + 1] : '\0';
        const auto index = static_cast<std::size_t>(next - '1');
        if (next >= '1' && next <= '9' && index < numbers.size()) {
            out += numbers[index];
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

std::vector<Preset> presets() {
    std::vector<Preset> all;
    for (const auto part : {published_presets(), vendor_presets(), own_presets()})
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

std::optional<std::string> preset_text(std::string_view name) {
    for (const Preset& preset : presets()) {
        if (preset.name == name && name.find('*') == std::string_view::npos) {
            return std::string(preset.text);
        }
        if (const auto numbers = match(preset.name, name)) return fill_in(preset.text, *numbers);
    }
    return std::nullopt;
}

}  // namespace mqtt::bench
