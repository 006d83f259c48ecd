// Wait, step, wait: until the handshake says that it is done or has failed.
#include "net/drive_handshake.hpp"

#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>

namespace mqtt::net {

namespace {

struct Waiting {
    Waiting(const asio::any_io_executor& executor, int fd)
        : descriptor(executor, fd)
        , timer(executor) {}
    // The stream owns the descriptor.
    ~Waiting() { descriptor.release(); }

    asio::posix::stream_descriptor descriptor;
    asio::steady_timer timer;
    bool is_expired = false;
};

void end_at(const std::shared_ptr<Waiting>& waiting, TimePoint deadline) {
    waiting->timer.expires_at(deadline);
    waiting->timer.async_wait([weak = std::weak_ptr(waiting)](std::error_code error) {
        const auto alive = weak.lock();
        if (!alive || error) return;
        alive->is_expired = true;
        alive->descriptor.cancel();
    });
}

}  // namespace

asio::awaitable<IoResult> drive_handshake(ByteStream* stream, TimePoint deadline) {
    IoResult result = stream->handshake();
    if (!result.want_read && !result.want_write) co_return result;
    const auto waiting =
        std::make_shared<Waiting>(co_await asio::this_coro::executor, stream->descriptor());
    end_at(waiting, deadline);
    while ((result.want_read || result.want_write) && !waiting->is_expired) {
        const auto kind = result.want_write ? asio::posix::stream_descriptor::wait_write
                                            : asio::posix::stream_descriptor::wait_read;
        std::error_code error;
        co_await waiting->descriptor.async_wait(kind,
                                                asio::redirect_error(asio::use_awaitable, error));
        result = stream->handshake();
    }
    if (result.want_read || result.want_write) {
        result = {};
        result.error = std::make_error_code(std::errc::timed_out);
    }
    co_return result;
}

}  // namespace mqtt::net
