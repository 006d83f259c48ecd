// See backoff.hpp.
#include "client/backoff.hpp"

#include <algorithm>
#include <random>

#include "client/random.hpp"

namespace mqtt::client {

std::chrono::milliseconds Backoff::next() {
    const auto lowest = std::min(policy_.initial_delay, policy_.maximum_delay);
    const auto highest = std::clamp(previous_ * 3, lowest, policy_.maximum_delay);
    std::uniform_int_distribution<std::int64_t> delay(lowest.count(), highest.count());
    previous_ = std::chrono::milliseconds(delay(random_engine()));
    return previous_;
}

}  // namespace mqtt::client
