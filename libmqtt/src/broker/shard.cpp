// A shard's beginning and end, and what it tells the others.
#include "broker/shard.hpp"

#include <asio/io_context.hpp>

namespace mqtt::broker {
namespace {

// One ring for each direction of each pair.
void connect_shards(Shared& shared) {
    const BrokerConfig& config = shared.settings().config;
    const unsigned count = config.threads;
    for (unsigned from = 0; from < count; ++from) {
        for (unsigned to = 0; to < count; ++to) {
            shared.rings.push_back(from == to ? nullptr
                                              : std::make_unique<Ring>(config.ring_bytes));
        }
    }
    for (unsigned shard = 0; shard < count; ++shard) {
        std::vector<Ring*> out;
        std::vector<Ring*> in;
        for (unsigned other = 0; other < count; ++other) {
            out.push_back(shared.rings[shard * count + other].get());
            in.push_back(shared.rings[other * count + shard].get());
        }
        shared.shards[shard]->mail.connect(std::move(out), std::move(in));
    }
}

}  // namespace

Shared::Shared(BrokerConfig config, const PollerOf& poller_of, TimePoint start)
    : current_(generations_.emplace_back(std::make_unique<const Settings>(std::move(config))).get())
    , admission(*this)
    , login_office(settings().config)
    , retained(settings().config.threads, settings().config.maximum_retained_messages) {
    for (const ListenerConfig& listener : settings().config.listeners) {
        endpoints.push_back(listener.endpoint);
    }
    for (unsigned i = 0; i < settings().config.threads; ++i) {
        net::GuestPoller* poller = poller_of ? poller_of(i) : nullptr;
        shards.push_back(std::make_unique<Shard>(*this, i, poller, start));
    }
    connect_shards(*this);
}

Shared::~Shared() = default;

void Shared::change(BrokerConfig next) {
    generations_.push_back(std::make_unique<const Settings>(std::move(next)));
    const Settings* now = generations_.back().get();
    current_.store(now, std::memory_order_release);
    for (const auto& shard : shards)
        shard->loop().post([&shard, now] { shard->log.change(now->config); });
}

void Shared::settle_mail() {
    bool is_quiet = shards.size() == 1;
    while (!is_quiet) {
        for (const auto& shard : shards)
            shard->mail.give();
        is_quiet = true;
        for (const auto& shard : shards)
            is_quiet = !shard->mail.take() && is_quiet;
    }
}

std::size_t Shared::memory_used() const {
    std::ptrdiff_t sum = 0;
    for (const auto& shard : shards)
        sum += shard->memory.used();
    return sum < 0 ? 0 : static_cast<std::size_t>(sum);
}

store::WallTime Shared::time_of_day() const {
    if (wall_clock) return wall_clock();
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

Shard::Shard(Shared& shared, unsigned index, net::GuestPoller* poller, TimePoint start)
    : context_(std::make_unique<asio::io_context>(1))
    , loop_(poller != nullptr ? net::Loop(*context_, *poller, start)
                              : net::Loop(*context_, net::Loop::Readiness::own_epoll))
    , shared_(shared)
    , index_(index)
    , log(shared.settings().config)
    , memory(*this)
    , journal(*this)
    , spill(*this)
    , handovers(*this)
    , held_acks(*this)
    , retained(shared.retained)
    , retained_sweep(*this)
    , mail(*this)
    , interest(*this)
    , subscriptions(*this)
    , publisher(*this)
    , wills(*this)
    , sessions(*this)
    , lobby(*this)
    , peers(*this)
    , bridges(*this) {}

Shard::~Shard() = default;

void Shard::run() {
    loop_.run();
    // A connection may have come from a log-in in the very turn that ended the loop.
    for (Peer* peer : peers.all())
        peer->abort("the broker is shutting down");
    bridges.abort();
    journal.leave();
}

void Shard::stop(TimePoint deadline) {
    loop_.post([this, deadline] { begin_stop(deadline); });
}

void Shard::begin_stop(TimePoint deadline) {
    stopping_ = true;
    loop_.set_timer(*this, deadline);
    bridges.stop();
    for (Peer* peer : peers.all()) {
        peer->disconnect(ReasonCode::server_shutting_down, "the broker is shutting down");
    }
    connection_closed();
}

void Shard::on_timer(TimePoint) {
    for (Peer* peer : peers.all())
        peer->abort("the broker is shutting down");
    loop_.stop();
}

void Shard::connection_closed() {
    if (stopping_ && peers.count() == 0 && bridges.are_closed()) loop_.stop();
}

void Shard::hit(Limit limit, std::string_view who) {
    ++counters.limits[limit];
    teller_.tell(limit, who, now());
}

void Shard::client_arrived() {
    ++counters.clients_connected;
    ++counters.connects;
    const std::uint64_t now = shared_.clients_connected.fetch_add(1, std::memory_order_relaxed) + 1;
    std::uint64_t most = shared_.clients_maximum.load(std::memory_order_relaxed);
    while (most < now &&
           !shared_.clients_maximum.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
    }
}

void Shard::client_left() {
    --counters.clients_connected;
    shared_.clients_connected.fetch_sub(1, std::memory_order_relaxed);
}

void Shard::send_to(unsigned shard, Peer::Luggage luggage) {
    Shard& home = *shared_.shards[shard];
    auto moved = std::make_shared<Peer::Luggage>(std::move(luggage));
    home.loop_.post([&home, moved] { home.lobby.receive(std::move(*moved)); });
}

Counters Shard::snapshot() const {
    Counters sum = counters;
    peers.for_each([&](Peer& peer) {
        sum.bytes_received += peer.driver().bytes_received();
        sum.bytes_sent += peer.driver().bytes_sent();
        sum.output_bytes += peer.driver().backlog_bytes();
        sum.output_packets += peer.waiting_packets();
    });
    return sum;
}

}  // namespace mqtt::broker
