// Reading networks, asking the kernel for interfaces and its port range.
#include "mqtt-bench/sources.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <stdexcept>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {
namespace {

constexpr std::uint32_t kMaxSources = 65'536;

[[noreturn]] void refuse_source(std::string text) {
    throw std::invalid_argument(std::move(text));
}

[[noreturn]] void refuse_impossible(std::string text) {
    throw ImpossibleError(text);
}

std::string to_text(in_addr address) {
    char text[INET_ADDRSTRLEN];
    return inet_ntop(AF_INET, &address, text, sizeof text);
}

bool is_address(const std::string& word) {
    in_addr v4{};
    in6_addr v6{};
    return inet_pton(AF_INET, word.c_str(), &v4) == 1 ||
           inet_pton(AF_INET6, word.c_str(), &v6) == 1;
}

struct Local {
    std::string interface;
    std::string address;
    int family = AF_INET;
    bool loopback = false;
};

std::vector<Local> local_addresses() {
    std::vector<Local> out;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return out;
    for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
        if (at->ifa_addr == nullptr) continue;
        const int family = at->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6) continue;
        char host[NI_MAXHOST];
        const socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        if (getnameinfo(at->ifa_addr, length, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0)
            continue;
        const bool link_local = std::string_view(host).find('%') != std::string_view::npos;
        if (link_local) continue;
        out.push_back({at->ifa_name, host, family, (at->ifa_flags & IFF_LOOPBACK) != 0});
    }
    freeifaddrs(list);
    return out;
}

void add_network(const std::string& word, std::vector<std::string>& out) {
    const std::size_t slash = word.find('/');
    in_addr base{};
    int bits = 0;
    const char* end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data() + slash + 1, end, bits);
    if (inet_pton(AF_INET, word.substr(0, slash).c_str(), &base) != 1 || parsed.ptr != end ||
        bits < 8 || bits > 32) {
        refuse_source(
            fmt::format("option '--bind': '{}' is no IPv4 network such as 10.0.0.0/28", word));
    }
    const std::uint32_t mask = bits == 32 ? ~0u : ~(~0u >> bits);
    const std::uint32_t first = ntohl(base.s_addr) & mask;
    const std::uint64_t count = std::uint64_t{1} << (32 - bits);
    if (count > kMaxSources) refuse_source("option '--bind': more than 65,536 addresses");
    const bool has_ends = bits <= 30;  // network and broadcast address
    for (std::uint64_t i = has_ends ? 1 : 0; i < count - (has_ends ? 1 : 0); ++i) {
        out.push_back(to_text({htonl(first + static_cast<std::uint32_t>(i))}));
    }
}

}  // namespace

std::vector<std::string> expand_sources(const std::vector<std::string>& words) {
    std::vector<std::string> out;
    for (const std::string& word : words) {
        if (word.find('/') != std::string::npos) {
            add_network(word, out);
        } else if (is_address(word)) {
            out.push_back(word);
        } else {
            const std::size_t before = out.size();
            for (const Local& local : local_addresses()) {
                if (local.interface == word) out.push_back(local.address);
            }
            if (out.size() == before) {
                refuse_source(fmt::format(
                    "option '--bind': '{}' is neither an address nor a network nor an interface",
                    word));
            }
        }
    }
    return out;
}

std::uint32_t local_ports() {
    std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
    std::uint32_t first = 32'768;
    std::uint32_t last = 60'999;
    file >> first >> last;
    return last >= first ? last - first + 1 : 0;
}

std::vector<std::string> choose_sources(const std::vector<Endpoint>& targets,
                                        std::uint32_t connections) {
    const bool tcp = std::none_of(targets.begin(), targets.end(), [](const Endpoint& target) {
        return target.transport == Transport::unix_socket;
    });
    if (!tcp || targets.empty()) return {};
    // Others use ports, too, and closed connections keep theirs for a minute.
    // connect() is quick for every second port of the range; beyond it the kernel searches all for
    // each connection. On loopback more addresses cost nothing.
    const bool loopback = std::all_of(targets.begin(), targets.end(), [](const Endpoint& target) {
        return target.host == "localhost" || target.host.starts_with("127.");
    });
    const double usable = local_ports() * (loopback ? 0.4 : 0.9);
    const double each = connections / static_cast<double>(targets.size());
    if (each <= usable) return {};
    const auto needed = static_cast<std::uint32_t>(each / usable) + 1;
    std::vector<std::string> out;
    if (loopback) {
        // Every 127.x.y.z is a valid source.
        for (std::uint32_t i = 0; i < needed; ++i)
            out.push_back(to_text({htonl(0x7F00'0001u + i)}));
        return out;
    }
    for (const Local& local : local_addresses()) {
        if (!local.loopback && local.family == AF_INET) out.push_back(local.address);
    }
    if (out.size() >= needed) return out;
    refuse_impossible(
        fmt::format("{} connections to {} target{} need {} source addresses of {} ports each, this "
                    "host has {}: add addresses (ip addr add), name them by --bind, widen "
                    "net.ipv4.ip_local_port_range, or use fewer clients",
                    connections, targets.size(), targets.size() == 1 ? "" : "s", needed,
                    local_ports(), out.size()));
}

}  // namespace mqtt::bench
