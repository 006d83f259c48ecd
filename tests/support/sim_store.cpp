// Faults, repairs and sudden ends.
#include "support/sim_store.hpp"

#include <filesystem>

#include "broker/restore.hpp"
#include "broker/store/open.hpp"
#include "support/faulty_disk.hpp"
#include "support/sim_world.hpp"

namespace mqtt::sim {

using Disk = test::FaultyDisk;

Store::Store(bool is_strict) : is_strict_(is_strict), file_(folder_.path() + "/first.db") {
    Disk::install();
}

Store::~Store() {
    Disk::mend();
    Disk::forget(folder_.path());
}

void Store::configure(BrokerConfig& config) const {
    config.persistence = is_strict_ ? Persistence::strict : Persistence::batch;
    config.store_file = file_;
}

// As Broker does.
void Store::open(broker::Shared& broker, TimePoint now) {
    using namespace broker::store;
    Fault fault;
    auto backend =
        broker::store::open(file_, is_strict_ ? Durability::machine : Durability::process, fault);
    if (fault) Referee::complain("the store does not open: " + fault.text);
    broker.writer = std::make_unique<Writer>(
        std::move(backend), static_cast<unsigned>(broker.shards.size()), [](const Fault&) {});
    for (const auto& shard : broker.shards)
        shard->journal.connect(*broker.writer, is_strict_);
    fault = broker::restore(broker, broker.writer->backend(), now);
    if (fault) Referee::complain("the store cannot be read: " + fault.text);
}

void Store::commit(broker::Shared& broker) {
    if (!broker.writer->commit_now()) ++failures_;
}

void Store::mend() {
    Disk::mend();
    is_broken_ = false;
}

// For one call, or for good, soon.
void Store::break_down(Random& random) {
    static constexpr Disk::Fault kFaults[] = {Disk::Fault::full, Disk::Fault::io_error,
                                              Disk::Fault::short_write};
    const Disk::Fault fault = kFaults[random.below(std::size(kFaults))];
    if (random.one_in(2))
        Disk::fail_at(1 + random.below(20), fault);
    else
        Disk::fail_from(1 + random.below(20), fault);
    is_broken_ = true;
}

void Store::step(broker::Shared& broker, Random& random) {
    if (is_broken_ ? random.one_in(12) : random.one_in(60))
        is_broken_ ? mend() : break_down(random);
    else if (random.one_in(30))
        broker.writer->backend().idle();  // moves the log into the file
    else
        commit(broker);
}

void Store::crash(std::unique_ptr<broker::Shared>& broker, Random& random) {
    namespace fs = std::filesystem;
    mend();
    const std::string next = folder_.path() + "/" + std::to_string(++crashes_ % 2);
    fs::create_directories(next);
    std::string left;
    if (random.one_in(2)) {
        left = Disk::after_power_cut(file_, next, static_cast<unsigned>(random.below(1'000)));
    } else {
        left = next + "/after-kill.db";
        for (const char* suffix : {"", "-wal"}) {
            fs::remove(left + suffix);
            if (fs::exists(file_ + suffix)) fs::copy(file_ + suffix, left + suffix);
        }
    }
    // Nothing of what its end brings about is written down any more.
    for (const auto& shard : broker->shards)
        shard->journal.leave();
    broker->writer.reset();
    broker.reset();
    file_ = left;
}

// What has been sent to it may still come; the rest is gone with the broker.
void Client::broker_died() {
    if (!link_) return;
    if (world_.random.one_in(2)) {
        world_.travel(*link_, ~std::size_t{0});
        for (int i = 0; link_ && i < 4; ++i)
            read();
    }
    if (link_) cut();
}

void World::crash() {
    for (const auto& client : clients_)
        client->broker_died();
    for (std::size_t i = 0; i < std::size(past_hits_); ++i)
        past_hits_[i] += hits_of_now(static_cast<Limit>(i));
    store_->crash(broker_, random);
    start_broker(static_cast<unsigned>(1 + random.below(3)));
    referee.broker_died(0);
    ++crashes_;
}

}  // namespace mqtt::sim
