// Scenarios that come along: those that others have published, with their parameters, and our own.
// Texts of the scenario language, so that `list NAME` prints what `run NAME` runs.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt::bench {

struct Preset {
    std::string_view name;  // with * where a number goes: "stresser-*"; its text has $1, $2 ...
    std::string_view summary;
    std::string_view origin;
    std::string_view text;
};

std::span<const Preset> published_presets();  // presets_published.cpp
std::span<const Preset> vendor_presets();     // presets_vendors.cpp
std::span<const Preset> own_presets();        // presets_own.cpp
std::vector<Preset> presets();                // all of them

// The text of a preset, its numbers filled in.
std::optional<std::string> preset_text(std::string_view name);

}  // namespace mqtt::bench
