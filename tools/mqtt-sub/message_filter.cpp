// See message_filter.hpp.
#include "mqtt-sub/message_filter.hpp"

#include <algorithm>

#include "mqtt/topic.hpp"

namespace mqtt_sub {

MessageFilter::MessageFilter(const Options& options)
    : options_(options)
    , random_(std::random_device{}()) {
    if (options.selection.is_active()) selection_.emplace(options.selection);
}

bool MessageFilter::is_hidden(std::string_view topic) const {
    const auto& hidden = options_.hidden_filters;
    return std::any_of(hidden.begin(), hidden.end(), [topic](const std::string& filter) {
        return mqtt::topic_matches(filter, topic);
    });
}

bool MessageFilter::is_shown(const mqtt::Publish& message) {
    if (message.retain ? options_.skip_retained : options_.retained_only) return false;
    if (!options_.hidden_filters.empty() && is_hidden(message.topic)) return false;
    if (options_.random_percent < 100 && percent_(random_) >= options_.random_percent) return false;
    if (!selection_) return true;
    const auto now =
        selection_->needs_clock() ? Selection::Clock::now() : Selection::Clock::time_point();
    return selection_->wants(message, now);
}

}  // namespace mqtt_sub
