// Parsing of /proc/PID/{schedstat,stat,status}, of threads as of processes, and of cgroup v2 files.
#include "mqtt-bench/process_stats.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <memory>
#include <sstream>

namespace mqtt::bench {
namespace {

std::optional<std::string> read_text(const std::string& path) {
    std::ifstream file(path);
    if (!file) return std::nullopt;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::uint64_t first_number(std::string_view text) {
    const std::size_t start = text.find_first_of("0123456789");
    if (start == std::string_view::npos) return 0;
    std::uint64_t value = 0;
    std::from_chars(text.data() + start, text.data() + text.size(), value);
    return value;
}

// Sum over the threads that live; nothing when the kernel keeps no schedstat.
std::optional<std::uint64_t> schedstat_cpu_ns(const std::vector<pid_t>& threads) {
    std::uint64_t sum = 0;
    for (const pid_t thread : threads) {
        if (const auto text = read_text(fmt::format("/proc/{}/schedstat", thread)))
            sum += first_number(*text);
    }
    if (sum == 0) return std::nullopt;
    return sum;
}

std::uint64_t clock_ns(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

std::optional<std::uint64_t> parse_stat_cpu_ticks(std::string_view stat) {
    // The second field, the command, may contain spaces and parentheses.
    const std::size_t command_end = stat.rfind(')');
    if (command_end == std::string_view::npos) return std::nullopt;
    std::istringstream rest{std::string(stat.substr(command_end + 1))};
    std::string skipped;
    for (int field = 3; field < 14; ++field)
        rest >> skipped;
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    if (!(rest >> user >> system)) return std::nullopt;
    return user + system;
}

std::uint64_t parse_named_number(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        if (line.starts_with(name)) return first_number(line.substr(name.size()));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return 0;
}

std::vector<pid_t> threads_of(pid_t pid) {
    std::vector<pid_t> out;
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(
        opendir(fmt::format("/proc/{}/task", pid).c_str()), closedir);
    if (!directory) return out;
    while (const dirent* entry = readdir(directory.get())) {
        if (entry->d_name[0] != '.') out.push_back(static_cast<pid_t>(first_number(entry->d_name)));
    }
    return out;
}

std::uint64_t switches_of(const std::vector<pid_t>& threads) {
    std::uint64_t sum = 0;
    for (const pid_t thread : threads) {
        const auto status = read_text(fmt::format("/proc/{}/status", thread));
        if (!status) continue;
        sum += parse_named_number(*status, "voluntary_ctxt_switches:") +
               parse_named_number(*status, "nonvoluntary_ctxt_switches:");
    }
    return sum;
}

std::optional<ProcessStats> read_process_stats(pid_t pid) {
    const auto stat = read_text(fmt::format("/proc/{}/stat", pid));
    const auto status = read_text(fmt::format("/proc/{}/status", pid));
    if (!stat || !status) return std::nullopt;
    ProcessStats out;
    const std::vector<pid_t> threads = threads_of(pid);
    if (const auto exact = schedstat_cpu_ns(threads)) {
        out.cpu_ns = *exact;
    } else if (const auto ticks = parse_stat_cpu_ticks(*stat)) {
        out.cpu_ns = *ticks * (1'000'000'000 / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK)));
    }
    out.rss_bytes = parse_named_number(*status, "VmRSS:") * 1024;
    out.switches = switches_of(threads);
    return out;
}

std::optional<ProcessStats> read_cgroup_stats(const std::string& directory) {
    const auto cpu = read_text(directory + "/cpu.stat");
    if (!cpu) return std::nullopt;
    ProcessStats out;
    out.cpu_ns = parse_named_number(*cpu, "usage_usec") * 1000;
    if (const auto memory = read_text(directory + "/memory.current")) {
        out.rss_bytes = first_number(*memory);
    }
    if (const auto ids = read_text(directory + "/cgroup.threads")) {
        std::istringstream in(*ids);
        std::vector<pid_t> threads;
        for (pid_t thread = 0; in >> thread;)
            threads.push_back(thread);
        out.switches = switches_of(threads);
    }
    return out;
}

std::uint64_t own_process_cpu_ns() {
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

std::uint64_t own_thread_waiting_ns() {
    // "cpu-ns waiting-ns timeslices"
    const auto text = read_text("/proc/thread-self/schedstat");
    if (!text) return 0;
    const std::size_t blank = text->find(' ');
    return blank == std::string::npos ? 0 : first_number(std::string_view(*text).substr(blank));
}

std::uint64_t own_thread_cpu_ns() {
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

}  // namespace mqtt::bench
