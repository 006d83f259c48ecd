// Looking up, building, checking and evicting remembered matches.
#include "broker/match_cache.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/pool.hpp"
#include "broker/hash.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker {
namespace {

// Whether it is worth comparing them: names of devices, in which topics differ, stand in the middle.
bool may_be_equal(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    if (a.size() < 8) return true;
    const std::size_t middle = (a.size() - 8) / 2;
    std::uint64_t x;
    std::uint64_t y;
    std::memcpy(&x, a.data() + middle, 8);
    std::memcpy(&y, b.data() + middle, 8);
    return x == y;
}

}  // namespace

MatchCache::~MatchCache() {
    while (oldest_ != nullptr)
        drop(*oldest_);
    if (uncached_ != nullptr) base::pool_free(uncached_, uncached_->size_bytes());
}

const Match& MatchCache::look_up(std::string_view topic) {
    if (tree_.subscription_count() == 0) return nobody_;  // publishing alone fills no cache
    // Who publishes fast stays with a topic.
    if (may_be_equal(last_topic_, topic) && is_same_text(last_topic_, topic)) return *last_;
    static const std::uint64_t seed = hash_seed();
    const std::uint64_t hash = hash_bytes(topic, seed);
    Match* match =
        matches_.find(hash, [&](const Match& m) { return is_same_text(m.topic(), topic); });
    if (match != nullptr) {
        if (match->as_of_ == changes_ || still_right(*match)) {
            match->used_ = true;
            last_ = match;
            last_topic_ = match->topic();
            return *match;
        }
        drop(*match);
    }
    return build(topic, hash);
}

void MatchCache::changed(std::string_view filter) {
    log_[changes_ % kRemembered].assign(filter);
    ++changes_;
    last_topic_ = {};
}

bool MatchCache::still_right(Match& match) const {
    if (changes_ - match.as_of_ > kRemembered) return false;
    for (std::uint64_t n = match.as_of_; n != changes_; ++n) {
        if (topic_matches(log_[n % kRemembered], match.topic())) return false;
    }
    match.as_of_ = changes_;
    return true;
}

const Match& MatchCache::build(std::string_view topic, std::uint64_t hash) {
    ++misses_;
    collect(topic);
    const std::size_t size = sizeof(Match) + targets_.size() * sizeof(Target) +
                             (further_ids_.size() + with_several_) * sizeof(std::uint32_t) +
                             topic.size();
    Match* match = ::new (base::pool_allocate(size)) Match;
    write(*match, topic, hash);
    if (size > limit_bytes_ / 4) {
        if (uncached_ != nullptr) base::pool_free(uncached_, uncached_->size_bytes());
        uncached_ = match;
    } else {
        keep(*match);
    }
    return *match;
}

void MatchCache::collect(std::string_view topic) {
    targets_.clear();
    further_ids_.clear();
    with_several_ = 0;
    if (++match_number_ == 0) match_number_ = 1;
    tree_.match(topic, [this](const TopicNode& node) {
        for (Subscription* s = node.subscriptions; s != nullptr; s = s->next_in_node) {
            Subscriber& who = *s->subscriber;
            if (who.match_number == match_number_) {
                merge(*s);
                continue;
            }
            who.match_number = match_number_;
            who.match_index = static_cast<std::uint32_t>(targets_.size());
            targets_.push_back({&who, s->id, static_cast<std::uint16_t>(s->id != 0 ? 1 : 0),
                                s->options.qos, s->options.no_local,
                                s->options.retain_as_published});
        }
    });
}

// Overlapping subscriptions give one copy with the highest QoS and all identifiers.
void MatchCache::merge(const Subscription& s) {
    Target& target = targets_[s.subscriber->match_index];
    target.qos = std::max(target.qos, s.options.qos);
    target.no_local = target.no_local && s.options.no_local;
    target.retain_as_published = target.retain_as_published || s.options.retain_as_published;
    if (s.id == 0) return;
    if (target.id_count == 0)
        target.id = s.id;
    else
        further_ids_.push_back({s.subscriber->match_index, s.id});
    if (++target.id_count == 2) ++with_several_;
}

void MatchCache::write(Match& match, std::string_view topic, std::uint64_t hash) {
    match.hash_ = hash;
    match.as_of_ = changes_;
    match.target_count_ = static_cast<std::uint32_t>(targets_.size());
    match.topic_size_ = static_cast<std::uint16_t>(topic.size());
    auto* ids = const_cast<std::uint32_t*>(match.first_id());
    std::sort(further_ids_.begin(), further_ids_.end(),
              [](FurtherId a, FurtherId b) { return a.target < b.target; });
    std::uint32_t written = 0;
    for (std::size_t i = 0; i < further_ids_.size(); ++i) {
        Target& target = targets_[further_ids_[i].target];
        if (i == 0 || further_ids_[i].target != further_ids_[i - 1].target) {
            const std::uint32_t first = written;
            ids[written++] = target.id;
            target.id = first;
        }
        ids[written++] = further_ids_[i].id;
    }
    match.id_count_ = written;
    if (!targets_.empty()) {
        std::memcpy(reinterpret_cast<char*>(&match + 1), targets_.data(),
                    targets_.size() * sizeof(Target));
    }
    if (!topic.empty()) std::memcpy(ids + written, topic.data(), topic.size());
}

void MatchCache::keep(Match& match) {
    const std::size_t size = match.size_bytes();
    make_room(size);
    bytes_ += size;
    if (oldest_ == nullptr) {
        match.next_ = match.previous_ = &match;
        oldest_ = &match;
    } else {
        match.next_ = oldest_;
        match.previous_ = oldest_->previous_;
        match.previous_->next_ = &match;
        oldest_->previous_ = &match;
    }
    matches_.insert(match.hash_, match);
}

void MatchCache::drop(Match& match) {
    if (last_ == &match) last_topic_ = {};
    matches_.erase(match.hash_, match);
    if (match.next_ == &match) {
        oldest_ = nullptr;
    } else {
        match.next_->previous_ = match.previous_;
        match.previous_->next_ = match.next_;
        if (oldest_ == &match) oldest_ = match.next_;
    }
    bytes_ -= match.size_bytes();
    base::pool_free(&match, match.size_bytes());
}

// Second chance: what was used since it was last passed over stays for another round.
void MatchCache::make_room(std::size_t bytes) {
    while (oldest_ != nullptr && bytes_ + bytes > limit_bytes_) {
        if (oldest_->used_) {
            oldest_->used_ = false;
            oldest_ = oldest_->next_;
        } else {
            drop(*oldest_);
        }
    }
}

}  // namespace mqtt::broker
