// ConnectionLoop and ClientSession: the loop and the session of src/net and src/core behind public
// faces that name neither.
#include <asio/io_context.hpp>

#include "core/session.hpp"
#include "mqtt/connection.hpp"
#include "net/loop.hpp"

namespace mqtt {

struct ConnectionLoop::Impl {
    std::unique_ptr<asio::io_context> own_context;
    std::unique_ptr<net::Loop> own_loop;
    net::Loop* loop = nullptr;
    bool runs_context = false;  // the context's owner drives it, not the loop
};

ConnectionLoop::ConnectionLoop() : impl_(std::make_unique<Impl>()) {
    impl_->own_context = std::make_unique<asio::io_context>(1);
    impl_->own_loop =
        std::make_unique<net::Loop>(*impl_->own_context, net::Loop::Readiness::own_epoll);
    impl_->loop = impl_->own_loop.get();
}

ConnectionLoop::ConnectionLoop(asio::io_context& context) : impl_(std::make_unique<Impl>()) {
    impl_->own_loop = std::make_unique<net::Loop>(context, net::Loop::Readiness::async_wait);
    impl_->loop = impl_->own_loop.get();
    impl_->runs_context = true;
}

ConnectionLoop::ConnectionLoop(net::Loop& loop) : impl_(std::make_unique<Impl>()) {
    impl_->loop = &loop;
}

ConnectionLoop::~ConnectionLoop() = default;

void ConnectionLoop::run() {
    if (!impl_->runs_context) return impl_->loop->run();
    context().restart();
    context().run();
}

void ConnectionLoop::run_until(TimePoint deadline) {
    if (!impl_->runs_context) return impl_->loop->run_until(deadline);
    context().restart();
    context().poll();
    context().run_until(deadline);
}

void ConnectionLoop::stop() {
    if (impl_->runs_context) return context().stop();
    impl_->loop->stop();
}

void ConnectionLoop::post(std::function<void()> task) {
    impl_->loop->post(std::move(task));
}

TimePoint ConnectionLoop::now() const {
    return impl_->loop->now();
}

asio::io_context& ConnectionLoop::context() {
    return impl_->loop->context();
}

net::Loop& ConnectionLoop::loop() {
    return *impl_->loop;
}

ClientSession::ClientSession() : state_(std::make_unique<core::Session>()) {}
ClientSession::~ClientSession() = default;
ClientSession::ClientSession(ClientSession&&) noexcept = default;
ClientSession& ClientSession::operator=(ClientSession&&) noexcept = default;

void ClientSession::clear() {
    state_->clear();
}

std::size_t ClientSession::outgoing_count() const {
    return state_->outgoing.count();
}

}  // namespace mqtt
