// Rules and matching of topics: one pass over the bytes, no allocation, no recursion.
#include "mqtt/topic.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace mqtt {
namespace {

constexpr std::size_t kLongest = 65535;
constexpr std::string_view kSharePrefix = "$share/";
constexpr std::string_view kWildcards = "+#";

Error bad_name(std::string_view why) {
    return {Errc::topic_name_invalid, why};
}

Error bad_filter(std::string_view why) {
    return {Errc::topic_filter_invalid, why};
}

// Wildcards of a filter without its $share part.
Status check_wildcards(std::string_view filter) {
    std::size_t at = 0;
    while ((at = filter.find_first_of(kWildcards, at)) != std::string_view::npos) {
        const bool begins_level = at == 0 || filter[at - 1] == '/';
        const bool is_last = at + 1 == filter.size();
        if (filter[at] == '#') {
            // [MQTT-4.7.1-1] [MQTT311-4.7.1-2]
            if (!begins_level) return bad_filter("# does not stand alone in its level");
            if (!is_last) return bad_filter("# is not the last level");
        } else if (!begins_level || !(is_last || filter[at + 1] == '/')) {
            // [MQTT-4.7.1-2] [MQTT311-4.7.1-3]
            return bad_filter("+ does not fill a whole level");
        }
        ++at;
    }
    return {};
}

Status check_shared(std::string_view rest) {
    const std::size_t slash = rest.find('/');
    // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
    if (slash == 0) return bad_filter("share name is empty");
    if (has_wildcard(rest.substr(0, slash))) return bad_filter("share name has a wildcard");
    if (slash == std::string_view::npos || slash + 1 == rest.size()) {
        return bad_filter("shared subscription without a topic filter");
    }
    return check_wildcards(rest.substr(slash + 1));
}

}  // namespace

Status validate_topic_name(std::string_view name) {
    if (name.empty()) return bad_name("topic name is empty");  // [MQTT-4.7.3-1] [MQTT311-4.7.3-1]
    if (name.size() > kLongest) {
        return bad_name("topic name is longer than 65535 bytes");  // [MQTT-4.7.3-3]
    }
    if (core::is_plain_ascii<true>(name)) return {};
    if (!core::is_valid_utf8(name)) {
        return bad_name("topic name is not valid UTF-8, or has U+0000");  // [MQTT-4.7.3-2]
    }
    if (has_wildcard(name)) {
        return bad_name("topic name has a wildcard");  // [MQTT-3.3.2-2] [MQTT-4.7.0-1]
    }
    return {};
}

Status validate_topic_filter(std::string_view filter) {
    if (filter.empty()) return bad_filter("topic filter is empty");  // [MQTT-4.7.3-1]
    if (filter.size() > kLongest) {
        return bad_filter("topic filter is longer than 65535 bytes");  // [MQTT-4.7.3-3]
    }
    if (!core::is_valid_utf8(filter)) {
        return bad_filter("topic filter is not valid UTF-8, or has U+0000");  // [MQTT-4.7.3-2]
    }
    if (filter.starts_with(kSharePrefix)) return check_shared(filter.substr(kSharePrefix.size()));
    return check_wildcards(filter);
}

bool topic_matches(std::string_view filter, std::string_view name) {
    // [MQTT-4.7.2-1] [MQTT311-4.7.2-1]
    if (name.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
    std::size_t f = 0;
    std::size_t n = 0;
    for (;;) {  // both stand at the beginning of a level
        if (f < filter.size() && filter[f] == '#') return true;
        if (f < filter.size() && filter[f] == '+') {
            ++f;
            n = std::min(name.find('/', n), name.size());
        } else {
            while (f < filter.size() && n < name.size() && filter[f] == name[n] &&
                   filter[f] != '/') {
                ++f;
                ++n;
            }
        }
        const bool filter_ended = f == filter.size();
        const bool name_ended = n == name.size();
        if (filter_ended || name_ended) {
            // "a/#" includes its parent "a".
            return name_ended && (filter_ended || filter.substr(f) == "/#");
        }
        if (filter[f] != '/' || name[n] != '/') return false;
        ++f;
        ++n;
    }
}

std::optional<SharedFilter> parse_shared_filter(std::string_view filter) {
    if (!filter.starts_with(kSharePrefix)) return std::nullopt;
    const std::string_view rest = filter.substr(kSharePrefix.size());
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    return SharedFilter{rest.substr(0, slash), rest.substr(slash + 1)};
}

bool has_wildcard(std::string_view filter) {
    return filter.find_first_of(kWildcards) != std::string_view::npos;
}

std::size_t topic_levels(std::string_view topic) {
    return static_cast<std::size_t>(std::ranges::count(topic, '/')) + 1;
}

}  // namespace mqtt
