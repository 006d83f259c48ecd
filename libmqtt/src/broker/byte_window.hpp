// The payload that one client has been sent with QoS 1 and 2 and has not finished, where
// BrokerConfig::maximum_inflight_bytes bounds it. Other clients have none of this. Used by Peer and Bridge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "core/inflight.hpp"

namespace mqtt::broker {

class ByteWindow {
public:
    // `most`: the next message goes while less is under way, so that one of any size goes alone. What
    // an earlier connection left unfinished is sent again, and counts.
    ByteWindow(std::size_t most, core::Inflight& unfinished) : most_(most) {
        unfinished.for_each([this](PacketId id, const core::InflightEntry& entry) {
            if (entry.message) sent(id, entry.message->payload().size());
        });
    }

    bool is_open() const { return bytes_ < most_; }
    // The same of somebody who has a message, and whom finished() tells when he has to wait.
    bool admits() {
        is_awaited_ = !is_open();
        return !is_awaited_;
    }
    void sent(PacketId id, std::size_t bytes) {
        sizes_[id] = static_cast<std::uint32_t>(bytes);
        bytes_ += bytes;
    }
    // True: it is open again for who waits.
    bool finished(PacketId id) {
        if (const auto sent = sizes_.find(id); sent != sizes_.end()) {
            bytes_ -= sent->second;
            sizes_.erase(sent);
        }
        return is_open() && std::exchange(is_awaited_, false);
    }

private:
    const std::size_t most_;
    std::size_t bytes_ = 0;
    std::unordered_map<PacketId, std::uint32_t> sizes_;
    bool is_awaited_ = false;
};

}  // namespace mqtt::broker
