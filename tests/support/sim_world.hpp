// Many clients and a broker of several shards on fake time and in memory, moved step by step by a seeded
// scheduler: turns in any order, bytes in any portions, cuts, stalls, take-overs, expiry, memory that is short, a
// disk that fails, a broker that dies and comes back. The referee looks at everything that arrives. One
// thread; the same seed gives the same run.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "broker/shard.hpp"
#include "core/client_protocol.hpp"
#include "support/sim_link.hpp"
#include "support/sim_referee.hpp"
#include "support/sim_store.hpp"

namespace mqtt::sim {

class World;

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }
    bool one_in(std::size_t n) { return below(n) == 0; }

private:
    std::mt19937_64 engine_;
};

// A client that uses the real protocol object, over a simulated link.
class Client final : private core::ClientSink {
public:
    Client(World& world, int number);

    void act();     // something random
    void read();    // what has arrived, in a random portion
    void settle();  // towards rest: connects, reads and acknowledges everything
    void connect(bool clean);
    void subscribe(std::string_view filter, QoS qos);
    bool is_online() const { return protocol_ && protocol_->is_connected() && !is_leaving_; }
    bool is_at_rest() const;
    std::string state() const;  // in words, for complaints
    void keep_alive();
    const std::shared_ptr<Link>& link() const { return link_; }
    std::map<std::string, int> retained;  // what came with RETAIN

private:
    friend class World;
    void broker_died();
    // MQTT_SIM_TRACE=NUMBER shows what this client does and sees.
    void trace(const std::string& what) const;
    void publish();
    void unsubscribe();
    void acknowledge_some(bool all);
    void disconnect();
    void cut();
    void lost();
    void flush();
    std::string random_filter();
    void expect_present(const Connack& connack) const;

    // core::ClientSink
    void on_connack(const Connack& connack) override;
    void on_suback(const Suback& suback) override;
    void on_unsuback(const Unsuback& unsuback) override;
    void on_disconnect(const Disconnect&) override {}
    void on_session_lost(core::Inflight& unfinished) override;
    core::AckDecision on_publish(const Publish& publish) override;
    void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) override;
    void on_send_quota() override {}
    void on_auth(const Auth&) override {}
    void on_protocol_error(const Error& error) override;

    World& world_;
    const int number_;
    const std::string id_;
    const ProtocolVersion version_;
    const std::uint32_t expiry_;  // seconds; of 3.1.1: 0 or for ever
    const bool is_calm_;          // neither cut nor stalled: the watcher
    std::shared_ptr<Link> link_;
    core::Session session_;
    base::OutBuffer out_;
    std::unique_ptr<core::ClientProtocol> protocol_;
    std::string tail_;
    struct Owed {  // an acknowledgement held back
        PacketId id;
        int message;
    };
    std::vector<Owed> owed_;
    std::map<PacketId, std::size_t> subscribing_;
    std::map<PacketId, std::string> unsubscribing_;
    std::set<int> unfinished_;  // QoS 1 and 2 messages on their way
    int will_ = -1;
    bool is_empty_handed_ = false;  // a clean CONNECT has no answer yet
    bool is_clean_ = false;         // of the CONNECT under way
    bool is_leaving_ = false;       // DISCONNECT is sent
    bool was_accepted_ = false;     // this connection got its CONNACK
    Step stalled_until_ = 0;
    // What the model knows of the session at the broker.
    enum class Kept { no, yes, perhaps } kept_ = Kept::no;
    TimePoint gone_since_{};  // when the connection ended for the client
};

struct WorldOptions {
    std::uint64_t seed = 1;
    unsigned shards = 1;
    int clients = 12;
    bool squeezes = false;  // now and then memory is short, and the broker refuses what is new
    // With `strict` the broker dies now and then; in both the disk fails.
    Persistence persistence = Persistence::off;
    bool spills = false;  // queues beyond some messages are on the disk only
};

class World {
public:
    explicit World(const WorldOptions& options);
    ~World();
    void step();
    void run(std::uint64_t steps);
    // No new messages; everything under way arrives; then the referee's last questions.
    void finish();
    std::uint64_t deliveries() const { return referee.deliveries(); }
    // How often memory was short, or over its limit, or something refused because the store failed.
    std::uint64_t hits(Limit limit) const;
    std::uint64_t store_failures() const { return store_ ? store_->failures() : 0; }
    std::uint64_t crashes() const { return crashes_; }

    Random random;
    Referee referee;
    TimePoint now;

private:
    friend class Client;
    void start_broker(unsigned shards);
    void crash();
    // What is in order may be refused.
    bool may_refuse() const { return options_.squeezes || store_; }
    std::uint64_t hits_of_now(Limit limit) const;
    void turn(std::size_t shard);
    void turn_all();
    void travel(Link& link, std::size_t bytes);
    void travel_some();
    std::shared_ptr<Link> open_link();
    void come_to_rest();
    void squeeze(bool on);

    const WorldOptions options_;
    std::unique_ptr<Store> store_;  // null: nothing is durable
    Links links_;
    std::vector<std::unique_ptr<SimPoller>> pollers_;
    std::unique_ptr<broker::Shared> broker_;
    std::vector<std::unique_ptr<Client>> clients_;
    int next_descriptor_ = 1;
    std::uint64_t steps_ = 0;  // so far
    bool is_squeezed_ = false;
    Step next_squeeze_ = 1'000;
    std::uint64_t crashes_ = 0;
    std::uint64_t past_hits_[kLimits] = {};  // of brokers that died
};

}  // namespace mqtt::sim
