// The public face: configuration in, listeners opened, one thread per shard.
#include "mqtt/broker.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "broker/http/server.hpp"
#include "broker/restore.hpp"
#include "broker/shard.hpp"
#include "broker/stats.hpp"
#include "broker/store/control.hpp"
#include "broker/store/open.hpp"
#include "broker/sys_topics.hpp"
#include "mqtt/store.hpp"
#include "net/listener.hpp"
#include "net/tls_context.hpp"

namespace mqtt {

struct Broker::Impl {
    explicit Impl(BrokerConfig config) : shared(std::move(config)) {}

    Status open_store();
    net::Listener::AcceptHandler acceptor_of(const ListenerConfig& config);
    std::string prepare_http(std::size_t listener, net::ListenOptions& options);
    void fail(std::size_t listener, std::string why);
    Status open_listeners();
    void start_threads();
    void open_bridges();
    void change_bridges();
    Status change(BrokerConfig next, std::string* message);
    void close_listeners();
    void close_store();
    void open_control();
    void tell_store(const broker::store::Fault& fault);

    broker::Shared shared;
    std::unique_ptr<broker::store::Control> control;  // while there is a store
    std::vector<std::unique_ptr<net::Listener>> listeners;
    std::unique_ptr<broker::SysTopics> sys_topics;
    std::unique_ptr<broker::http::Server> http;  // null until a listener wants it
    std::vector<std::thread> threads;
    std::vector<Bound> bound;
    std::string start_error;
    std::size_t failed_listener = ~std::size_t{0};  // none
    BrokerStats last_stats;
    bool is_running = false;
};

// What was kept is there before anybody is let in.
Status Broker::Impl::open_store() {
    const BrokerConfig& config = shared.settings().config;
    if (config.persistence == Persistence::off) return {};
    const bool is_strict = config.persistence == Persistence::strict;
    broker::store::Fault fault;
    auto backend = broker::store::open(
        config.store_file,
        is_strict ? broker::store::Durability::machine : broker::store::Durability::process, fault);
    if (!fault) {
        shared.writer = std::make_unique<broker::store::Writer>(
            std::move(backend), config.threads,
            [this](const broker::store::Fault& now) { tell_store(now); });
        for (const auto& shard : shared.shards)
            shard->journal.connect(*shared.writer, is_strict);
        fault = broker::restore(shared, shared.writer->backend(), Clock::now());
    }
    if (fault) {
        start_error = fault.text;
        return Error(Errc::invalid_argument, "the store cannot be used");
    }
    shared.writer->start();
    open_control();
    return {};
}

// The store works without it.
void Broker::Impl::open_control() {
    const BrokerConfig& config = shared.settings().config;
    control = std::make_unique<broker::store::Control>(*shared.writer);
    const std::string why = control->start(store_control_path(config.store_file));
    if (!why.empty() && config.log) {
        config.log(LogLevel::warning, "no control socket for the store: " + why);
    }
}

// On the writer's thread.
void Broker::Impl::tell_store(const broker::store::Fault& fault) {
    const BrokerConfig& config = shared.settings().config;
    if (!config.log) return;
    const std::string text =
        fault ? "Error: " + fault.text +
                    ". What would have to be stored is refused until it can be written again."
              : std::string("The store can be written again.");
    config.log(fault ? LogLevel::error : LogLevel::info, text);
}

void Broker::Impl::close_store() {
    if (!shared.writer) return;
    shared.writer->stop();  // first: who waits for a copy is told
    control.reset();
    shared.writer.reset();
}

// Who takes the connections of a listener.
net::Listener::AcceptHandler Broker::Impl::acceptor_of(const ListenerConfig& config) {
    broker::Shard& first = *shared.shards.front();
    if (!config.serves_http && config.http_folder.empty()) {
        return [&first](net::Accepted accepted) { first.lobby.admit(std::move(accepted)); };
    }
    return [this](net::Accepted accepted) { http->admit(std::move(accepted)); };
}

// What a listener for HTTP needs before it opens. On one for WebSocket with files, the requests are read
// before it is known which become a WebSocket. A sentence when something is wrong.
std::string Broker::Impl::prepare_http(std::size_t listener, net::ListenOptions& options) {
    const ListenerConfig& config = shared.settings().config.listeners[listener];
    if (!config.serves_http && config.http_folder.empty()) return {};
    const Transport transport = config.endpoint.transport;
    if (transport == Transport::websocket) options.endpoint.transport = Transport::tcp;
    if (transport == Transport::secure_websocket) options.endpoint.transport = Transport::tls;
    if (!http) http = std::make_unique<broker::http::Server>(*shared.shards.front());
    if (config.serves_http) {
        shared.shards.front()->loop().post([this] { http->tell_figures(); });
    }
    return http->open_files(listener);
}

void Broker::Impl::fail(std::size_t listener, std::string why) {
    start_error = std::move(why);
    failed_listener = listener;
    listeners.clear();
    bound.clear();
}

Status Broker::Impl::open_listeners() {
    broker::Shard& first = *shared.shards.front();
    for (std::size_t i = 0; i < shared.settings().config.listeners.size(); ++i) {
        const ListenerConfig& config = shared.settings().config.listeners[i];
        net::ListenOptions options;
        options.endpoint = config.endpoint;
        options.tls = config.tls;
        options.websocket_origins = config.websocket_origins;
        options.unix_mode = config.unix_mode;
        options.shares_websocket = config.shares_websocket;
        options.interface = config.interface;
        options.sockets = config.sockets;
        options.proxy_version = static_cast<int>(config.proxy_header);
        options.proxy_peers = config.proxy_peers;
        options.proxy_requires_tls = config.proxy_requires_tls;
        options.connections_per_second = shared.settings().config.maximum_connect_rate;
        if (std::string why = prepare_http(i, options); !why.empty()) {
            fail(i, std::move(why));
            return Error(Errc::invalid_argument, "the folder cannot be opened");
        }
        net::Listener::OpenResult opened = net::Listener::open(
            first.loop(), options, static_cast<std::uint32_t>(i), acceptor_of(config),
            [&first, i](net::Listener::Wait why) { first.lobby.accepting_waits(i, why); });
        if (!opened.listener) {
            fail(i, opened.message);
            return opened.error;
        }
        for (Endpoint& endpoint : opened.listener->bound()) {
            shared.endpoints[i].port = endpoint.port;
            endpoint.transport = config.endpoint.transport;
            bound.push_back({i, std::move(endpoint), config.serves_http});
        }
        listeners.push_back(std::move(opened.listener));
    }
    return {};
}

void Broker::Impl::start_threads() {
    shared.started = Clock::now();
    shared.login_office.start();
    open_bridges();
    for (const auto& shard : shared.shards) {
        threads.emplace_back([&shard] { shard->run(); });
    }
    sys_topics = std::make_unique<broker::SysTopics>(*shared.shards.front());
    shared.shards.front()->loop().post([this] { sys_topics->start(); });
}

// The first message of the first client is theirs already.
void Broker::Impl::open_bridges() {
    for (const auto& shard : shared.shards) {
        shard->bridges.open(shared.settings().config.bridges);
        shard->loop().post([&shard] { shard->bridges.start(); });
    }
    shared.settle_mail();
}

// Settings are kept as long as the shards.
void Broker::Impl::change_bridges() {
    const std::vector<BridgeConfig>& all = shared.settings().config.bridges;
    for (const auto& shard : shared.shards)
        shard->loop().post([&shard, &all] { shard->bridges.change(all); });
}

// On their own loop, and waited for: nothing is accepted after this.
void Broker::Impl::close_listeners() {
    broker::ask(*shared.shards.front(), [this](broker::Shard&) {
        listeners.clear();
        http.reset();
        sys_topics.reset();
    });
}

Broker::Broker(BrokerConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}

Broker::~Broker() {
    stop(std::chrono::milliseconds(0));
}

Status Broker::start() {
    if (impl_->is_running) return Error(Errc::invalid_argument, "the broker is running already");
    if (const Status status = impl_->open_store(); !status) return status;
    if (const Status status = impl_->open_listeners(); !status) {
        impl_->close_store();
        return status;
    }
    impl_->start_threads();
    impl_->is_running = true;
    return {};
}

const std::string& Broker::start_error() const {
    return impl_->start_error;
}

std::size_t Broker::failed_listener() const {
    return impl_->failed_listener;
}

std::size_t Broker::connection_limit() const {
    return impl_->shared.settings().connection_limit;
}

const std::vector<Broker::Bound>& Broker::bound() const {
    return impl_->bound;
}

void Broker::stop(std::chrono::milliseconds deadline) {
    if (!impl_->is_running) return;
    impl_->is_running = false;
    impl_->last_stats = broker::collect_stats(impl_->shared);
    impl_->close_listeners();
    const TimePoint end = Clock::now() + deadline;
    for (const auto& shard : impl_->shared.shards)
        shard->stop(end);
    for (std::thread& thread : impl_->threads)
        thread.join();
    impl_->threads.clear();
    impl_->close_store();
    impl_->shared.login_office.stop();
    impl_->bound.clear();
}

Status Broker::Impl::change(BrokerConfig next, std::string* message) {
    try {
        shared.change(std::move(next));
        return {};
    } catch (const std::invalid_argument& contradiction) {
        if (message) *message = contradiction.what();
        return Error(Errc::invalid_argument, "the configuration contradicts itself");
    }
}

Status Broker::change_limits(const BrokerConfig& next, std::string* message) {
    if (broker::has_limits_of(config(), next)) return {};
    return impl_->change(broker::with_limits_of(config(), next), message);
}

Status Broker::change_bridges(std::vector<BridgeConfig> bridges, std::string* message) {
    Status changed;
    if (!broker::has_bridges(config(), bridges)) {
        BrokerConfig next = config();
        next.bridges = std::move(bridges);
        changed = impl_->change(std::move(next), message);
    }
    if (changed && impl_->is_running) impl_->change_bridges();
    return changed;
}

void Broker::use_tls(std::vector<ListenerTls> loaded) {
    broker::ask(*impl_->shared.shards.front(), [&](broker::Shard&) {
        for (std::size_t i = 0; i < std::min(loaded.size(), impl_->listeners.size()); ++i) {
            if (loaded[i]) impl_->listeners[i]->use_tls(std::move(loaded[i].context_));
        }
    });
}

void Broker::forget_logins() {
    impl_->shared.login_office.forget();
}

void Broker::publish(std::string topic, std::string payload) {
    broker::Shard& shard = *impl_->shared.shards.front();
    shard.loop().post([&shard, topic = std::move(topic), payload = std::move(payload)] {
        broker::Publication publication;
        publication.topic = topic;
        publication.payload = as_bytes(payload);
        shard.publisher.publish(publication);
    });
}

BrokerStats Broker::stats() const {
    return impl_->is_running ? broker::collect_stats(impl_->shared) : impl_->last_stats;
}

const BrokerConfig& Broker::config() const {
    return impl_->shared.settings().config;
}

ListenerTls::ListenerTls() = default;
ListenerTls::~ListenerTls() = default;
ListenerTls::ListenerTls(ListenerTls&&) noexcept = default;
ListenerTls& ListenerTls::operator=(ListenerTls&&) noexcept = default;

ListenerTls ListenerTls::load(const TlsOptions& options, std::string* message) {
    net::TlsContext::Created created = net::TlsContext::create(options, net::TlsRole::server);
    if (message) *message = std::move(created.message);
    ListenerTls loaded;
    loaded.context_ = std::move(created.context);
    return loaded;
}

}  // namespace mqtt
