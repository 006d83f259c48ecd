// Groups to numbers and names: which client publishes on which topics, subscribes to what, and which
// streams it must see. A stream is one topic of one publisher, numbered over the whole run; where a
// publisher has one topic, streams are publishers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mqtt-bench/pattern.hpp"
#include "mqtt-bench/spec.hpp"

namespace mqtt::bench {

// A group with its place in the numbering of clients, publishers, subscribers and streams.
struct PlannedGroup {
    Group spec;
    std::uint32_t first_client = 0;
    std::uint32_t publishers = 0;  // its clients, or none
    std::uint32_t first_publisher = 0;
    std::uint32_t subscribers = 0;
    std::uint32_t first_subscriber = 0;
    std::uint32_t first_stream = 0;
    std::uint32_t topics_each = 1;    // per publisher
    std::uint32_t number_modulo = 1;  // of %i in topics
    bool fixed_topic = true;          // the same for all messages of a publisher
    bool has_header = false;          // payload carries a PayloadHeader
    bool has_short_header = false;    // stream and sequence only, 8 bytes
    bool shared = false;              // its filters are $share ones
    Pattern topic;
    std::vector<Pattern> filters;
    Pattern client_id;
};

// A stage at one of its times; a group that starts late is connected by one, too.
struct PlannedStage {
    std::chrono::nanoseconds at{0};  // after the start of the load
    Stage stage;
    std::uint32_t occurrence = 0;
    std::string describe() const;
};

class Plan {
public:
    // Makes the groups when the spec has none. Throws std::invalid_argument with a sentence when
    // the spec contradicts itself.
    explicit Plan(const Spec& spec, std::uint32_t run_id);
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    const std::vector<PlannedGroup>& groups() const { return groups_; }
    const std::vector<PlannedStage>& timeline() const { return timeline_; }
    // Connections come and go on purpose.
    bool has_outages() const { return outages_; }
    std::uint32_t publishers() const { return publishers_; }
    std::uint32_t subscribers() const { return subscribers_; }
    std::uint32_t streams() const { return streams_; }
    // Which of so many workers publishes it: clients go round them, group by group.
    std::uint32_t worker_of(std::uint32_t stream, std::uint32_t workers) const;
    // Some subscriber gets something that a worker of another of so many hosts publishes.
    bool crosses_hosts(std::uint32_t hosts, std::uint32_t workers) const;
    std::uint32_t clients() const { return clients_; }
    std::uint32_t run_id() const { return run_id_; }

    // By number within the group, from 0.
    std::string client_id_of(const PlannedGroup& group, std::uint32_t number) const;
    void append_topic(const PlannedGroup& group, std::uint32_t number, std::uint64_t message,
                      std::uint32_t choice, std::string& out) const;
    std::vector<std::string> filters_of(const PlannedGroup& group, std::uint32_t number) const;

    // Streams that a subscriber receives. `set`: its index, below stream_sets(); subscribers with
    // the same filters share one.
    struct Range {
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };
    std::uint32_t set_of(std::uint32_t subscriber) const { return sets_of_[subscriber]; }
    std::span<const Range> ranges_of(std::uint32_t set) const;
    std::uint32_t stream_sets() const { return static_cast<std::uint32_t>(sets_.size()); }
    bool is_shared_set(std::uint32_t set) const { return sets_[set].shared; }
    std::uint32_t streams_in(std::uint32_t set) const { return sets_[set].streams; }
    // The place of a stream within a set; ~0: not in it.
    std::uint32_t place_in(std::uint32_t set, std::uint32_t stream) const {
        const Set& s = sets_[set];
        if (s.ranges == 1) {
            const Range& only = ranges_[s.first_range];
            const std::uint32_t place = stream - only.first;
            return place < only.count ? place : kNone;
        }
        return search(s, stream);
    }
    static constexpr std::uint32_t kNone = ~0u;

    // Deliveries that one message of a stream causes; of the whole run: the mean, by rate.
    std::uint32_t fan_out_of(std::uint32_t stream) const {
        return fan_outs_.empty() ? 0 : fan_outs_[stream];
    }
    std::uint32_t fan_out() const;
    bool is_shared() const { return shared_; }    // some subscribers are
    bool is_foreign() const { return foreign_; }  // sub: streams of publishers elsewhere

    ScheduleSpec schedule(const PlannedGroup& group, std::uint64_t seed) const;
    double offered_rate() const;  // messages per second at the end of ramps; 0 for saturation
    bool has_header() const { return header_; }  // of some publishers
    bool has_short_header() const { return short_header_; }
    bool has_plain() const { return plain_; }           // no way to tell one message from another
    bool is_unexpected() const { return unexpected_; }  // --verify off: nothing is owed

    // "pubsub --shape fanout --pubs 1 --subs 1000 -R 250/s -s 64 -q 1 -d 30s"
    std::string describe() const;

private:
    struct Set {
        std::uint32_t first_range = 0;
        std::uint32_t ranges = 0;
        std::uint32_t streams = 0;
        std::uint32_t members = 0;
        bool shared = false;
    };
    void check() const;
    void add(const Group& group);
    void match();
    void add_stages();
    void set_rates(Group& group) const;
    void add_set(const std::vector<std::uint32_t>& streams, bool shared);
    std::uint32_t search(const Set& set, std::uint32_t stream) const;
    Pattern::Values values(const PlannedGroup& group, std::uint32_t number) const;

    Spec spec_;
    std::uint32_t run_id_;
    std::vector<PlannedGroup> groups_;
    std::vector<PlannedStage> timeline_;
    std::uint32_t clients_ = 0;
    std::uint32_t publishers_ = 0;
    std::uint32_t subscribers_ = 0;
    std::uint32_t streams_ = 0;
    std::vector<Range> ranges_;
    std::vector<Set> sets_;
    std::vector<std::uint32_t> sets_of_;   // by subscriber
    std::vector<std::uint32_t> fan_outs_;  // by stream
    bool shared_ = false;
    bool foreign_ = false;
    bool outages_ = false;
    bool header_ = false;
    bool short_header_ = false;
    bool plain_ = false;
    bool unexpected_ = false;
};

inline constexpr std::size_t kShortHeaderBytes = 8;

}  // namespace mqtt::bench
