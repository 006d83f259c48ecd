// What a process (or cgroup) has used: CPU time, memory, context switches, read from /proc. Used
// for the broker beside a run and for the generator itself. Numbers that cannot be read are absent.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt::bench {

struct ProcessStats {
    std::uint64_t cpu_ns = 0;  // user + system, all threads
    std::uint64_t rss_bytes = 0;
    std::uint64_t switches = 0;  // of threads that live, voluntary or not
};

// CPU time comes from the threads' schedstat (exact, in ns; threads that ended are missing), or,
// where the kernel lacks it, from stat (clock ticks of 10 ms).
std::optional<ProcessStats> read_process_stats(pid_t pid);

// A cgroup v2 directory ("/sys/fs/cgroup/system.slice/mosquitto.service").
std::optional<ProcessStats> read_cgroup_stats(const std::string& directory);

// Threads that live now, and how often they have been switched. Threads that have ended count nothing.
std::vector<pid_t> threads_of(pid_t pid);
std::uint64_t switches_of(const std::vector<pid_t>& threads);

// CPU time of the calling process and thread, in ns, without opening a file.
std::uint64_t own_process_cpu_ns();
std::uint64_t own_thread_cpu_ns();
// How long the calling thread was ready to run and had no core, since it started.
std::uint64_t own_thread_waiting_ns();

// For tests: the fields of the files' text.
std::optional<std::uint64_t> parse_stat_cpu_ticks(std::string_view stat);
std::uint64_t parse_named_number(std::string_view text, std::string_view name);

}  // namespace mqtt::bench
