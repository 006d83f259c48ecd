// See topic_table.hpp.
#include "mqtt-sub/top/topic_table.hpp"

#include <algorithm>
#include <limits>

namespace mqtt_sub {
namespace {

constexpr std::size_t kLargestPayload = 64 * 1024;
constexpr std::size_t kBeginning = 256;

}  // namespace

void RateHistory::tick() {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    ring_[next_] = static_cast<std::uint32_t>(std::min(current_, most));
    next_ = static_cast<std::uint8_t>((next_ + 1) % kHistorySeconds);
    if (filled_ < kHistorySeconds) ++filled_;
    current_ = 0;
}

std::uint32_t RateHistory::at(std::size_t ago) const {
    if (ago >= filled_) return 0;
    return ring_[(next_ + kHistorySeconds - 1 - ago) % kHistorySeconds];
}

double RateHistory::rate() const {
    const std::size_t seconds = std::min<std::size_t>(filled_, kRateSeconds);
    if (seconds == 0) return 0;
    double sum = 0;
    for (std::size_t ago = 0; ago < seconds; ++ago)
        sum += at(ago);
    return sum / static_cast<double>(seconds);
}

void TopicTable::add(const mqtt::Publish& message, TopClock::time_point now) {
    const std::size_t size = message.payload.size();
    ++totals_.messages;
    totals_.bytes += size;
    totals_.rate.add(1);
    totals_.byte_rate.add(size);
    TopicStats* stats = find_or_add(message.topic);
    if (stats == nullptr) {
        ++totals_.topics_left_out;
        return;
    }
    ++stats->messages;
    stats->bytes += size;
    stats->history.add(1);
    stats->last_seen = now;
    stats->qos = message.qos;
    stats->retain = message.retain;
    keep_payload(*stats, mqtt::as_text(message.payload));
    if (!message.properties.empty() || !stats->properties.empty()) {
        stats->properties = mqtt::PropertyList(message.properties);
    }
}

TopicStats* TopicTable::find_or_add(std::string_view topic) {
    key_.assign(topic);
    const auto found = index_.find(key_);
    if (found != index_.end()) return &topics_[found->second];
    if (topics_.size() >= maximum_topics_) return nullptr;
    index_.emplace(key_, topics_.size());
    TopicStats& stats = topics_.emplace_back();
    stats.topic = topic;
    return &stats;
}

void TopicTable::keep_payload(TopicStats& stats, std::string_view payload) {
    stats.payload_bytes = payload.size();
    kept_bytes_ -= stats.payload.size();
    const bool fits =
        payload.size() <= kLargestPayload && kept_bytes_ + payload.size() <= maximum_bytes_;
    stats.payload.assign(payload.substr(0, fits ? payload.size() : kBeginning));
    kept_bytes_ += stats.payload.size();
}

void TopicTable::tick() {
    totals_.rate.tick();
    totals_.byte_rate.tick();
    for (TopicStats& stats : topics_)
        stats.history.tick();
}

void TopicTable::clear() {
    topics_.clear();
    index_.clear();
    totals_ = {};
    kept_bytes_ = 0;
}

void TopicTable::set_limits(std::size_t topics, std::size_t payload_bytes) {
    maximum_topics_ = topics;
    maximum_bytes_ = payload_bytes;
}

}  // namespace mqtt_sub
