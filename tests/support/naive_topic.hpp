// Topic matching as section 4.7 defines it, level by level and recursive: the judge of the fast one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mqtt::test {

inline std::vector<std::string> split_levels(std::string_view topic) {
    std::vector<std::string> levels(1);
    for (const char c : topic) {
        if (c == '/') {
            levels.emplace_back();
        } else {
            levels.back() += c;
        }
    }
    return levels;
}

inline bool levels_match(const std::vector<std::string>& filter, std::size_t f,
                         const std::vector<std::string>& name, std::size_t n) {
    if (f < filter.size() && filter[f] == "#") return true;
    if (f == filter.size() || n == name.size()) return f == filter.size() && n == name.size();
    if (filter[f] != "+" && filter[f] != name[n]) return false;
    return levels_match(filter, f + 1, name, n + 1);
}

inline bool matches_naively(std::string_view filter, std::string_view name) {
    if (name[0] == '$' && (filter[0] == '+' || filter[0] == '#')) return false;
    return levels_match(split_levels(filter), 0, split_levels(name), 0);
}

}  // namespace mqtt::test
