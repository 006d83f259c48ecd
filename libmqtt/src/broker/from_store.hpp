// From rows of the store to messages: times of day become those of this process's clock. Used at the start and
// when the beginning of a queue is read.
#pragma once

#include <chrono>

#include "broker/store/records.hpp"
#include "core/message.hpp"
#include "mqtt/types.hpp"

namespace mqtt::broker {

// How the steady clock of this process stands to the time of day.
class FromStore {
public:
    TimePoint now() const { return now_; }
    // A deadline that has passed stays one.
    TimePoint steady(store::WallTime wall) const {
        if (wall == store::kNever) return TimePoint::max();
        return now_ + std::chrono::milliseconds(wall - wall_);
    }
    core::Message::Init init(const store::MessageRow& row) const {
        core::Message::Init init;
        init.topic = row.topic;
        init.properties = Properties(row.properties);
        init.payload = row.payload;
        init.qos = row.qos;
        init.retain = row.retain;
        init.expires_at = steady(row.expires_at);
        init.publisher = row.publisher;
        return init;
    }
    core::MessageRef message(const store::MessageRow& row) const {
        return core::Message::create(init(row));
    }

private:
    TimePoint now_ = Clock::now();
    store::WallTime wall_ = std::chrono::duration_cast<std::chrono::milliseconds>(
                                std::chrono::system_clock::now().time_since_epoch())
                                .count();
};

}  // namespace mqtt::broker
