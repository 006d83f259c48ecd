// The steps of an outgoing connection, one after the other, all under one deadline.
#include "net/connect.hpp"

#include <netdb.h>

#include <asio/local/stream_protocol.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "net/connect_error.hpp"
#include "net/connect_race.hpp"
#include "net/plain_stream.hpp"
#include "net/resolve.hpp"

namespace mqtt::net {

namespace {

ConnectResult failed(ConnectStep step, Failure failure) {
    ConnectResult out;
    out.step = step;
    out.error = failure.error;
    out.system_error = failure.system_error;
    out.message = std::move(failure.message);
    return out;
}

// A Unix socket connects at once or not at all; EAGAIN means a full backlog.
ConnectResult connect_unix(const ConnectTarget& target) {
    SocketAddress address;
    std::error_code error = make_unix_address(target.endpoint.path, address);
    UniqueFd socket;
    if (!error) {
        socket = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!socket || ::connect(socket.get(), address.get(), address.size) != 0) error = last_error();
    }
    if (error) return failed(ConnectStep::connect, connect_failure(target.endpoint, {}, error));
    ConnectResult out;
    out.step = ConnectStep::connect;
    out.peer_address = to_url(target.endpoint);
    out.stream = std::make_unique<PlainStream>(socket.release());
    return out;
}

asio::awaitable<ConnectResult> connect_tcp(const ConnectTarget* target) {
    const Endpoint& endpoint = target->endpoint;
    const Resolved resolved = co_await resolve(endpoint.host, endpoint.port, target->deadline);
    if (resolved.addresses.empty()) {
        Failure failure = resolve_failure(endpoint.host, resolved.error, resolved.timed_out);
        co_return failed(ConnectStep::resolve, std::move(failure));
    }
    RaceResult race = co_await connect_race(resolved.addresses, target->bind_address, target->deadline);
    if (race.error) {
        Failure failure = connect_failure(endpoint, race.address.text(), race.error);
        co_return failed(ConnectStep::connect, std::move(failure));
    }
    if (target->tcp_no_delay) {
        const int on = 1;
        ::setsockopt(race.socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    ConnectResult out;
    out.step = ConnectStep::connect;
    out.peer_address = race.address.text();
    out.stream = std::make_unique<PlainStream>(race.socket.release());
    co_return out;
}

}  // namespace

ConnectTarget::ConnectTarget(const ConnectOptions& options)
    : endpoint(options.endpoint)
    , tls(options.tls)
    , websocket(options.websocket)
    , proxy(options.proxy)
    , bind_address(options.bind_address)
    , tcp_no_delay(options.tcp_no_delay)
    , deadline(Clock::now() + options.connect_timeout) {}

asio::awaitable<ConnectResult> connect(ConnectTarget target) {
    if (target.endpoint.transport == Transport::unix_socket) co_return connect_unix(target);
    const ConnectTarget* const steps = &target;  // lives in this frame, which waits for them
    ConnectResult result = co_await connect_tcp(steps);
    co_return result;
}

}  // namespace mqtt::net
