// Reads /proc and /sys; what is missing is left out.
#include "mqtt-bench/environment.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <string_view>

#include "common/app.hpp"

namespace mqtt::bench {
namespace {

#include "git_id.inc"

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("model name")) continue;
        const std::size_t colon = line.find(": ");
        if (colon != std::string::npos) return line.substr(colon + 2);
    }
    return {};
}

// Of version 2, where this process is; limits of groups above it are not looked for.
std::string cgroup_folder() {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("0::")) return "/sys/fs/cgroup" + line.substr(3);
    }
    return "/sys/fs/cgroup";
}

std::string hard_and_soft(int resource) {
    rlimit limit{};
    if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return {};
    return fmt::format("{} (hard {})", limit.rlim_cur, limit.rlim_max);
}

// Files whose first line is the value.
struct Setting {
    std::string_view name;
    const char* path;
};
constexpr Setting kSettings[] = {
    {"governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"},
    {"clock_source", "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
    {"load_average", "/proc/loadavg"},
    {"tcp_rmem", "/proc/sys/net/ipv4/tcp_rmem"},
    {"tcp_wmem", "/proc/sys/net/ipv4/tcp_wmem"},
    {"rmem_max", "/proc/sys/net/core/rmem_max"},
    {"wmem_max", "/proc/sys/net/core/wmem_max"},
    {"somaxconn", "/proc/sys/net/core/somaxconn"},
    {"tcp_max_syn_backlog", "/proc/sys/net/ipv4/tcp_max_syn_backlog"},
    {"tcp_congestion_control", "/proc/sys/net/ipv4/tcp_congestion_control"},
    {"port_range", "/proc/sys/net/ipv4/ip_local_port_range"},
    {"system_files", "/proc/sys/fs/file-nr"},
};

}  // namespace

std::vector<std::pair<std::string, std::string>> read_environment() {
    std::vector<std::pair<std::string, std::string>> out;
    const auto add = [&](std::string_view name, std::string value) {
        if (!value.empty()) out.emplace_back(name, std::move(value));
    };
    add("mqtt_tools", std::string(tools::kVersion));
    add("commit", std::string(kGitId));
#ifdef NDEBUG
    add("build", "optimised (NDEBUG), " __VERSION__);
#else
    add("build", "with assertions, " __VERSION__);
#endif
    utsname system{};
    if (uname(&system) == 0) {
        add("kernel", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
    }
    add("cpu", cpu_model());
    add("cpus", fmt::format("{}", sysconf(_SC_NPROCESSORS_ONLN)));
    const std::string cgroup = cgroup_folder();
    add("cgroup_cpu_max", first_line(cgroup + "/cpu.max"));
    add("cgroup_memory_max", first_line(cgroup + "/memory.max"));
    for (const Setting& setting : kSettings)
        add(setting.name, first_line(setting.path));
    add("open_files", hard_and_soft(RLIMIT_NOFILE));
    add("clock", "steady, ns");
    return out;
}

std::uint64_t raise_descriptor_limit() {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 1024;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur;
}

}  // namespace mqtt::bench
