// The scheduler.
#include "support/sim_world.hpp"

#include "base/pool.hpp"

namespace mqtt::sim {
namespace {

constexpr TimePoint kStart{std::chrono::hours(1'000)};

BrokerConfig config_of(unsigned shards) {
    BrokerConfig config;
    config.listeners.emplace_back();
    config.threads = shards;
    config.sys_interval = std::chrono::seconds(0);
    config.connect_timeout = std::chrono::milliseconds(500);  // runs out for some
    config.maximum_queued_messages = 0;
    config.maximum_queued_bytes = 0;
    config.ring_bytes = 4'096;  // small, so that it fills
    return config;
}

}  // namespace

World::World(const WorldOptions& options)
    : random(options.seed)
    , referee(static_cast<std::size_t>(options.clients))
    , now(kStart)
    , options_(options) {
    if (options.persistence != Persistence::off)
        store_ = std::make_unique<Store>(options.persistence == Persistence::strict);
    start_broker(options.shards);
    for (int i = 0; i < options.clients; ++i)
        clients_.push_back(std::make_unique<Client>(*this, i));
    // The watcher sees every will.
    Client& watcher = *clients_.front();
    const auto go_on = [&] {
        turn_all();
        travel(*watcher.link(), ~std::size_t{0});
        watcher.read();
    };
    watcher.connect(false);
    while (!watcher.is_online())
        go_on();
    watcher.subscribe("w/#", QoS::at_least_once);
    while (!watcher.subscribing_.empty())
        go_on();
}

World::~World() {
    if (broker_) {
        for (const auto& shard : broker_->shards)
            shard->journal.leave();
        broker_->writer.reset();
    }
    broker_.reset();
}

void World::start_broker(unsigned shards) {
    pollers_.clear();
    for (unsigned i = 0; i < shards; ++i)
        pollers_.push_back(std::make_unique<SimPoller>(links_));
    BrokerConfig config = config_of(shards);
    if (store_) store_->configure(config);
    if (options_.spills) config.queue_memory = 2'000;
    broker_ = std::make_unique<broker::Shared>(
        std::move(config), [this](unsigned i) { return pollers_[i].get(); }, now);
    broker_->wall_clock = [this] {
        const auto since = now - kStart;
        return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    };
    if (store_) store_->open(*broker_, now);
}

std::shared_ptr<Link> World::open_link() {
    auto link = std::make_shared<Link>();
    link->descriptor = next_descriptor_++;
    links_[link->descriptor] = link;
    net::Accepted accepted;
    accepted.stream = std::make_unique<Stream>(link);
    accepted.peer_address = "sim:" + std::to_string(link->descriptor);
    broker_->shards.front()->lobby.admit(std::move(accepted));
    return link;
}

void World::turn(std::size_t shard) {
    broker_->shards[shard]->loop().run_turn(now);
}

void World::turn_all() {
    for (std::size_t i = 0; i < pollers_.size(); ++i)
        turn(i);
    if (store_) store_->commit(*broker_);
}

void World::travel(Link& link, std::size_t bytes) {
    if (link.to_broker.travel(bytes)) link.readable_edge = true;
    link.to_client.travel(bytes);
}

void World::travel_some() {
    const auto& client = clients_[random.below(clients_.size())];
    if (!client->link()) return;
    travel(*client->link(), random.one_in(3) ? ~std::size_t{0} : 1 + random.below(60));
}

// Between the soft mark and the hard one: everything is in one thread, so each shard counts all of it.
void World::squeeze(bool on) {
    is_squeezed_ = on;
    BrokerConfig next = broker_->settings().config;
    const auto used = static_cast<std::size_t>(base::pool_used_bytes()) * pollers_.size();
    next.memory_limit = on ? used + used / 6 : 0;
    broker_->change(std::move(next));
}

std::uint64_t World::hits(Limit limit) const {
    return past_hits_[static_cast<std::size_t>(limit)] + hits_of_now(limit);
}

std::uint64_t World::hits_of_now(Limit limit) const {
    std::uint64_t sum = 0;
    for (const auto& shard : broker_->shards)
        sum += shard->counters.limits[limit];
    return sum;
}

void World::step() {
    ++referee.now;
    if (options_.squeezes && referee.now >= next_squeeze_) {
        squeeze(!is_squeezed_);
        next_squeeze_ =
            referee.now + (is_squeezed_ ? 200 + random.below(800) : 500 + random.below(5'000));
    }
    if (store_ && random.one_in(8)) {
        if (store_->is_strict() && random.one_in(500)) return crash();
        return store_->step(*broker_, random);
    }
    switch (random.below(16)) {
    case 0:
    case 1:
    case 2:
    case 3: return turn(random.below(pollers_.size()));
    case 4:
    case 5:
    case 6:
    case 7: return travel_some();
    case 8:
    case 9:
    case 10: return clients_[random.below(clients_.size())]->read();
    case 11:
        now += std::chrono::milliseconds(random.below(4));
        if (random.one_in(50)) now += std::chrono::milliseconds(random.below(700));
        if (random.one_in(2'000)) now += std::chrono::milliseconds(random.below(8'000));
        if (random.one_in(4)) clients_[random.below(clients_.size())]->keep_alive();
        return;
    default: return clients_[random.below(clients_.size())]->act();
    }
}

void World::run(std::uint64_t steps) {
    steps_ += steps;
    while (steps-- > 0)
        step();
}

void World::come_to_rest() {
    if (is_squeezed_) squeeze(false);
    if (store_) store_->mend();
    // Who has a window of one takes what has queued up in all those steps one by one, three rounds for a
    // message of QoS 2.
    const std::uint64_t most = 20'000 + 4 * steps_;
    std::uint64_t rounds = 0;
    for (int quiet = 0; quiet < 8; ++rounds) {
        if (rounds > most) {
            std::string who;
            for (const auto& client : clients_)
                if (!client->is_at_rest()) who += " " + client->state();
            Referee::complain("it does not come to rest:" + who);
        }
        ++referee.now;
        now += std::chrono::milliseconds(rounds < 200 ? 1 : 100);
        turn_all();
        bool at_rest = true;
        for (const auto& client : clients_) {
            client->settle();
            if (client->link()) travel(*client->link(), ~std::size_t{0});
            client->keep_alive();
            at_rest = at_rest && client->is_at_rest();
        }
        quiet = at_rest ? quiet + 1 : 0;
    }
}

void World::finish() {
    come_to_rest();
    // Somebody new looks at what is retained.
    Client& looker = *clients_.back();
    looker.retained.clear();
    looker.subscribe("r/+", QoS::exactly_once);
    come_to_rest();
    // What the hard mark took away was promised within the limit only.
    if (hits(Limit::memory_hard) == 0) referee.check_deliveries(0);
    referee.check_retained(looker.retained);
}

}  // namespace mqtt::sim
