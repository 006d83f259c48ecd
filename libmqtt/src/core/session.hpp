// What must survive a disconnect on either side: exchanges under way in both directions.
// Knows no socket, loop or clock. The broker adds subscriptions and queue, the client its filters.
#pragma once

#include "core/inflight.hpp"
#include "core/qos2_inbox.hpp"

namespace mqtt::core {

struct Session {
    Inflight outgoing;
    Qos2Inbox inbox;
    void clear() noexcept {
        outgoing.clear();
        inbox.clear();
    }
};
// Part of what an idle connection costs; it holds no heap memory while nothing is under way.
static_assert(sizeof(Session) <= 32);

}  // namespace mqtt::core
