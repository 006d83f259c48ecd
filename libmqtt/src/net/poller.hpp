// How a Loop learns that descriptors are ready: one interface, two ways (epoll_poller, wait_poller).
// Used by Loop alone.
#pragma once

#include "net/loop.hpp"

namespace mqtt::net {

// The calls mean what Loop's calls of the same names say.
class Poller {
public:
    virtual ~Poller() = default;
    virtual void watch(int descriptor, Watcher& watcher) = 0;
    virtual void want_readable(int descriptor, bool on) = 0;
    virtual void want_writable(int descriptor, Watcher& watcher) = 0;
    virtual void unwatch(int descriptor, Watcher& watcher) = 0;
};

// One that belongs to somebody else, a simulation: asked at the start of each turn to call those who
// are ready.
class GuestPoller : public Poller {
public:
    virtual void dispatch() = 0;
};

}  // namespace mqtt::net
