// What a run that several load hosts do together needs of the others. Every host has the whole plan and
// the workers of its own: worker w of the run belongs to host w / threads. Used by Run and Generator;
// how it is said over the control broker is in agent_team.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mqtt-bench/generator.hpp"

namespace mqtt::bench {

// What only all hosts together know: how much of each stream was sent, what of it is uncertain, and
// what shared subscriptions have seen.
struct Balance {
    std::vector<std::uint64_t> sent;  // by stream
    std::vector<Uncertain> uncertain;
    std::vector<SharedCheck> shared;  // by Plan's set
};

class Team {
public:
    virtual ~Team() = default;
    // Until `shared` is gone: progress is read from it and written into it, clocks are kept up.
    virtual void attach(Shared& shared) = 0;
    virtual void detach() = 0;
    // Every connection of this host stands, or `error` says why not. Waits for the others; the start of
    // the schedule on this host's clock, or nothing when there will be none.
    virtual std::optional<std::int64_t> start_together(const std::string& error) = 0;
    // --warmup auto: the load has become steady on all hosts together, or never did. On this host's
    // clock; nothing before it is known.
    struct Measure {
        std::int64_t from_ns = 0;
        bool steady = true;
    };
    virtual std::optional<Measure> measure() const = 0;
    virtual void set_idle(bool idle) = 0;
    virtual bool are_others_idle() const = 0;
    // When the others last received something, on this host's clock, to some ten milliseconds.
    virtual std::int64_t last_arrival_ns() const = 0;
    virtual bool is_cancelled() const = 0;
    // Adds the others' to what this host has. Waits for them unless the run was cancelled.
    virtual void add_up(Balance& balance) = 0;
    // How far latencies between hosts may be wrong; 0: all read one clock.
    virtual std::int64_t clock_error_ns() const = 0;
};

}  // namespace mqtt::bench
