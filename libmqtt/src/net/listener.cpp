// Binding and accepting. One Acceptor per bound address; they share the listener's settings.
#include "net/listener.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/token_bucket.hpp"
#include "net/address_range.hpp"
#include "net/listening_socket.hpp"
#include "net/plain_stream.hpp"
#include "net/proxy_stream.hpp"
#include "net/shared_port_stream.hpp"
#include "net/socket.hpp"
#include "net/tls_context.hpp"
#include "net/tls_stream.hpp"
#include "net/ws_stream.hpp"

namespace mqtt::net {

namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr auto kRetryWithoutDescriptors = std::chrono::milliseconds(200);

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
        for (const std::string& peer : options.proxy_peers) {
            if (const auto range = AddressRange::parse(peer)) proxies_.push_back(*range);
        }
        if (options.connections_per_second > 0) gate_.rate.emplace(options.connections_per_second);
        gate_.on_wait = std::move(on_wait);
    }

    ~SocketListener() override {
        if (is_unix(options_.endpoint) && options_.sockets.empty() && !acceptors_.empty())
            ::unlink(options_.endpoint.path.c_str());
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
            if (!is_unix(options_.endpoint)) {
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

    void use_tls(std::unique_ptr<TlsContext> context) override {
        if (uses_tls(options_.endpoint.transport)) tls_ = std::move(context);
    }

private:
    bool is_proxy(const SocketAddress& peer) const {
        if (options_.proxy_version == 0) return false;
        return proxies_.empty() ||
               std::any_of(proxies_.begin(), proxies_.end(),
                           [&](const AddressRange& range) { return range.contains(peer); });
    }

    void accept(UniqueFd socket, const SocketAddress& peer) {
        Accepted accepted;
        accepted.stream = std::make_unique<PlainStream>(socket.release());
        if (is_proxy(peer)) {
            accepted.is_proxied = true;
            accepted.stream = std::make_unique<ProxyStream>(
                std::move(accepted.stream),
                ProxyStream::Rules{options_.proxy_version, options_.proxy_requires_tls});
        }
        if (tls_) accepted.stream = std::make_unique<TlsStream>(std::move(accepted.stream), *tls_);
        if (uses_websocket(options_.endpoint.transport)) {
            accepted.stream = std::make_unique<WsStream>(std::move(accepted.stream), origins_);
        } else if (options_.shares_websocket) {
            accepted.stream =
                std::make_unique<SharedPortStream>(std::move(accepted.stream), origins_);
        }
        accepted.peer_address = peer.text();
        accepted.listener = index_;
        on_accept_(std::move(accepted));
    }

    Loop& loop_;
    ListenOptions options_;
    std::uint32_t index_;
    WsStream::Origins origins_;
    std::vector<AddressRange> proxies_;
    AcceptHandler on_accept_;
    Gate gate_;
    std::unique_ptr<TlsContext> tls_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
};

}  // namespace

Listener::OpenResult Listener::open(Loop& loop, const ListenOptions& options, std::uint32_t index,
                                    AcceptHandler on_accept, WaitHandler on_wait) {
    OpenResult result;
    std::vector<OpenedSocket> opened = open_listening(options, result.message);
    if (opened.empty()) {
        result.error = Error(Errc::network_error);
        return result;
    }
    auto listener = std::make_unique<SocketListener>(loop, options, index, std::move(on_accept),
                                                     std::move(on_wait));
    if (uses_tls(options.endpoint.transport)) {
        TlsContext::Created created = TlsContext::create(options.tls, TlsRole::server);
        result.error = created.error;
        result.message = std::move(created.message);
        if (!created.context) return result;
        listener->use_tls(std::move(created.context));
    }
    for (OpenedSocket& socket : opened)
        listener->add(std::move(socket));
    result.listener = std::move(listener);
    return result;
}

}  // namespace mqtt::net
