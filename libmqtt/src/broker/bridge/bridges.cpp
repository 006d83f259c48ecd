// See bridges.hpp.
#include "broker/bridge/bridges.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {

void Bridges::open(const std::vector<BridgeConfig>& all) {
    for (const BridgeConfig& config : all) {
        if (is_at_home(config)) add(config);
    }
}

void Bridges::start() {
    for (const Entry& entry : entries_)
        entry.bridge->start();
}

bool Bridges::is_at_home(const BridgeConfig& config) const {
    return shard_.shared().home_of(client_hash(config.local_client_id)) == shard_.index();
}

void Bridges::change(const std::vector<BridgeConfig>& all) {
    std::vector<const BridgeConfig*> fresh;
    for (const BridgeConfig& config : all) {
        if (is_at_home(config)) fresh.push_back(&config);
    }
    for (Entry& entry : entries_) {
        const auto found = std::find_if(fresh.begin(), fresh.end(), [&](const auto* config) {
            return config->local_client_id == entry.bridge->config().local_client_id;
        });
        if (found == fresh.end()) {
            entry.fate = Fate::is_removed;
            entry.bridge->finish(true);
            continue;
        }
        change(entry, **found);
        fresh.erase(found);
    }
    for (const BridgeConfig* config : fresh)
        add(*config).start();
    ended();
}

// One that has come to a stop by itself is tried again: what it met may be mended.
void Bridges::change(Entry& entry, const BridgeConfig& config) {
    const BridgeConfig& now = entry.bridge->config();
    const bool is_same = now.name == config.name && now.revision == config.revision;
    if (is_same && entry.bridge->stays()) {
        entry.fate = Fate::stays;
        return;
    }
    entry.fate = Fate::is_replaced;
    entry.next = config;
    entry.bridge->finish(config.changes_at_once);
}

Bridge& Bridges::add(const BridgeConfig& config) {
    entries_.push_back({std::make_unique<Bridge>(shard_, config)});
    entries_.back().bridge->open();
    return *entries_.back().bridge;
}

void Bridges::replace(Entry& entry) {
    const std::unique_ptr<Bridge> before =
        std::exchange(entry.bridge, std::make_unique<Bridge>(shard_, std::move(*entry.next)));
    entry.next.reset();
    entry.fate = Fate::stays;
    entry.bridge->start_after(*before);
}

void Bridges::ended() {
    shard_.loop().post([this] { settle(); });
}

void Bridges::settle() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        Entry& entry = entries_[i];
        if (entry.fate == Fate::is_replaced && entry.bridge->has_ended()) replace(entry);
        if (entry.fate != Fate::is_removed || !entry.bridge->has_ended()) continue;
        entry.bridge->end_session();
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i--));
    }
}

void Bridges::stop() {
    for (Entry& entry : entries_) {
        entry.fate = Fate::stays;
        entry.bridge->stop();
    }
}

void Bridges::abort() {
    for (const Entry& entry : entries_)
        entry.bridge->abort();
}

bool Bridges::are_closed() const {
    return std::all_of(entries_.begin(), entries_.end(),
                       [](const Entry& entry) { return entry.bridge->is_closed(); });
}

Bridge& Bridges::of(const Session& session) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.bridge->is_for(session);
    });
    MQTT_ASSERT(found != entries_.end());
    return *found->bridge;
}

}  // namespace mqtt::broker
