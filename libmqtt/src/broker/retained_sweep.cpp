// Passes over the store, each in slices of one timer tick.
#include "broker/retained_sweep.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "broker/shard.hpp"

namespace mqtt::broker {
namespace {

constexpr std::size_t kSlice = 5000;               // messages looked at in one turn
constexpr auto kPause = std::chrono::seconds(10);  // between two passes

}  // namespace

void RetainedSweep::arm(TimePoint due) {
    due_ = due;
    if (cursor_ || due == TimePoint::max()) return;  // on_timer follows, or nothing expires
    const bool has_passed = last_pass_ != TimePoint::min();
    shard_.loop().set_timer(*this, has_passed ? std::max(due, last_pass_ + kPause) : due);
}

void RetainedSweep::on_timer(TimePoint now) {
    if (!cursor_) {
        due_ = TimePoint::max();
        cursor_.emplace(shard_.retained);
    }
    if (!walk(now)) return shard_.loop().set_timer(*this, now);
    cursor_.reset();
    last_pass_ = now;
    arm(due_);
}

// True: the pass has seen everything.
bool RetainedSweep::walk(TimePoint now) {
    std::vector<std::string> expired;
    std::size_t left = kSlice;
    const bool is_done = cursor_->run(TimePoint::min(), [&](const core::Message& message) {
        if (left-- == 0) return false;  // comes again
        if (message.expired(now))
            expired.emplace_back(message.topic());
        else
            due_ = std::min(due_, message.expires_at());
        return true;
    });
    for (const std::string& topic : expired) {
        if (!shard_.retained.remove_expired(topic, now)) continue;
        ++shard_.counters.messages_expired;
        shard_.journal.retained_changed(topic);
    }
    return is_done;
}

}  // namespace mqtt::broker
