// The rule of ws_origin.hpp.
#include "net/ws_origin.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "net/socket.hpp"

namespace mqtt::net {

namespace {

// "[::1]:8080" -> "::1", "example.org:80" -> "example.org".
std::string_view without_port(std::string_view authority) {
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        return end == std::string_view::npos ? std::string_view() : authority.substr(1, end - 1);
    }
    return authority.substr(0, authority.find(':'));
}

// "https://example.org:8443" -> "example.org"; empty when it is no origin of a site ("null").
std::string_view host_of_origin(std::string_view origin) {
    const std::size_t scheme = origin.find("://");
    return scheme == std::string_view::npos ? std::string_view()
                                            : without_port(origin.substr(scheme + 3));
}

bool is_own_name(std::string_view host) {
    SocketAddress address;
    if (make_numeric_address(std::string(host), 0, address)) return true;
    if (equals_ignoring_case(host, "localhost") || host.ends_with(".localhost")) return true;
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return false;
    const std::string machine(name.data());
    return equals_ignoring_case(host, machine) || equals_ignoring_case(host, machine + ".local");
}

bool is_listed(std::string_view origin, std::span<const std::string> allowed) {
    return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& one) {
        return one == "*" || equals_ignoring_case(one, origin);
    });
}

bool has_origin(const HttpHead& head) {
    return std::any_of(head.headers.begin(), head.headers.end(),
                       [](const HttpHeader& h) { return equals_ignoring_case(h.name, "Origin"); });
}

}  // namespace

bool is_origin_allowed(const HttpHead& head, std::span<const std::string> allowed) {
    if (!has_origin(head)) return true;
    const auto origin = head.single("Origin");
    if (!origin) return false;
    if (!allowed.empty()) return is_listed(*origin, allowed);
    const std::string_view asking = host_of_origin(*origin);
    const std::string_view asked = without_port(head.single("Host").value_or(std::string_view()));
    return !asking.empty() && equals_ignoring_case(asking, asked) && is_own_name(asked);
}

bool is_same_origin(const HttpHead& head, std::span<const std::string> allowed) {
    if (!has_origin(head)) return true;
    const auto origin = head.single("Origin");
    if (!origin) return false;
    const bool is_named = std::any_of(allowed.begin(), allowed.end(), [&](const std::string& one) {
        return equals_ignoring_case(one, *origin);
    });
    if (is_named) return true;
    const std::size_t scheme = origin->find("://");
    const auto host = head.single("Host");
    return scheme != std::string_view::npos && host &&
           equals_ignoring_case(origin->substr(scheme + 3), *host);
}

bool is_host_own(const HttpHead& head, std::span<const std::string> allowed) {
    const auto host = head.single("Host");
    if (!host) return false;
    const std::string_view asked = without_port(*host);
    return is_own_name(asked) ||
           std::any_of(allowed.begin(), allowed.end(), [&](const std::string& one) {
               return equals_ignoring_case(host_of_origin(one), asked);
           });
}

}  // namespace mqtt::net
