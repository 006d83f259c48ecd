// The rule of ws_origin.hpp.
#include "net/ws_origin.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "net/byte_stream.hpp"
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

// Ends of names that nobody can register.
constexpr std::array<std::string_view, 4> kLocalDomains{".local", ".lan", ".home.arpa",
                                                        ".internal"};

bool is_machine_name(std::string_view host) {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == 0) return false;
    const std::string_view machine(name.data());
    if (equals_ignoring_case(host, machine)) return true;
    const std::string_view first = machine.substr(0, machine.find('.'));
    if (host.size() < first.size() || !equals_ignoring_case(host.substr(0, first.size()), first)) {
        return false;
    }
    const std::string_view domain = host.substr(first.size());
    return domain.empty() ||
           std::any_of(kLocalDomains.begin(), kLocalDomains.end(),
                       [&](std::string_view local) { return equals_ignoring_case(domain, local); });
}

bool is_own_name(std::string_view host) {
    SocketAddress address;
    if (make_numeric_address(std::string(host), 0, address)) return true;
    return equals_ignoring_case(host, "localhost") || host.ends_with(".localhost") ||
           is_machine_name(host);
}

// How the connection came makes more names its own.
bool is_own_there(std::string_view host, const ByteStream* stream) {
    if (stream == nullptr || host.empty()) return false;
    if (stream->is_certified_for(std::string(host))) return true;
    PeerIdentity identity;
    stream->identify(identity);
    if (!identity.address.empty()) return true;  // told by a proxy's header, which no browser sends
    SocketAddress here;
    if (::getsockname(stream->descriptor(), here.get(), &here.size) != 0) return false;
    if (here.family() == AF_UNIX) return true;
    const std::string address = here.host();
    const bool is_loopback = address.starts_with("127.") || address == "::1";
    return host.find('.') == std::string_view::npos && !is_loopback;
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

WebVerdict judge_upgrade(const HttpHead& head, std::span<const std::string> allowed,
                         const ByteStream* stream) {
    if (has_origin(head)) {
        const auto origin = head.single("Origin");
        if (!origin) return WebVerdict::foreign_page;
        if (!allowed.empty()) {
            return is_listed(*origin, allowed) ? WebVerdict::allowed : WebVerdict::foreign_page;
        }
        const std::string_view asking = host_of_origin(*origin);
        const std::string_view asked =
            without_port(head.single("Host").value_or(std::string_view()));
        if (asking.empty() || !equals_ignoring_case(asking, asked)) return WebVerdict::foreign_page;
    } else if (is_listed("*", allowed)) {
        return WebVerdict::allowed;
    }
    return is_host_own(head, allowed, stream) ? WebVerdict::allowed : WebVerdict::unknown_host;
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

bool is_host_own(const HttpHead& head, std::span<const std::string> allowed,
                 const ByteStream* stream) {
    const auto host = head.single("Host");
    if (!host) return false;
    const std::string_view asked = without_port(*host);
    const bool is_listed_host = std::any_of(
        allowed.begin(), allowed.end(),
        [&](const std::string& one) { return equals_ignoring_case(host_of_origin(one), asked); });
    return !asked.empty() && (is_own_name(asked) || is_listed_host || is_own_there(asked, stream));
}

}  // namespace mqtt::net
