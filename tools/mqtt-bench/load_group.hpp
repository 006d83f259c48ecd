// What a worker needs to send the messages of one group: schedule, topics, sizes, QoS, content. One
// seed gives every message the same bytes, whatever the number of threads: choices are functions of
// (seed, publisher, message number). No allocation per message in steady state.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mqtt-bench/plan.hpp"
#include "mqtt-bench/publisher_state.hpp"
#include "mqtt/connection.hpp"

namespace mqtt::bench {

class LoadGroup {
public:
    // `plan` and `group` must outlive it. Throws std::invalid_argument when the content's file
    // cannot be read. Without schedule for saturation and for workers that own no publisher.
    LoadGroup(const Plan& plan, const PlannedGroup& group, const Spec& spec, std::uint32_t worker,
              std::uint32_t workers);

    const PlannedGroup& planned() const { return group_; }
    Schedule* schedule() { return schedule_.get(); }
    const Schedule* schedule() const { return schedule_.get(); }
    std::int64_t start_ns() const { return group_.spec.start.count(); }  // of the schedule
    std::uint32_t first_local() const { return first_local_; }
    void set_first_local(std::uint32_t first) { first_local_ = first; }
    bool is_used_up() const { return offered_ >= limit_; }
    std::uint64_t left() const { return limit_ - offered_; }
    void count_offer() { ++offered_; }

    // Which of the publisher's topics its next message has.
    std::uint32_t choice_of(const PublisherState& publisher) const {
        return group_.topics_each == 1 ? 0 : choose(publisher);
    }
    // The next message of a publisher, its payload to be stamped in place by the caller.
    struct Message {
        PublishRequest& request;
        std::span<std::uint8_t> payload;
    };
    Message next(const PublisherState& publisher, std::uint32_t choice);

private:
    std::uint32_t choose(const PublisherState& publisher) const;
    std::uint64_t recorded_number(const PublisherState& publisher) const;
    std::uint32_t owned_by(std::uint32_t worker, std::uint32_t workers) const;
    void draw_qos(const PublisherState& publisher);
    std::size_t draw_size(const PublisherState& publisher) const;
    void set_content();
    void fill_template(const PublisherState& publisher);
    void ask_for_answer(const PublisherState& publisher);

    const Plan& plan_;
    const PlannedGroup& group_;
    std::uint64_t seed_;
    bool replays_;                   // topics of a recording
    std::uint32_t first_local_ = 0;  // of this group's publishers within the worker
    std::unique_ptr<Schedule> schedule_;
    std::uint64_t offered_ = 0;
    std::uint64_t limit_ = ~std::uint64_t{0};
    double size_weights_ = 0;
    double qos_weights_ = 0;
    bool is_template_ = false;
    Pattern template_;
    std::string topic_;                  // of the present message, when topics vary
    std::string text_;                   // of a template
    std::vector<std::uint8_t> payload_;  // as long as the largest
    PropertyList properties_;            // of a request, with its response topic
    PublishRequest request_;
};

}  // namespace mqtt::bench
