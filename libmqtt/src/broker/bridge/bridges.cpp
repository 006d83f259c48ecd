// See bridges.hpp.
#include "broker/bridge/bridges.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace mqtt::broker {

void Bridges::add(BridgeConfig config) {
    bridges_.push_back(std::make_unique<Bridge>(shard_, std::move(config)));
    bridges_.back()->start();
}

void Bridges::stop() {
    for (const auto& bridge : bridges_)
        bridge->stop();
}

void Bridges::abort() {
    for (const auto& bridge : bridges_)
        bridge->abort();
}

bool Bridges::are_closed() const {
    return std::all_of(bridges_.begin(), bridges_.end(),
                       [](const auto& bridge) { return bridge->is_closed(); });
}

Bridge& Bridges::of(const Session& session) const {
    const auto found = std::find_if(bridges_.begin(), bridges_.end(),
                                    [&](const auto& bridge) { return bridge->is_for(session); });
    MQTT_ASSERT(found != bridges_.end());
    return **found;
}

}  // namespace mqtt::broker
