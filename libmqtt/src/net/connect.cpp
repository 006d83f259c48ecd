// The steps of an outgoing connection, one after the other, all under one deadline.
#include "net/connect.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "net/connect_error.hpp"
#include "net/connect_race.hpp"
#include "net/drive_handshake.hpp"
#include "net/plain_stream.hpp"
#include "net/resolve.hpp"
#include "net/tls_stream.hpp"
#include "net/ws_stream.hpp"

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

// Which part of the stack was being built when a handshake ended, and what it says.
Failure handshake_failure(const ConnectTarget& target, const TlsStream* tls, const WsStream* ws,
                          const IoResult& result) {
    const bool timed_out = result.error == std::errc::timed_out;
    Failure failure;
    if (tls && !tls->is_handshake_done()) {
        const std::string why = timed_out ? "no answer in time (is this a TLS port?)" : tls->failure_text();
        failure = layer_failure(target.endpoint, " over TLS", timed_out ? Errc::timed_out : tls->failure(), why);
    } else {
        std::string why = "the WebSocket upgrade failed: ";
        if (timed_out) why += "no answer in time (is this a WebSocket port?)";
        else if (ws && !ws->refusal().empty()) why += ws->refusal();
        else why += result.eof ? "the server closed the connection" : result.error.message();
        const Errc code = timed_out ? Errc::timed_out : Errc::websocket_upgrade_failed;
        failure = layer_failure(target.endpoint, "", code, why);
    }
    failure.system_error = result.error;
    return failure;
}

// TLS and WebSocket on top of a connected stream.
asio::awaitable<ConnectResult> build_stack(const ConnectTarget* target, ConnectResult below) {
    const Transport transport = target->endpoint.transport;
    if (!uses_tls(transport) && !uses_websocket(transport)) co_return below;
    TlsStream* tls = nullptr;
    WsStream* ws = nullptr;
    if (uses_tls(transport)) {
        std::shared_ptr<TlsContext> context = target->tls_context;
        if (!context) {
            TlsContext::Created created = TlsContext::create(target->tls, TlsRole::client);
            if (!created.context) {
                co_return failed(ConnectStep::tls, Failure{created.error, {}, std::move(created.message)});
            }
            context = std::move(created.context);
        }
        auto stream = std::make_unique<TlsStream>(std::move(below.stream), *context, target->endpoint.host);
        tls = stream.get();
        below.stream = std::move(stream);
    }
    if (uses_websocket(transport)) {
        auto stream = std::make_unique<WsStream>(std::move(below.stream), target->endpoint, target->websocket);
        ws = stream.get();
        below.stream = std::move(stream);
    }
    ByteStream* const top = below.stream.get();
    const IoResult result = co_await drive_handshake(top, target->deadline);
    if (result.error || result.eof) {
        const bool is_tls = tls && !tls->is_handshake_done();
        co_return failed(is_tls ? ConnectStep::tls : ConnectStep::websocket,
                         handshake_failure(*target, tls, ws, result));
    }
    below.step = ws ? ConnectStep::websocket : tls ? ConnectStep::tls : below.step;
    co_return below;
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
    if (result.stream) result = co_await build_stack(steps, std::move(result));
    co_return result;
}

}  // namespace mqtt::net
