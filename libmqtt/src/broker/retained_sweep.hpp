// Removes retained messages whose expiry interval has passed, whether anybody asks for them or not: as much
// per turn as takes a fraction of a millisecond. Sleeps until the first is due that this shard was
// told of; one per shard, each walks the whole store.
#pragma once

#include <optional>

#include "broker/retained.hpp"
#include "net/timer_wheel.hpp"

namespace mqtt::broker {

class Shard;

class RetainedSweep final : private net::Timer {
public:
    explicit RetainedSweep(Shard& shard) : shard_(shard) {}

    // A retained message expires then. Before the loop runs, or on its thread.
    void expect(TimePoint expires_at) {
        if (expires_at < due_) arm(expires_at);
    }

private:
    void on_timer(TimePoint now) override;
    void arm(TimePoint due);
    bool walk(TimePoint now);

    Shard& shard_;
    TimePoint due_ = TimePoint::max();  // the earliest known
    TimePoint last_pass_ = TimePoint::min();
    std::optional<RetainedStore::Cursor> cursor_;  // of a pass under way
};

}  // namespace mqtt::broker
