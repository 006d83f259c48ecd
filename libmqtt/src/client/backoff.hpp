// How long to wait before the next attempt: decorrelated jitter, as ReconnectPolicy promises.
// Used by Client. Knows no clock.
#pragma once

#include <chrono>

#include "mqtt/options.hpp"

namespace mqtt::client {

class Backoff {
public:
    explicit Backoff(const ReconnectPolicy& policy) : policy_(policy) {}

    // Drawn from [initial, min(maximum, previous * 3)]; the first is the initial delay itself.
    std::chrono::milliseconds next();
    // After a success.
    void reset() { previous_ = std::chrono::milliseconds(0); }

private:
    ReconnectPolicy policy_;
    std::chrono::milliseconds previous_{0};
};

}  // namespace mqtt::client
