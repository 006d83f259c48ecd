// Places of a queue whose messages are on the disk only, packed: what tells them from the place before, and
// nothing at all for those that go on in the same way. A stretch of them is read from its beginning only. Used by
// QueueTail; knows no session and no store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/keep_alive_ref.hpp"
#include "broker/store/records.hpp"

namespace mqtt::broker {

// All that is needed to read the message and to go on with it.
struct Place {
    store::Key entry = 0;
    store::Key message = 0;
    std::uint32_t size_bytes = 0;
    std::uint32_t subscription_id = 0;    // when there is one
    base::KeepAliveRef subscription_ids;  // when there are several (a core::SubscriptionIds)
    std::uint32_t shared_tag = 0;         // of the Membership that it is for; 0: none
    QoS qos = QoS::at_most_once;
    bool retain = false;
};

// Packs one stretch, place by place.
class PlacePacker {
public:
    void add(const Place& place, std::string& out);
    // Nothing comes after it.
    void finish(std::string& out);

private:
    struct Step {
        std::int64_t entry = 0;
        std::int64_t message = 0;
        bool operator==(const Step&) const = default;
    };
    Step step_to(const Place& place) const;
    bool has_equal_rest(const Place& place) const;

    Place last_;
    Step step_;                  // to the last one
    std::uint32_t repeats_ = 0;  // of it, not written yet
};

std::vector<Place> unpack_places(std::string_view packed);

}  // namespace mqtt::broker
