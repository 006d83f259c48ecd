// The broker's word about itself: its version and its counters of PUBLISH packets under
// $SYS/broker, by a connection of its own on a thread of its own. What it does not publish, or does
// not let us read, is absent. Used by the run.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "mqtt-bench/results.hpp"
#include "mqtt/options.hpp"

namespace mqtt::bench {

// How long to wait for a $SYS round: ten seconds is every broker's default.
inline constexpr std::chrono::milliseconds kSysInterval{12'000};

class SysWatch {
public:
    // Connects and waits up to `patience` for the version (and, with `counters`, for the counters).
    // Without `counters` the connection is closed again. Failure to connect is no error.
    SysWatch(const ConnectOptions& connect, bool counters, std::chrono::milliseconds patience);
    ~SysWatch();
    SysWatch(const SysWatch&) = delete;
    SysWatch& operator=(const SysWatch&) = delete;

    const std::string& version() const;  // empty: not known
    // After the last delivery: waits until the counters were published again, for `patience` at
    // most. What was counted since the construction; nothing: the broker says nothing.
    std::optional<SysCounts> finish(std::chrono::milliseconds patience);

private:
    class Watcher;
    std::unique_ptr<Watcher> watcher_;
};

// Compares the broker's counters with ours: "agrees", or which of them differ and by how much.
std::string sys_agreement(const SysCounts& sys, std::uint64_t sent, std::uint64_t received);

}  // namespace mqtt::bench
