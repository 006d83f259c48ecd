// From a topic to everybody who gets it, remembered: topic bytes -> flat array of targets,
// overlapping subscriptions of one subscriber merged. Bounded in bytes; owns no subscriber.
//
// A change of subscriptions wipes nothing. Changed filters go into a short log; a hit that is older
// than the log's end first looks whether one of the filters changed since matches its topic. So a
// change costs nothing for topics that nobody publishes to, and one comparison per change for
// others.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/hash_set.hpp"
#include "broker/topic_tree.hpp"

namespace mqtt::broker {

// One receiver of a topic.
struct Target {
    Subscriber* subscriber = nullptr;
    std::uint32_t id = 0;  // the subscription identifier, or where the first of several stands
    std::uint16_t id_count = 0;
    QoS qos = QoS::at_most_once;  // the highest of its subscriptions [MQTT-3.3.4-2]
    bool no_local : 1 = false;
    bool retain_as_published : 1 = false;
};
static_assert(sizeof(Target) == 16);

// The answer for one topic; valid until the next look_up. One pooled block: this, targets, ids,
// topic.
class Match {
public:
    std::span<const Target> targets() const { return {first_target(), target_count_}; }
    // Subscription identifiers of a target [MQTT-3.3.4-3] [MQTT-3.3.4-4].
    std::span<const std::uint32_t> ids(const Target& target) const {
        if (target.id_count == 0) return {};
        if (target.id_count == 1) return {&target.id, 1};
        return {first_id() + target.id, target.id_count};
    }
    std::string_view topic() const {
        return {reinterpret_cast<const char*>(first_id() + id_count_), topic_size_};
    }

private:
    friend class MatchCache;
    const Target* first_target() const { return reinterpret_cast<const Target*>(this + 1); }
    const std::uint32_t* first_id() const {
        return reinterpret_cast<const std::uint32_t*>(first_target() + target_count_);
    }
    std::size_t size_bytes() const {
        return sizeof(Match) + target_count_ * sizeof(Target) + id_count_ * 4 + topic_size_;
    }

    std::uint64_t hash_ = 0;
    std::uint64_t as_of_ = 0;  // changes seen
    Match* next_ = nullptr;    // circle in order of insertion, for eviction
    Match* previous_ = nullptr;
    std::uint32_t target_count_ = 0;
    std::uint32_t id_count_ = 0;
    std::uint16_t topic_size_ = 0;
    bool used_ = false;
};

class MatchCache {
public:
    MatchCache(TopicTree& tree, std::size_t limit_bytes) : tree_(tree), limit_bytes_(limit_bytes) {}
    ~MatchCache();
    MatchCache(const MatchCache&) = delete;
    MatchCache& operator=(const MatchCache&) = delete;

    // `topic` is a valid topic name.
    const Match& look_up(std::string_view topic);
    // Tells that a subscription with this filter came, changed or went. To be called before the
    // next look_up, or targets would dangle.
    void changed(std::string_view filter);

    std::size_t memory_bytes() const { return bytes_ + matches_.memory_bytes(); }
    std::uint64_t misses() const { return misses_; }

private:
    static constexpr std::size_t kRemembered = 64;  // testing more costs as much as a fresh walk

    // Apart, so that looking up needs few registers.
    [[gnu::noinline]] bool still_right(Match& match) const;
    [[gnu::noinline]] const Match& build(std::string_view topic, std::uint64_t hash);
    void collect(std::string_view topic);
    void merge(const Subscription& subscription);
    void write(Match& match, std::string_view topic, std::uint64_t hash);
    void keep(Match& match);
    void drop(Match& match);
    void make_room(std::size_t bytes);

    TopicTree& tree_;
    const std::size_t limit_bytes_;
    HashSet<Match> matches_;
    const Match nobody_;
    const Match* last_ = nullptr;  // looked up last, if it is kept,
    std::string_view last_topic_;  // and nothing has changed since; else empty
    Match* oldest_ = nullptr;
    Match* uncached_ = nullptr;  // the last answer, when it was too big to keep
    std::size_t bytes_ = 0;
    std::uint64_t misses_ = 0;

    std::uint64_t changes_ = 0;
    std::array<std::string, kRemembered> log_;  // change n is at n % kRemembered

    struct FurtherId {
        std::uint32_t target;
        std::uint32_t id;
    };
    std::uint32_t match_number_ = 0;
    std::vector<Target> targets_;  // scratch of build
    std::vector<FurtherId> further_ids_;
    std::size_t with_several_ = 0;  // targets that have more than one identifier
};

}  // namespace mqtt::broker
