// The durable store of a simulated broker, on a disk that now and then is full, fails or writes the half, and what is left
// of it when the broker ends without a word or the power is cut. The store is the real one, and commits when the scheduler
// says so. Used by sim::World; one at a time in a process, for the disk is everybody's.
#pragma once

#include <memory>
#include <string>

#include "broker/shard.hpp"
#include "support/temp_folder.hpp"

namespace mqtt::sim {

class Random;

class Store {
public:
    explicit Store(bool is_strict);
    ~Store();
    bool is_strict() const { return is_strict_; }
    std::uint64_t failures() const { return failures_; }

    void configure(BrokerConfig& config) const;
    // What is in it is there before anybody is let in. `now`: of the broker's clock.
    void open(broker::Shared& broker, TimePoint now);
    // A commit, or the disk's health changes.
    void step(broker::Shared& broker, Random& random);
    void commit(broker::Shared& broker);
    void mend();
    // Ends the broker; what opens next has what a kill left, or a power cut.
    void crash(std::unique_ptr<broker::Shared>& broker, Random& random);

private:
    void break_down(Random& random);

    test::TempFolder folder_;
    const bool is_strict_;
    std::string file_;
    bool is_broken_ = false;
    unsigned crashes_ = 0;
    std::uint64_t failures_ = 0;
};

}  // namespace mqtt::sim
