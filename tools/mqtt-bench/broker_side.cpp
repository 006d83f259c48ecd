// Starting, watching and stopping the broker.
#include "mqtt-bench/broker_side.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "mqtt-bench/embedded_broker.hpp"
#include "mqtt-bench/shapes.hpp"
#include "mqtt/broker.hpp"

namespace mqtt::bench {
namespace {

// Whether something accepts connections on 127.0.0.1.
bool accepts(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool ok = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    close(fd);
    return ok;
}

}  // namespace

BrokerSide::BrokerSide(Spec& spec) {
    if (spec.embedded) {
        start_embedded(spec);
    } else if (!spec.spawn.empty()) {
        start_command(spec);
    } else if (spec.broker_pid != 0) {
        pid_ = spec.broker_pid;
        source_ = fmt::format("pid {}", pid_);
        if (!read_process_stats(pid_)) {
            throw std::runtime_error(fmt::format("--broker-pid {}: no such process", pid_));
        }
    } else if (!spec.broker_cgroup.empty()) {
        cgroup_ = spec.broker_cgroup;
        source_ = fmt::format("cgroup {}", cgroup_);
        if (!read_cgroup_stats(cgroup_)) {
            throw std::runtime_error(
                fmt::format("--broker-cgroup {}: not a cgroup v2 folder with a cpu.stat", cgroup_));
        }
    }
}

void BrokerSide::start_embedded(Spec& spec) {
    if (client_count(spec) > kClientsInOneProcess) {
        embedded_child_ = std::make_unique<EmbeddedChild>();
        set_endpoint(spec, embedded_child_->endpoint());
        pid_ = embedded_child_->pid();
        source_ = fmt::format("embedded, pid {}", pid_);
        return;
    }
    const std::vector<pid_t> before = threads_of(getpid());
    embedded_ = std::make_unique<Broker>(embedded_config());
    if (const Status status = embedded_->start(); !status.ok()) {
        throw std::runtime_error("the embedded broker: " + embedded_->start_error());
    }
    const Endpoint bound = embedded_->bound().front().endpoint;
    set_endpoint(spec, bound);
    for (const pid_t thread : threads_of(getpid())) {
        if (std::find(before.begin(), before.end(), thread) == before.end())
            embedded_threads_.push_back(thread);
    }
    source_ = "embedded";
}

void BrokerSide::start_command(const Spec& spec) {
    const Endpoint& target = spec.targets.front();
    if (accepts(target.port)) {
        throw std::runtime_error(
            fmt::format("--spawn: something listens on port {} already", target.port));
    }
    child_ = fork();
    if (child_ < 0) throw std::runtime_error("--spawn: cannot fork");
    if (child_ == 0) {
        const std::string command = "exec " + spec.spawn;
        execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
        _exit(127);
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!accepts(target.port)) {
        int status = 0;
        if (waitpid(child_, &status, WNOHANG) == child_) {
            child_ = 0;
            throw std::runtime_error(fmt::format("--spawn: '{}' ended at once", spec.spawn));
        }
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error(fmt::format(
                "--spawn: '{}' does not listen on port {} after 10 s", spec.spawn, target.port));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    pid_ = child_;
    source_ = fmt::format("pid {}, {}", pid_, spec.spawn);
}

BrokerSide::~BrokerSide() {
    if (embedded_) embedded_->stop();
    if (child_ == 0) return;
    kill(child_, SIGTERM);
    for (int i = 0; i < 250; ++i) {
        if (waitpid(child_, nullptr, WNOHANG) == child_) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
}

std::optional<ProcessStats> BrokerSide::read(std::uint64_t own_threads_cpu_ns) const {
    if (!cgroup_.empty()) return read_cgroup_stats(cgroup_);
    if (pid_ != 0) return read_process_stats(pid_);
    if (!embedded_) return std::nullopt;
    auto stats = read_process_stats(getpid());
    if (!stats) return std::nullopt;
    // What is not ours is the broker's.
    const std::uint64_t all = own_process_cpu_ns();
    stats->cpu_ns = all > own_threads_cpu_ns ? all - own_threads_cpu_ns : 0;
    stats->switches = switches_of(embedded_threads_);
    return stats;
}

}  // namespace mqtt::bench
