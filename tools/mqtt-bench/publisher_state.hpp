// A publisher's state within a generator: about 100 bytes; and the queue of messages that were due
// and could not be sent yet.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mqtt::bench {

// First in, first out, of intended times. Grows by doubling, never shrinks, holds nothing at first.
class PendingTimes {
public:
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    std::int64_t front() const { return ring_[head_]; }
    void push(std::int64_t intended) {
        if (size_ == ring_.size()) grow();
        ring_[(head_ + size_++) & (ring_.size() - 1)] = intended;
    }
    void pop() {
        head_ = (head_ + 1) & (ring_.size() - 1);
        --size_;
    }

private:
    void grow() {
        std::vector<std::int64_t> bigger(ring_.empty() ? 16 : ring_.size() * 2);
        for (std::size_t i = 0; i < size_; ++i)
            bigger[i] = ring_[(head_ + i) & (ring_.size() - 1)];
        ring_ = std::move(bigger);
        head_ = 0;
    }
    std::vector<std::int64_t> ring_;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

struct PublisherState {
    std::string topic;                     // when it is the same for all messages
    std::uint64_t messages = 0;            // sent so far: the number of the next one
    std::vector<std::uint64_t> sequences;  // per topic, of the next message; one topic: empty
    PendingTimes pending;
    std::uint32_t number = 0;        // in the whole run
    std::uint32_t first_stream = 0;  // of its topics
    std::uint32_t fan_out = 0;       // of its only topic
    std::uint32_t in_flight = 0;
    std::uint16_t group = 0;
    std::uint16_t window = 0;
    bool connected = false;

    std::uint64_t sequence_of(std::uint32_t choice) const {
        return sequences.empty() ? messages : sequences[choice];
    }
};

}  // namespace mqtt::bench
