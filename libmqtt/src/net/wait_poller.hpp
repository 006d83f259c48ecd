// Readiness through Asio's wait on each descriptor: for a Client on a user's io_context and for
// systems without epoll. Costs one system call per wait. Used by Loop alone.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "net/poller.hpp"

namespace mqtt::net {

class WaitPoller final : public Poller {
public:
    // `deliver` calls the watcher within a turn of the loop.
    using Deliver = std::function<void(Watcher&, Ready)>;
    WaitPoller(asio::io_context& context, Deliver deliver);
    ~WaitPoller() override;

    void watch(int descriptor, Watcher& watcher) override;
    void want_readable(int descriptor, bool on) override;
    void want_writable(int descriptor, Watcher& watcher) override;
    void unwatch(int descriptor, Watcher& watcher) override;

private:
    struct Watch;
    void wait_readable(const std::shared_ptr<Watch>& watch);

    asio::io_context& context_;
    Deliver deliver_;
    // Handlers hold a watch weakly: they may run after unwatch.
    std::unordered_map<int, std::shared_ptr<Watch>> watches_;
};

}  // namespace mqtt::net
