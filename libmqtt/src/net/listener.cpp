// Binding and accepting. One Acceptor per bound address; they share the listener's settings.
#include "net/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/token_bucket.hpp"
#include "net/plain_stream.hpp"
#include "net/resolve.hpp"
#include "net/socket.hpp"
#include "net/tls_context.hpp"
#include "net/tls_stream.hpp"
#include "net/ws_stream.hpp"

namespace mqtt::net {

namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr auto kRetryWithoutDescriptors = std::chrono::milliseconds(200);

struct OpenedSocket {
    UniqueFd socket;
    SocketAddress address;
    std::error_code error;
};

bool is_unix(const ListenOptions& options) {
    return options.endpoint.transport == Transport::unix_socket;
}

OpenedSocket open_tcp(SocketAddress address, int backlog) {
    OpenedSocket out;
    out.address = address;
    const int on = 1;
    out.socket =
        UniqueFd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int fd = out.socket.get();
    if (fd < 0) {
        out.error = last_error();
        return out;
    }
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted sockets inherit it: no call per connection.
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (address.family() == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd, address.get(), address.size) != 0 || ::listen(fd, backlog) != 0) {
        out.error = last_error();
        return out;
    }
    out.address.size = sizeof out.address.storage;
    ::getsockname(fd, out.address.get(), &out.address.size);
    return out;
}

// A socket file that nobody listens on is left over from a process that died.
bool is_stale(const SocketAddress& address) {
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    return ::connect(probe.get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
}

OpenedSocket open_unix(const std::string& path, int backlog, unsigned mode) {
    OpenedSocket out;
    out.error = make_unix_address(path, out.address);
    if (out.error) return out;
    out.socket = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int fd = out.socket.get();
    int bound = ::bind(fd, out.address.get(), out.address.size);
    if (bound != 0 && errno == EADDRINUSE && is_stale(out.address)) {
        ::unlink(path.c_str());
        bound = ::bind(fd, out.address.get(), out.address.size);
    }
    if (bound != 0) {
        out.error = last_error();
        return out;
    }
    if (::chmod(path.c_str(), mode) != 0 || ::listen(fd, backlog) != 0) {
        out.error = last_error();
        ::unlink(path.c_str());
    }
    return out;
}

std::string why_not(std::error_code error) {
    if (error == std::errc::address_in_use) {
        return "the address is in use (another program listens there: stop it or choose another "
               "port)";
    }
    if (error == std::errc::permission_denied) {
        return "permission denied (ports below 1024 need privileges, socket paths a writable "
               "directory)";
    }
    if (error == std::errc::address_not_available) return "the address is not one of this machine";
    if (error == std::errc::filename_too_long) {
        return "the path is too long for a socket (107 characters at most)";
    }
    return error.message();
}

// What the acceptors of one listener share.
struct Gate {
    std::optional<base::TokenBucket> rate;
    Listener::WaitHandler on_wait;
};

class Acceptor final : private Watcher, private Timer {
public:
    using Handler = std::function<void(UniqueFd, const SocketAddress&)>;
    Acceptor(Loop& loop, OpenedSocket opened, Gate& gate, Handler handler)
        : loop_(loop)
        , socket_(std::move(opened.socket))
        , address_(opened.address)
        , gate_(gate)
        , handler_(std::move(handler)) {
        loop_.watch(socket_.get(), *this);
    }
    ~Acceptor() { loop_.unwatch(socket_.get(), *this); }

    const SocketAddress& address() const { return address_; }

    void set_paused(bool paused) {
        if (paused_ == paused) return;
        paused_ = paused;
        loop_.want_readable(socket_.get(), *this, !paused);
        if (!paused) loop_.mark_ready(*this);
    }

private:
    void on_ready(Ready) override {
        for (int i = 0; i < kAcceptsPerTurn; ++i) {
            if (paused_ || is_armed()) return;
            if (gate_.rate && gate_.rate->next() > loop_.now()) {
                return wait_until(gate_.rate->next(), Listener::Wait::rate);
            }
            SocketAddress peer;
            UniqueFd socket(
                ::accept4(socket_.get(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (socket) {
                if (gate_.rate) gate_.rate->take(loop_.now());
                handler_(std::move(socket), peer);
            } else if (errno == EAGAIN) {
                return;
            } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                return wait_until(loop_.now() + kRetryWithoutDescriptors,
                                  Listener::Wait::descriptors);
            }
            // Anything else is the fate of one connection (ECONNABORTED, EPROTO ...).
        }
        loop_.mark_ready(*this);
    }

    // Connections stay in the backlog; asking at once would only spin.
    void wait_until(TimePoint due, Listener::Wait reason) {
        loop_.want_readable(socket_.get(), *this, false);
        loop_.set_timer(*this, due);
        if (gate_.on_wait) gate_.on_wait(reason);
    }

    void on_timer(TimePoint) override {
        if (paused_) return;
        loop_.want_readable(socket_.get(), *this, true);
        loop_.mark_ready(*this);
    }

    Loop& loop_;
    UniqueFd socket_;
    SocketAddress address_;
    Gate& gate_;
    Handler handler_;
    bool paused_ = false;
};

class SocketListener final : public Listener {
public:
    SocketListener(Loop& loop, const ListenOptions& options, std::uint32_t index,
                   AcceptHandler on_accept, WaitHandler on_wait)
        : loop_(loop)
        , options_(options)
        , index_(index)
        , origins_(std::make_shared<const std::vector<std::string>>(options.websocket_origins))
        , on_accept_(std::move(on_accept)) {
        if (options.connections_per_second > 0) gate_.rate.emplace(options.connections_per_second);
        gate_.on_wait = std::move(on_wait);
    }

    ~SocketListener() override {
        if (is_unix(options_) && !acceptors_.empty()) ::unlink(options_.endpoint.path.c_str());
    }

    void add(OpenedSocket opened) {
        auto handler = [this](UniqueFd socket, const SocketAddress& peer) {
            accept(std::move(socket), peer);
        };
        acceptors_.push_back(
            std::make_unique<Acceptor>(loop_, std::move(opened), gate_, std::move(handler)));
    }

    std::vector<Endpoint> bound() const override {
        std::vector<Endpoint> out;
        for (const auto& acceptor : acceptors_) {
            Endpoint endpoint = options_.endpoint;
            if (!is_unix(options_)) {
                endpoint.host = acceptor->address().host();
                endpoint.port = acceptor->address().port();
            }
            out.push_back(std::move(endpoint));
        }
        return out;
    }

    void pause() override {
        for (const auto& acceptor : acceptors_)
            acceptor->set_paused(true);
    }
    void resume() override {
        for (const auto& acceptor : acceptors_)
            acceptor->set_paused(false);
    }

    Status reload_tls(const TlsOptions& options, std::string* message) override {
        if (!uses_tls(options_.endpoint.transport)) return {};
        TlsContext::Created created = TlsContext::create(options, TlsRole::server);
        if (message) *message = created.message;
        if (!created.context) return created.error;
        options_.tls = options;
        tls_ = std::move(created.context);
        return {};
    }

private:
    void accept(UniqueFd socket, const SocketAddress& peer) {
        Accepted accepted;
        accepted.stream = std::make_unique<PlainStream>(socket.release());
        if (tls_) accepted.stream = std::make_unique<TlsStream>(std::move(accepted.stream), *tls_);
        if (uses_websocket(options_.endpoint.transport)) {
            accepted.stream = std::make_unique<WsStream>(std::move(accepted.stream), origins_);
        }
        accepted.peer_address = peer.text();
        accepted.listener = index_;
        on_accept_(std::move(accepted));
    }

    Loop& loop_;
    ListenOptions options_;
    std::uint32_t index_;
    WsStream::Origins origins_;
    AcceptHandler on_accept_;
    Gate gate_;
    std::unique_ptr<TlsContext> tls_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
};

// All addresses of one endpoint, with one port also when the kernel chooses it.
std::vector<OpenedSocket> open_all(const ListenOptions& options, std::string& message) {
    std::vector<OpenedSocket> out;
    const Endpoint& endpoint = options.endpoint;
    const auto refuse = [&](const std::string& place, const std::string& why) {
        message = "cannot listen on " + place + ": " + why;
        out.clear();
    };
    if (is_unix(options)) {
        out.push_back(open_unix(endpoint.path, options.backlog, options.unix_mode));
        if (out[0].error) refuse(to_url(endpoint), why_not(out[0].error));
        return out;
    }
    Resolved resolved = resolve_now(endpoint.host, endpoint.port);
    if (resolved.addresses.empty()) refuse(endpoint.host, "no such host name or address");
    for (SocketAddress& address : resolved.addresses) {
        if (!out.empty()) address.set_port(out[0].address.port());
        OpenedSocket opened = open_tcp(address, options.backlog);
        // A machine without IPv6 has the address family, or at least "::1", missing.
        const bool lacks_family = opened.error == std::errc::address_family_not_supported ||
                                  opened.error == std::errc::address_not_available;
        if (lacks_family && resolved.addresses.size() > 1) continue;
        if (opened.error) {
            refuse(address.text(), why_not(opened.error));
            return out;
        }
        out.push_back(std::move(opened));
    }
    if (out.empty() && message.empty())
        refuse(endpoint.host, "the address is not one of this machine");
    return out;
}

}  // namespace

Listener::OpenResult Listener::open(Loop& loop, const ListenOptions& options, std::uint32_t index,
                                    AcceptHandler on_accept, WaitHandler on_wait) {
    OpenResult result;
    std::vector<OpenedSocket> opened = open_all(options, result.message);
    // Another program may have the port that the kernel chose for the first family: choose again.
    for (int i = 0; i < 8 && opened.empty() && options.endpoint.port == 0; ++i) {
        result.message.clear();
        opened = open_all(options, result.message);
    }
    if (opened.empty()) {
        result.error = Error(Errc::network_error);
        return result;
    }
    auto listener = std::make_unique<SocketListener>(loop, options, index, std::move(on_accept),
                                                     std::move(on_wait));
    if (const Status status = listener->reload_tls(options.tls, &result.message); !status) {
        result.error = status.error();
        return result;
    }
    for (OpenedSocket& socket : opened)
        listener->add(std::move(socket));
    result.listener = std::move(listener);
    return result;
}

}  // namespace mqtt::net
