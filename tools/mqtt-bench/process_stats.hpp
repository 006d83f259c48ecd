// What a process (or cgroup) has used: CPU time, memory, context switches, read from /proc. Used
// for the broker beside a run and for the generator itself. Numbers that cannot be read are absent.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mqtt::bench {

struct ProcessStats {
    std::uint64_t cpu_ns = 0;  // user + system, all threads
    std::uint64_t rss_bytes = 0;
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;
};

// CPU time comes from the threads' schedstat (exact, in ns; threads that ended are missing), or,
// where the kernel lacks it, from stat (clock ticks of 10 ms).
std::optional<ProcessStats> read_process_stats(pid_t pid);

// A cgroup v2 directory ("/sys/fs/cgroup/system.slice/mosquitto.service").
std::optional<ProcessStats> read_cgroup_stats(const std::string& directory);

// CPU time of the calling process and thread, in ns, without opening a file.
std::uint64_t own_process_cpu_ns();
std::uint64_t own_thread_cpu_ns();
// How long the calling thread was ready to run and had no core, since it started.
std::uint64_t own_thread_waiting_ns();

// For tests: the fields of the files' text.
std::optional<std::uint64_t> parse_stat_cpu_ticks(std::string_view stat);
std::uint64_t parse_named_number(std::string_view text, std::string_view name);

}  // namespace mqtt::bench
