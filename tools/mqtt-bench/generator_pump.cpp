// Saturation: every publisher in turn sends a batch, as long as deliveries do not lag too far.
#include "mqtt-bench/generator.hpp"

#include <algorithm>

namespace mqtt::bench {
namespace {

constexpr std::int64_t kForgiveAfter = 1'000'000'000;

}  // namespace

std::uint64_t Generator::outstanding() const {
    if (shared_.workers == 1) return counters_.owed - distinct_ - forgiven_;
    std::uint64_t owed = 0;
    std::uint64_t received = 0;
    for (std::uint32_t w = 0; w < shared_.workers; ++w) {
        owed += shared_.progress[w].owed.load(std::memory_order_relaxed);
        received += shared_.progress[w].received.load(std::memory_order_relaxed);
    }
    return owed > received + forgiven_ ? owed - received - forgiven_ : 0;
}

bool Generator::is_all_offered() const {
    return std::all_of(groups_.begin(), groups_.end(),
                       [](const auto& group) { return group->is_used_up(); });
}

bool Generator::pump(std::int64_t now) {
    if (!spec_.max || now < zero_ || now >= end_ || publishers_.empty()) return false;
    bool sent_any = false;
    // Every publisher at most once per call, so that what it caused is read in between.
    for (std::size_t n = 0; n < publishers_.size() && !is_all_offered(); ++n) {
        if (!can_pump()) break;
        const std::uint32_t publisher = cursor_;
        cursor_ = cursor_ + 1 == publishers_.size() ? 0 : cursor_ + 1;
        if (send_batch(publisher, now) > 0) sent_any = true;
        if (n % 8 == 7) now = wire_.now_ns();
    }
    if (sent_any || can_pump()) {
        stalled_since_ = kNever;
    } else if (stalled_since_ == kNever) {
        stalled_since_ = now;
    } else if (now - stalled_since_ > kForgiveAfter) {
        // Dropped by the broker, most likely: the check will say so; go on.
        forgiven_ += outstanding();
        stalled_since_ = kNever;
    }
    return sent_any;
}

std::uint32_t Generator::send_batch(std::uint32_t publisher, std::int64_t now) {
    PublisherState& p = publishers_[publisher];
    LoadGroup& group = *groups_[p.group];
    const std::uint64_t under_way = outstanding();
    const std::uint64_t room =
        (max_outstanding_ - std::min(under_way, max_outstanding_)) / std::max(1u, p.fan_out);
    const auto wanted = static_cast<std::uint32_t>(
        std::min<std::uint64_t>({spec_.batch, std::max<std::uint64_t>(room, 1), group.left()}));
    std::uint32_t count = 0;
    while (count < wanted && has_room(p, publisher)) {
        if (send(publisher, now, now) == Sent::no) break;
        group.count_offer();
        ++counters_.offered;
        if (is_measured(now)) ++counters_.measured_offered;
        ++count;
    }
    if (count == 0) return 0;
    wire_.flush(publisher);
    shared_.progress[worker_].sent.store(counters_.sent, std::memory_order_relaxed);
    shared_.progress[worker_].owed.store(counters_.owed, std::memory_order_relaxed);
    return count;
}

}  // namespace mqtt::bench
