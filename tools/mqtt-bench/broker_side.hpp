// The broker beside the run: embedded in this process, spawned by a command, or somebody's process
// or cgroup that is only watched. Started before the first connection, stopped after the last.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mqtt-bench/embedded_child.hpp"
#include "mqtt-bench/process_stats.hpp"
#include "mqtt-bench/spec.hpp"

namespace mqtt {
class Broker;
}

namespace mqtt::bench {

class BrokerSide {
public:
    // Throws std::runtime_error with a sentence when the broker cannot be started or watched.
    // Embedded: sets the endpoint of `spec`.
    explicit BrokerSide(Spec& spec);
    ~BrokerSide();
    BrokerSide(const BrokerSide&) = delete;
    BrokerSide& operator=(const BrokerSide&) = delete;

    bool is_watched() const { return !source_.empty(); }
    const std::string& source() const { return source_; }  // "pid 1234"
    // `workers_cpu_ns`: what the generator's own threads have used, when the broker shares the
    // process. Nothing: not watched, or gone.
    std::optional<ProcessStats> read(std::uint64_t own_threads_cpu_ns) const;

private:
    void start_embedded(Spec& spec);
    void start_command(const Spec& spec);

    std::unique_ptr<Broker> embedded_;
    std::vector<pid_t> embedded_threads_;
    std::unique_ptr<EmbeddedChild> embedded_child_;
    pid_t child_ = 0;
    pid_t pid_ = 0;
    std::string cgroup_;
    std::string source_;
};

}  // namespace mqtt::bench
