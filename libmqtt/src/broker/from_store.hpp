// From rows of the store to messages: times of day become those of this process's clock. Used at the start and
// when the beginning of a queue is read.
#pragma once

#include <chrono>

#include "base/pool.hpp"
#include "broker/store/records.hpp"
#include "core/message.hpp"
#include "mqtt/types.hpp"

namespace mqtt::broker {

// How the steady clock of this process stands to the time of day.
class FromStore {
public:
    FromStore(TimePoint now, store::WallTime wall) : now_(now), wall_(wall) {}
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
    // Of the message that it would be.
    static std::size_t size_bytes(const store::MessageRow& row) {
        return base::pool_size_class(sizeof(core::Message) + row.topic.size() +
                                     row.properties.size() + row.payload.size());
    }
    core::MessageRef message(const store::MessageRow& row) const {
        return core::Message::create(init(row));
    }

private:
    const TimePoint now_;
    const store::WallTime wall_;
};

}  // namespace mqtt::broker
