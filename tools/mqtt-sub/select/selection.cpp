// See selection.hpp.
#include "mqtt-sub/select/selection.hpp"

#include <algorithm>
#include <stdexcept>

#include "common/flags.hpp"
#include "common/message_id.hpp"

namespace mqtt_sub {
namespace {

std::uint64_t hash_of(std::string_view text) {
    return std::hash<std::string_view>()(text);
}

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
    return a ^ (b + 0x9E37'79B9'7F4A'7C15 + (a << 6) + (a >> 2));
}

}  // namespace

bool RecentSet::add(std::uint64_t value) {
    if (newer_.contains(value)) return false;
    if (newer_.size() >= half_) {
        older_ = std::move(newer_);
        newer_.clear();
    }
    newer_.insert(value);
    return !older_.contains(value);
}

Selection::Selection(const SelectionOptions& options)
    : dedupe_(options.dedupe)
    , on_change_(options.on_change)
    , throttle_(options.throttle) {
    for (const std::string& text : options.where)
        where_.push_back(tools::parse_message_expression("--where", text));
    for (const std::string& pattern : options.grep) {
        try {
            grep_.emplace_back(pattern);
        } catch (const std::invalid_argument& error) {
            throw tools::UsageError(std::string("option '--grep': ") + error.what());
        }
    }
}

bool Selection::wants(const mqtt::Publish& message, Clock::time_point now) {
    fields_.set(message);
    const auto holds = [this](const tools::Expression& condition) {
        return condition.evaluate(fields_) == tools::Expression::Outcome::pass;
    };
    if (!std::all_of(where_.begin(), where_.end(), holds)) return false;
    const std::string_view payload = mqtt::as_text(message.payload);
    const auto matches = [payload](const tools::Regex& regex) { return regex.search(payload); };
    if (!grep_.empty() && std::none_of(grep_.begin(), grep_.end(), matches)) return false;
    if (dedupe_ != Dedupe::off && is_repeated(message)) return false;
    if (on_change_ && !has_changed(message)) return false;
    return throttle_.count() == 0 || is_due(message.topic, now);
}

bool Selection::is_repeated(const mqtt::Publish& message) {
    if (dedupe_ == Dedupe::payload) {
        const std::uint64_t payload = hash_of(mqtt::as_text(message.payload));
        return !seen_.add(mixed(hash_of(message.topic), payload));
    }
    const auto id = tools::message_id(message.properties);
    return id && !seen_.add(hash_of(*id));
}

bool Selection::has_changed(const mqtt::Publish& message) {
    Last& last = last_payloads_[message.topic];
    const std::uint64_t payload = hash_of(mqtt::as_text(message.payload));
    const bool is_same = last.is_known && last.payload == payload;
    last = {true, payload};
    return !is_same;
}

bool Selection::is_due(std::string_view topic, Clock::time_point now) {
    Clock::time_point& last = last_shown_[topic];
    if (last != Clock::time_point() && now - last < throttle_) return false;
    last = now;
    return true;
}

}  // namespace mqtt_sub
