// Reads /proc and /sys; what is missing is left out.
#include "mqtt-bench/environment.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <string_view>

namespace mqtt::bench {
namespace {

std::string first_line(const char* path) {
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

}  // namespace

std::vector<std::pair<std::string, std::string>> read_environment() {
    std::vector<std::pair<std::string, std::string>> out;
    const auto add = [&](std::string_view name, std::string value) {
        if (!value.empty()) out.emplace_back(name, std::move(value));
    };
    utsname system{};
    if (uname(&system) == 0) {
        add("kernel", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
    }
    add("cpu", cpu_model());
    add("cpus", fmt::format("{}", sysconf(_SC_NPROCESSORS_ONLN)));
    add("governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    add("load_average", first_line("/proc/loadavg"));
    add("cgroup_cpu_max", first_line("/sys/fs/cgroup/cpu.max"));
    add("tcp_rmem", first_line("/proc/sys/net/ipv4/tcp_rmem"));
    add("tcp_wmem", first_line("/proc/sys/net/ipv4/tcp_wmem"));
    add("port_range", first_line("/proc/sys/net/ipv4/ip_local_port_range"));
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) add("open_files", fmt::format("{}", files.rlim_cur));
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
