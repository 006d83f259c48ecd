// What limits one connection by itself, where the configuration says so: its place among those of its
// address, and its rate of PUBLISH packets. Most connections have none, and no memory for it.
#pragma once

#include <optional>

#include "base/token_bucket.hpp"
#include "broker/admission.hpp"
#include "net/timer_wheel.hpp"

namespace mqtt::broker {

class Peer;

class Restraint final : public net::Timer {
public:
    // `publish_rate` per second; 0: no limit.
    Restraint(Peer& peer, Admission::AddressCount* at_address, double publish_rate)
        : address(at_address)
        , peer_(peer) {
        if (publish_rate > 0) publishes.emplace(publish_rate);
    }
    // Reading goes on.
    void on_timer(TimePoint now) override;

    Admission::AddressCount* const address;
    std::optional<base::TokenBucket> publishes;
    bool is_waiting = false;

private:
    Peer& peer_;
};

}  // namespace mqtt::broker
