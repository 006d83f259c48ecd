// A pending wait per interest; the descriptor stays the property of its stream.
#include "net/wait_poller.hpp"

#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <utility>

namespace mqtt::net {

struct WaitPoller::Watch {
    Watch(asio::io_context& context, int fd, Watcher& w) : descriptor(context, fd), watcher(w) {}
    ~Watch() { leave(); }
    // Before the descriptor is closed: its number may be somebody else's a moment later.
    void leave() {
        if (descriptor.is_open()) descriptor.release();
    }

    asio::posix::stream_descriptor descriptor;
    Watcher& watcher;
    bool wants_read = true;
    bool waits_read = false;
    bool waits_write = false;
};

WaitPoller::WaitPoller(asio::io_context& context, Deliver deliver)
    : context_(context)
    , deliver_(std::move(deliver)) {}

WaitPoller::~WaitPoller() = default;

void WaitPoller::watch(int descriptor, Watcher& watcher) {
    auto watch = std::make_shared<Watch>(context_, descriptor, watcher);
    wait_readable(watch);
    watches_[descriptor] = std::move(watch);
}

void WaitPoller::wait_readable(const std::shared_ptr<Watch>& watch) {
    if (watch->waits_read || !watch->wants_read) return;
    watch->waits_read = true;
    auto on_readable = [this, weak = std::weak_ptr(watch)](std::error_code error) {
        const auto alive = weak.lock();
        if (!alive || error == asio::error::operation_aborted) return;
        alive->waits_read = false;
        if (!alive->wants_read) return;
        deliver_(alive->watcher, Ready{.readable = true, .ended = static_cast<bool>(error)});
        if (alive->descriptor.is_open()) wait_readable(alive);
    };
    watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, std::move(on_readable));
}

void WaitPoller::want_readable(int descriptor, bool on) {
    const std::shared_ptr<Watch>& watch = watches_.at(descriptor);
    watch->wants_read = on;
    wait_readable(watch);
}

void WaitPoller::want_writable(int descriptor, Watcher&) {
    const std::shared_ptr<Watch>& watch = watches_.at(descriptor);
    if (watch->waits_write) return;
    watch->waits_write = true;
    auto on_writable = [this, weak = std::weak_ptr(watch)](std::error_code error) {
        const auto alive = weak.lock();
        if (!alive || error == asio::error::operation_aborted) return;
        alive->waits_write = false;
        deliver_(alive->watcher, Ready{.writable = true});
    };
    watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                 std::move(on_writable));
}

void WaitPoller::unwatch(int descriptor, Watcher&) {
    const auto at = watches_.find(descriptor);
    if (at == watches_.end()) return;
    at->second->leave();
    watches_.erase(at);
}

}  // namespace mqtt::net
