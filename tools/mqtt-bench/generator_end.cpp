// What is owed and what is lost: outages while the run goes on, the balance at its end.
#include "mqtt-bench/generator.hpp"

#include <utility>

#include "mqtt-bench/payload_header.hpp"

namespace mqtt::bench {

void Generator::on_subscribing(std::uint32_t subscriber) {
    Subscriber& sub = subscribers_[subscriber];
    if (plan_.is_foreign() || sub.shared) return;
    sub.expected.clear();
    std::uint32_t place = sub.first_check;
    for (const Plan::Range& range : plan_.ranges_of(sub.set)) {
        for (std::uint32_t i = 0; i < range.count; ++i)
            sub.expected.push_back(checks_.next_of(place++));
    }
}

void Generator::on_subscribed(std::uint32_t subscriber, bool resumed) {
    Subscriber& sub = subscribers_[subscriber];
    sub.absent = false;
    const std::vector<std::uint64_t> expected = std::exchange(sub.expected, {});
    if (resumed && !sub.owes_nothing_offline) return;
    if (plan_.is_foreign()) {
        for (const auto& [key, stream] : foreign_streams_) {
            if (key.subscriber == subscriber) checks_.restart(stream);
        }
        return;
    }
    // Other members of a shared group are there in the meantime.
    if (sub.shared || !shared_.next_of_stream) return;
    std::uint32_t place = sub.first_check;
    for (const Plan::Range& range : plan_.ranges_of(sub.set)) {
        for (std::uint32_t i = 0; i < range.count; ++i, ++place) {
            const auto& next = shared_.next_of_stream[range.first + i];
            const std::size_t at = place - sub.first_check;
            const std::uint64_t first = expected.empty() ? checks_.next_of(place) : expected[at];
            checks_.excuse(place, first, next.load(std::memory_order_relaxed));
        }
    }
}

void Generator::mark(std::int64_t now) {
    mark_ = now;
    backlogs_.emplace_back();
}

CheckCounts Generator::check_counts() const {
    return checks_.counts();
}

void Generator::give_up_in_flight() {
    for (const InFlight& slot : slots_) {
        if (slot.publisher == InFlight::kFree) continue;
        ++counters_.unproven;
        add_uncertain(slot.stream, slot.sequence);
    }
}

// What a connection takes down with it is nearly always one run of numbers per stream.
void Generator::add_uncertain(std::uint32_t stream, std::uint64_t sequence) {
    if (!uncertain_.empty()) {
        Uncertain& last = uncertain_.back();
        if (last.stream == stream && last.past == sequence) {
            ++last.past;
            return;
        }
    }
    if (uncertain_.size() < kMaxUncertain) {
        uncertain_.push_back({stream, sequence, sequence + 1});
    } else {
        counters_.unkept_deliveries += plan_.fan_out_of(stream);
    }
}

void Generator::add_sent(std::vector<std::uint64_t>& sent_of_stream) const {
    for (const PublisherState& p : publishers_) {
        if (p.sequences.empty()) sent_of_stream[p.first_stream] = p.messages;
        for (std::size_t k = 0; k < p.sequences.size(); ++k)
            sent_of_stream[p.first_stream + k] = p.sequences[k];
    }
}

void Generator::excuse(const std::vector<Uncertain>& uncertain) {
    if (plan_.is_foreign()) return;
    for (const Subscriber& sub : subscribers_) {
        if (!sub.absent || sub.shared) continue;
        for (std::uint32_t i = 0; i < plan_.streams_in(sub.set); ++i) {
            const std::uint32_t place = sub.first_check + i;
            checks_.excuse(place, checks_.next_of(place), ~std::uint64_t{0});
        }
    }
    for (const Uncertain& one : uncertain) {
        for (const Subscriber& sub : subscribers_) {
            const std::uint32_t place = plan_.place_in(sub.set, one.stream);
            if (place == Plan::kNone || sub.shared) continue;
            checks_.excuse(sub.first_check + place, one.first, one.past);
        }
    }
}

std::uint64_t Generator::lost(const std::vector<std::uint64_t>& sent_of_stream) const {
    std::uint64_t lost = 0;
    if (plan_.is_foreign()) {
        for (std::uint32_t s = 0; s < checks_.size(); ++s)
            lost += checks_.missing_below_next(s);
        return lost;
    }
    for (const Subscriber& sub : subscribers_) {
        if (sub.shared) continue;  // of all workers together, see the controller
        std::uint32_t place = sub.first_check;
        for (const Plan::Range& range : plan_.ranges_of(sub.set)) {
            for (std::uint32_t i = 0; i < range.count; ++i, ++place)
                lost += checks_.lost_of(place, sent_of_stream[range.first + i]);
        }
    }
    return lost;
}

std::uint64_t Generator::excused(const std::vector<std::uint64_t>& sent_of_stream) const {
    std::uint64_t excused = 0;
    for (const Subscriber& sub : subscribers_) {
        if (sub.shared || plan_.is_foreign()) continue;
        std::uint32_t place = sub.first_check;
        for (const Plan::Range& range : plan_.ranges_of(sub.set)) {
            for (std::uint32_t i = 0; i < range.count; ++i, ++place)
                excused += checks_.excused_of(place, sent_of_stream[range.first + i]);
        }
    }
    return excused;
}

}  // namespace mqtt::bench
