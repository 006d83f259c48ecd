// One loop's share of the broker: its connections, sessions and subscriptions, and the concepts
// that work on them. Everything in it is touched on its own thread only; what shards have in common
// is Shared. Holds the parts together; what they do is in their own files.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker/admission.hpp"
#include "broker/bridge/bridges.hpp"
#include "broker/counters.hpp"
#include "broker/handovers.hpp"
#include "broker/held_acks.hpp"
#include "broker/interest.hpp"
#include "broker/journal.hpp"
#include "broker/limits.hpp"
#include "broker/lobby.hpp"
#include "broker/log_lines.hpp"
#include "broker/login_office.hpp"
#include "broker/mail.hpp"
#include "broker/memory.hpp"
#include "broker/peers.hpp"
#include "broker/publish.hpp"
#include "broker/retained.hpp"
#include "broker/retained_sweep.hpp"
#include "broker/sessions.hpp"
#include "broker/settings.hpp"
#include "broker/spill.hpp"
#include "broker/subscriptions.hpp"
#include "broker/wills.hpp"
#include "net/loop.hpp"
#include "net/poller.hpp"

namespace asio {
class io_context;
}

namespace mqtt::broker {

class Shard;

// What all shards of a broker see.
struct Shared {
    // Whose readiness and time the loops have, per shard: a simulation's, or null for their own.
    using PollerOf = std::function<net::GuestPoller*(unsigned)>;
    explicit Shared(BrokerConfig config, const PollerOf& poller_of = {}, TimePoint start = {});
    ~Shared();

    unsigned home_of(std::uint64_t client_hash) const {
        return static_cast<unsigned>((client_hash >> 32) % shards.size());
    }
    std::size_t memory_used() const;  // of all threads, as last looked at
    store::WallTime time_of_day() const;
    const Endpoint& endpoint_of(std::size_t listener) const { return endpoints[listener]; }

    // Readers see one or the other while it changes; those that are replaced stay, because connections
    // point at the limits that they were promised.
    const Settings& settings() const { return *current_.load(std::memory_order_acquire); }
    void change(BrokerConfig next);  // throws std::invalid_argument; not from a loop's thread

    // Before the threads start: what the shards have told each other (who wants what, who is in which group)
    // is known to all of them.
    void settle_mail();

private:
    std::vector<std::unique_ptr<const Settings>> generations_;
    std::atomic<const Settings*> current_;

public:
    Admission admission;
    LoginOffice login_office;
    RetainedStore retained;
    std::unique_ptr<store::Writer> writer;        // null: nothing is durable
    std::function<store::WallTime()> wall_clock;  // null: the system's; a simulation has its own
    std::vector<std::unique_ptr<Ring>> rings;     // from a * threads + to b; null on the diagonal
    std::vector<std::unique_ptr<Shard>> shards;
    std::vector<Endpoint>
        endpoints;  // per listener, with its real port; fixed before threads start
    std::atomic<std::size_t> sessions = 0;
    std::atomic<std::uint64_t> clients_connected = 0;
    std::atomic<std::uint64_t> clients_maximum = 0;
    std::atomic<unsigned> running = 0;
    TimePoint started{};
};

class Shard final : private net::Timer {
public:
    Shard(Shared& shared, unsigned index, net::GuestPoller* poller, TimePoint start);
    ~Shard();

    unsigned index() const { return index_; }
    Shared& shared() const { return shared_; }
    const Settings& settings() const { return shared_.settings(); }
    const BrokerConfig& config() const { return shared_.settings().config; }
    net::Loop& loop() { return loop_; }
    TimePoint now() const { return loop_.now(); }
    bool is_turn_full() { return loop_.staged_bytes() >= net::Loop::kTurnBytes; }
    bool is_stopping() const { return stopping_; }

    void run();
    // Any thread: ends all connections, then the loop; what is left at `deadline` is cut.
    void stop(TimePoint deadline);

    // Counts that a limit acted on `who`, and tells now and then.
    void hit(Limit limit, std::string_view who);
    void client_arrived();
    void client_left();
    void connection_closed();
    void send_to(unsigned shard, Peer::Luggage luggage);
    Counters snapshot() const;  // with what open connections have moved so far

private:
    std::unique_ptr<asio::io_context> context_;  // its header is heavy, and this one is everywhere
    net::Loop loop_;
    Shared& shared_;
    const unsigned index_;
    bool stopping_ = false;
    void begin_stop(TimePoint deadline);
    void on_timer(TimePoint now) override;

public:
    LogLines log;
    Counters counters;
    Memory memory;
    Journal journal;
    Spill spill;
    Handovers handovers;
    HeldAcks held_acks;
    RetainedStore& retained;
    RetainedSweep retained_sweep;
    Mail mail;
    Interest interest;
    Subscriptions subscriptions;
    Publisher publisher;
    Wills wills;
    Sessions sessions;
    Lobby lobby;
    Peers peers;
    Bridges bridges;
    std::vector<std::uint8_t> property_scratch;

private:
    LimitTeller teller_{log};
};

}  // namespace mqtt::broker
