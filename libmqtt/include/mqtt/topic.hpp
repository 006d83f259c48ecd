// Topic names and topic filters: what is valid, what matches, shared subscriptions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "mqtt/error.hpp"

namespace mqtt {

// Limits on size and content: 1..65535 bytes of UTF-8, no NUL, no wildcard in a name, wildcards in
// a filter only as whole levels and # only last [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1].
// UTF-8 is checked too. A `$share/...` filter is checked including its share name.
Status validate_topic_name(std::string_view name);
Status validate_topic_filter(std::string_view filter);

// True when `filter` (without $share prefix) matches `name`. A leading wildcard never matches a
// name that begins with $ [MQTT-4.7.2-1]. Both must be valid. Does not allocate or recurse.
bool topic_matches(std::string_view filter, std::string_view name);

struct SharedFilter {
    std::string_view share_name;
    std::string_view filter;
};
// Splits "$share/name/filter"; nothing when `filter` is not a shared one.
std::optional<SharedFilter> parse_shared_filter(std::string_view filter);

bool has_wildcard(std::string_view filter);
std::size_t topic_levels(std::string_view topic);

}  // namespace mqtt
