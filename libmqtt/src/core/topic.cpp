// Rules and matching of topics: one pass over the bytes, no allocation, no recursion.
#include "mqtt/topic.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace mqtt {
namespace {

constexpr std::size_t kLongest = 65535;
constexpr std::string_view kSharePrefix = "$share/";

Error bad_name(std::string_view why) {
    return {Errc::topic_name_invalid, why};
}

Error bad_filter(std::string_view why) {
    return {Errc::topic_filter_invalid, why};
}

// Wildcards of a filter without its $share part.
Status check_wildcards(std::string_view filter) {
    for (std::size_t at = 0; at < filter.size(); ++at) {
        if (filter[at] != '#' && filter[at] != '+') continue;
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
    }
    return {};
}

// How many bytes two texts have in common at their beginnings.
std::size_t common_prefix(std::string_view a, std::string_view b) {
    const std::size_t size = std::min(a.size(), b.size());
    std::size_t at = 0;
    while (size - at >= 8 &&
           core::detail::load8(a.data() + at) == core::detail::load8(b.data() + at)) {
        at += 8;
    }
    while (at < size && a[at] == b[at])
        ++at;
    return at;
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
    // A name has no wildcards, so where both texts are equal nothing else is to be looked at, and the
    // first difference says it all. Before a wildcard stands a slash or nothing, in both.
    for (;;) {
        const std::size_t equal = common_prefix(filter, name);
        filter.remove_prefix(equal);
        name.remove_prefix(equal);
        if (filter.starts_with('#')) return true;
        if (!filter.starts_with('+')) {
            return name.empty() && (filter.empty() || filter == "/#");  // "a/#" includes "a"
        }
        filter.remove_prefix(1);
        name.remove_prefix(std::min(name.find('/'), name.size()));
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
    std::size_t at = 0;
    for (; filter.size() - at >= 8; at += 8) {
        if (core::detail::has_wildcard_byte(core::detail::load8(filter.data() + at))) return true;
    }
    for (; at < filter.size(); ++at) {
        if (filter[at] == '+' || filter[at] == '#') return true;
    }
    return false;
}

std::size_t topic_levels(std::string_view topic) {
    return static_cast<std::size_t>(std::ranges::count(topic, '/')) + 1;
}

}  // namespace mqtt
