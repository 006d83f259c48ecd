// Readiness from an edge-triggered epoll set: one system call per turn however many descriptors are
// ready, none to re-arm. For loops that own their thread. Used by Loop alone; Linux only.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <ctime>
#include <vector>

#include "net/poller.hpp"

namespace mqtt::net {

class EpollPoller final : public Poller {
public:
    EpollPoller();  // throws std::system_error when the system has no descriptor left
    ~EpollPoller() override;

    void watch(int descriptor, Watcher& watcher) override;
    void want_readable(int, bool) override {}  // an edge that nobody uses costs nothing
    void want_writable(int descriptor, Watcher& watcher) override;
    void unwatch(int descriptor, Watcher& watcher) override;

    // Waits until something is ready, wake() was called, or `due` has come: never early, late by a
    // wake-up. TimePoint::min() does not wait, max() waits for ever.
    void wait(TimePoint due);
    // Calls the watchers of what wait() found.
    void dispatch();
    // Makes wait() return as well at `due`, for the time in which somebody else waits on the set.
    void set_alarm(TimePoint due);
    // Any thread: ends the current or the next wait().
    void wake();

    // The set itself; readable when wait() would return.
    int descriptor() const { return epoll_; }

private:
    void add_own(int descriptor);
    int wait_for_events(const timespec* left);  // null: for ever

    int epoll_ = -1;
    int wake_ = -1;
    int alarm_ = -1;
    TimePoint alarm_due_ = TimePoint::max();
    bool has_pwait2_ = true;  // until the system says otherwise
    int count_ = 0;
    int next_ = 0;
    std::array<epoll_event, 256> events_;
    std::vector<bool> writable_wanted_;  // by descriptor
};

}  // namespace mqtt::net
