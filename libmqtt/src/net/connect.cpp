// The steps of an outgoing connection, one after the other, all under one deadline.
#include "net/connect.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>
#include <asio/this_coro.hpp>

#include "net/connect_error.hpp"
#include "net/connect_race.hpp"
#include "net/drive_handshake.hpp"
#include "net/plain_stream.hpp"
#include "net/resolve.hpp"
#include "net/socks5_stream.hpp"
#include "net/tls_sessions.hpp"
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
        if (!socket || ::connect(socket.get(), address.get(), address.size) != 0)
            error = last_error();
    }
    if (error) return failed(ConnectStep::connect, connect_failure(target.endpoint, {}, error));
    ConnectResult out;
    out.step = ConnectStep::connect;
    out.peer_address = to_url(target.endpoint);
    out.stream = std::make_unique<PlainStream>(socket.release());
    return out;
}

// Where the TCP connection goes: to the broker, or to the proxy that goes there.
Endpoint next_hop(const ConnectTarget& target) {
    if (target.proxy.host.empty()) return target.endpoint;
    return Endpoint{Transport::tcp, target.proxy.host, target.proxy.port, {}};
}

asio::awaitable<ConnectResult> connect_tcp(const ConnectTarget* target) {
    const bool has_proxy = !target->proxy.host.empty();
    const Endpoint hop = next_hop(*target);
    const Resolved resolved = co_await resolve(hop.host, hop.port, target->deadline);
    if (resolved.addresses.empty()) {
        Failure failure = resolve_failure(hop.host, resolved.error, resolved.timed_out);
        co_return failed(has_proxy ? ConnectStep::proxy : ConnectStep::resolve, std::move(failure));
    }
    RaceResult race =
        co_await connect_race(resolved.addresses, target->bind_address, target->deadline);
    if (race.error) {
        Failure failure = connect_failure(hop, race.address.text(), race.error);
        if (has_proxy) failure.message += "; that is the proxy";
        co_return failed(has_proxy ? ConnectStep::proxy : ConnectStep::connect, std::move(failure));
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

// The layers above the socket, as far as the endpoint wants them; the stream of the result owns them.
struct Stack {
    Socks5Stream* proxy = nullptr;
    TlsStream* tls = nullptr;
    WsStream* ws = nullptr;

    bool is_empty() const { return !proxy && !tls && !ws; }
    // The step that was being taken when a handshake ended.
    ConnectStep step() const {
        if (proxy && !proxy->is_handshake_done()) return ConnectStep::proxy;
        if (tls && !tls->is_handshake_done()) return ConnectStep::tls;
        return ws ? ConnectStep::websocket : tls ? ConnectStep::tls : ConnectStep::connect;
    }
};

Failure proxy_failure(const ConnectTarget& target, const Stack& stack, bool timed_out) {
    std::string layer = " through the proxy " + place_of(next_hop(target));
    if (timed_out)
        return layer_failure(target.endpoint, layer, Errc::timed_out, "no answer in time");
    return layer_failure(target.endpoint, layer, Errc::proxy_failed, stack.proxy->failure_text());
}

Failure tls_failure(const ConnectTarget& target, const Stack& stack, bool timed_out) {
    if (timed_out) {
        return layer_failure(target.endpoint, " over TLS", Errc::timed_out,
                             "no answer in time (is this a TLS port?)");
    }
    return layer_failure(target.endpoint, " over TLS", stack.tls->failure(),
                         stack.tls->failure_text());
}

Failure websocket_failure(const ConnectTarget& target, const Stack& stack, const IoResult& result,
                          bool timed_out) {
    std::string why = "the WebSocket upgrade failed: ";
    if (timed_out)
        why += "no answer in time (is this a WebSocket port?)";
    else if (!stack.ws->refusal().empty())
        why += stack.ws->refusal();
    else
        why += result.eof ? "the server closed the connection" : result.error.message();
    const Errc code = timed_out ? Errc::timed_out : Errc::websocket_upgrade_failed;
    return layer_failure(target.endpoint, "", code, why);
}

ConnectResult handshake_failed(const ConnectTarget& target, const Stack& stack,
                               const IoResult& result) {
    const bool timed_out = result.error == std::errc::timed_out;
    Failure failure;
    switch (stack.step()) {
    case ConnectStep::proxy: failure = proxy_failure(target, stack, timed_out); break;
    case ConnectStep::tls: failure = tls_failure(target, stack, timed_out); break;
    default: failure = websocket_failure(target, stack, result, timed_out); break;
    }
    failure.system_error = result.error;
    return failed(stack.step(), std::move(failure));
}

Stack put_layers(const ConnectTarget& target, std::unique_ptr<ByteStream>& stream) {
    Stack stack;
    const Endpoint& endpoint = target.endpoint;
    if (!target.proxy.host.empty() && endpoint.transport != Transport::unix_socket) {
        auto layer = std::make_unique<Socks5Stream>(std::move(stream), target.proxy, endpoint.host,
                                                    endpoint.port);
        stack.proxy = layer.get();
        stream = std::move(layer);
    }
    if (uses_tls(endpoint.transport)) {
        auto layer =
            std::make_unique<TlsStream>(std::move(stream), *target.tls_context, endpoint.host);
        if (target.tls_sessions != nullptr) {
            layer->resume_with(*target.tls_sessions, target.tls);
        }
        stack.tls = layer.get();
        stream = std::move(layer);
    }
    if (uses_websocket(endpoint.transport)) {
        auto layer = std::make_unique<WsStream>(std::move(stream), endpoint, target.websocket);
        stack.ws = layer.get();
        stream = std::move(layer);
    }
    return stack;
}

asio::awaitable<ConnectResult> build_stack(const ConnectTarget* target, ConnectResult below) {
    const Stack stack = put_layers(*target, below.stream);
    if (stack.is_empty()) co_return below;
    ByteStream* const top = below.stream.get();
    const IoResult result = co_await drive_handshake(top, target->deadline);
    if (result.error || result.eof) co_return handshake_failed(*target, stack, result);
    below.step = stack.step();
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
    // Before anything connects: a faulty file is the user's to mend, whatever the network does.
    if (uses_tls(target.endpoint.transport) && !target.tls_context) {
        TlsContext::Created created = TlsContext::create(target.tls, TlsRole::client);
        if (!created.context) {
            Failure failure{created.error, {}, std::move(created.message)};
            co_return failed(ConnectStep::tls, std::move(failure));
        }
        target.tls_context = std::move(created.context);
    }
    const auto executor = co_await asio::this_coro::executor;
    auto& context = asio::query(executor, asio::execution::context);
    if (asio::has_service<TlsSessions>(context)) {
        target.tls_sessions = &asio::use_service<TlsSessions>(context);
    }
    if (target.endpoint.transport == Transport::unix_socket) co_return connect_unix(target);
    const ConnectTarget* const steps = &target;  // lives in this frame, which waits for them
    ConnectResult result = co_await connect_tcp(steps);
    if (result.stream) result = co_await build_stack(steps, std::move(result));
    co_return result;
}

}  // namespace mqtt::net
