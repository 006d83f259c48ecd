// Spec to topology: who publishes on which topic, who subscribes to what, which streams each
// subscriber must see. Computed on demand, so that a million clients cost nothing here.
// A stream is a publisher's topic; in these shapes every publisher has one, so its number is the
// publisher's.
#pragma once

#include <cstdint>
#include <string>

#include "mqtt-bench/spec.hpp"

namespace mqtt::bench {

class Plan {
public:
    // Resolves the counts that the spec leaves open. Throws std::invalid_argument with a sentence
    // when they contradict each other.
    explicit Plan(const Spec& spec, std::uint32_t run_id);

    std::uint32_t publishers() const { return publishers_; }
    std::uint32_t subscribers() const { return subscribers_; }
    std::uint32_t idle() const { return idle_; }
    std::uint32_t topics() const { return topics_; }
    std::uint32_t clients() const { return publishers_ + subscribers_ + idle_; }
    std::uint32_t run_id() const { return run_id_; }

    std::string topic_of(std::uint32_t publisher) const;
    std::string filter_of(std::uint32_t subscriber) const;
    // Clients are numbered subscribers first, then publishers, then idle ones.
    std::string client_id_of(std::uint32_t client) const;
    std::uint32_t target_of(std::uint32_t client) const {
        return client % static_cast<std::uint32_t>(target_count_);
    }

    // Streams that a subscriber receives: [first, first + count). Of strangers' publishers: none.
    struct Streams {
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };
    Streams streams_of(std::uint32_t subscriber) const;
    // Deliveries that one message causes.
    std::uint32_t fan_out() const { return fan_out_; }
    bool is_shared() const { return shared_; }
    bool is_foreign() const { return foreign_; }  // sub: streams of publishers elsewhere

    ScheduleSpec schedule(std::uint64_t seed) const;
    double offered_rate() const;  // messages per second at the end of ramps; 0 for saturation
    bool has_header() const { return header_; }              // payload carries a PayloadHeader
    bool has_short_header() const { return short_header_; }  // stream and sequence only, 8 bytes

    // "pubsub --shape fanout --pubs 1 --subs 1000 -R 250/s -q 1 -s 64 -d 30s"
    std::string describe() const;

private:
    void resolve_pubsub();
    std::string expand(std::string_view pattern, std::uint32_t number) const;

    Spec spec_;
    std::uint32_t run_id_;
    std::uint32_t publishers_ = 0;
    std::uint32_t subscribers_ = 0;
    std::uint32_t idle_ = 0;
    std::uint32_t topics_ = 0;
    std::uint32_t fan_out_ = 1;
    std::size_t target_count_ = 1;
    bool shared_ = false;
    bool foreign_ = false;
    bool header_ = true;
    bool short_header_ = false;
};

inline constexpr std::size_t kShortHeaderBytes = 8;

}  // namespace mqtt::bench
