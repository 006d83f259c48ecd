// Addresses of the machine's interfaces for wildcard listeners, and the words around them.
#include "mqtt-broker-lite/start_lines.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace tools::broker_lite {
namespace {

using mqtt::Endpoint;
using mqtt::Transport;

// Numeric addresses of one family on interfaces that are up; without link-local IPv6, which need a
// scope that differs on every machine.
std::vector<std::string> interface_addresses(int family) {
    std::vector<std::string> found;
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return found;
    for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
        if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != family) continue;
        if ((i->ifa_flags & IFF_UP) == 0) continue;
        std::array<char, INET6_ADDRSTRLEN> text{};
        const void* address = nullptr;
        if (family == AF_INET) {
            address = &reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr;
        } else {
            const auto* six = reinterpret_cast<const sockaddr_in6*>(i->ifa_addr);
            if (IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)) continue;
            address = &six->sin6_addr;
        }
        if (::inet_ntop(family, address, text.data(), text.size()) != nullptr) {
            found.emplace_back(text.data());
        }
    }
    ::freeifaddrs(list);
    return found;
}

// A URL for people: WebSocket listeners take any path.
std::string url_of(Endpoint endpoint, bool serves_http) {
    if (serves_http && endpoint.transport != Transport::unix_socket) {
        const bool has_tls = endpoint.transport == Transport::tls;
        endpoint.transport = Transport::websocket;
        endpoint.path = "/";
        return (has_tls ? "https" : "http") + mqtt::to_url(endpoint).substr(2);
    }
    if (mqtt::uses_websocket(endpoint.transport) && endpoint.path.empty()) endpoint.path = "/mqtt";
    return mqtt::to_url(endpoint);
}

}  // namespace

bool is_local(const Endpoint& endpoint) {
    return endpoint.transport == Transport::unix_socket || endpoint.host == "::1" ||
           endpoint.host == "localhost" || endpoint.host.starts_with("127.");
}

std::vector<std::string> reachable_urls(const std::vector<mqtt::Broker::Bound>& bound) {
    std::vector<std::string> urls;
    for (const mqtt::Broker::Bound& b : bound) {
        const bool any4 = b.endpoint.host == "0.0.0.0";
        const bool any6 = b.endpoint.host == "::";
        if (b.endpoint.transport == Transport::unix_socket || (!any4 && !any6)) {
            urls.push_back(url_of(b.endpoint, b.serves_http));
            continue;
        }
        for (std::string& host : interface_addresses(any4 ? AF_INET : AF_INET6)) {
            Endpoint endpoint = b.endpoint;
            endpoint.host = std::move(host);
            urls.push_back(url_of(endpoint, b.serves_http));
        }
    }
    return urls;
}

std::vector<std::string> start_lines(const std::vector<mqtt::Broker::Bound>& bound, bool has_rights,
                                     bool has_file) {
    std::vector<std::string> lines;
    for (const std::string& url : reachable_urls(bound)) {
        lines.push_back("listening on " + url +
                        (url.starts_with("http") ? " (console, HTTP API, metrics)" : ""));
    }
    const bool only_local = std::all_of(bound.begin(), bound.end(), [](const auto& b) {
        return b.serves_http || is_local(b.endpoint);
    });
    if (only_local) {
        lines.emplace_back(
            has_file
                ? "only programs on this machine can connect; to let others in: listener PORT, "
                  "and who may (allow_anonymous, password_file)"
                : "only programs on this machine can connect; to let others in: --bind any");
    } else if (!has_rights) {
        lines.emplace_back(
            "anyone who can reach these addresses may connect (no password is asked)");
    }
    return lines;
}

}  // namespace tools::broker_lite
