// URLs of endpoints: parsing (strict, with the faulty part named) and printing.
#include "mqtt/endpoint.hpp"

#include <charconv>
#include <optional>

namespace mqtt {

namespace {

struct Scheme {
    std::string_view prefix;
    Transport transport;
};
constexpr Scheme kSchemes[] = {
    {"mqtt://", Transport::tcp},       {"mqtts://", Transport::tls},
    {"ws://", Transport::websocket},   {"wss://", Transport::secure_websocket},
    {"unix:", Transport::unix_socket},
};

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_case) {
    if (text.size() < lower_case.size()) return false;
    for (std::size_t i = 0; i < lower_case.size(); ++i) {
        const char c = text[i];
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (lower != lower_case[i]) return false;
    }
    return true;
}

const Scheme* find_scheme(std::string_view url) {
    for (const Scheme& scheme : kSchemes) {
        if (starts_with_ignoring_case(url, scheme.prefix)) return &scheme;
    }
    return nullptr;
}

Error invalid(std::string_view detail) {
    return {Errc::invalid_argument, detail};
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Nothing on a broken escape and on an encoded NUL.
std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return out;
}

Status parse_user_info(std::string_view text, ParsedUrl& out) {
    const std::size_t colon = text.find(':');
    auto user = percent_decode(text.substr(0, colon));
    if (!user) return invalid("URL: the user name has a broken % escape");
    out.user_name = std::move(*user);
    out.has_user_name = !out.user_name.empty();
    if (colon == std::string_view::npos) return {};
    auto password = percent_decode(text.substr(colon + 1));
    if (!password) return invalid("URL: the password has a broken % escape");
    out.password = std::move(*password);
    out.has_password = true;
    return {};
}

Status parse_port(std::string_view text, ParsedUrl& out) {
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    if (text.empty() || error != std::errc() || stop != end) {
        return invalid("URL: the port is not a number from 0 to 65535");
    }
    out.endpoint.port = port;
    out.has_port = true;
    return {};
}

Status parse_host_and_port(std::string_view text, ParsedUrl& out) {
    std::string_view host = text;
    std::string_view rest;
    const bool is_bare_ipv6 = !text.starts_with('[') && text.find(':') != text.rfind(':');
    if (is_bare_ipv6) return invalid("URL: an IPv6 address must stand in brackets");
    if (!text.empty() && text.front() == '[') {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return invalid("URL: the IPv6 address lacks its ']'");
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
        if (host.find(':') == std::string_view::npos) {
            return invalid("URL: only an IPv6 address stands in brackets");
        }
    } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        rest = text.substr(colon);
    }
    auto decoded = percent_decode(host);
    if (!decoded || decoded->empty()) return invalid("URL: the host is missing or broken");
    for (const char c : *decoded) {
        if (c <= ' ' || c == '/' || c == 0x7f) return invalid("URL: the host has a bad character");
    }
    out.endpoint.host = std::move(*decoded);
    out.endpoint.port = default_port(out.endpoint.transport);
    if (rest.empty()) return {};
    if (rest.front() != ':') return invalid("URL: only a port may follow the host");
    return parse_port(rest.substr(1), out);
}

// A WebSocket's request target goes on the wire as it is written here.
Status parse_target(std::string_view text, ParsedUrl& out) {
    text = text.substr(0, text.find('#'));
    for (const char c : text) {
        if (c <= ' ' || c >= 0x7f)
            return invalid("URL: the path has a character that must be % escaped");
    }
    if (text.empty())
        out.endpoint.path = "/mqtt";
    else if (text.front() == '?')
        out.endpoint.path = "/" + std::string(text);
    else
        out.endpoint.path = text;
    return {};
}

Status parse_topic(std::string_view text, ParsedUrl& out) {
    if (text.size() <= 1) return {};
    auto topic = percent_decode(text.substr(1));
    if (!topic) return invalid("URL: the topic has a broken % escape");
    out.topic = std::move(*topic);
    return {};
}

Status parse_unix(std::string_view text, ParsedUrl& out) {
    if (text.starts_with("///")) text.remove_prefix(2);
    auto path = percent_decode(text);
    if (!path || path->empty()) return invalid("URL: the socket path is missing or broken");
    out.endpoint.host.clear();
    out.endpoint.port = 0;
    out.endpoint.path = std::move(*path);
    return {};
}

}  // namespace

std::uint16_t default_port(Transport transport) {
    switch (transport) {
    case Transport::tcp: return 1883;
    case Transport::tls: return 8883;
    case Transport::websocket: return 80;
    case Transport::secure_websocket: return 443;
    case Transport::unix_socket: return 0;
    }
    return 0;
}

Result<ParsedUrl> parse_url(std::string_view url) {
    const Scheme* scheme = find_scheme(url);
    if (!scheme)
        return invalid("URL: it must begin with mqtt://, mqtts://, ws://, wss:// or unix:");
    ParsedUrl out;
    out.endpoint.transport = scheme->transport;
    const std::string_view rest = url.substr(scheme->prefix.size());
    if (scheme->transport == Transport::unix_socket) {
        const Status status = parse_unix(rest, out);
        if (!status) return status.error();
        return out;
    }
    const bool is_websocket = uses_websocket(scheme->transport);
    const std::size_t end = rest.find_first_of(is_websocket ? "/?#" : "/");
    std::string_view authority = rest.substr(0, end);
    const std::string_view path =
        end == std::string_view::npos ? std::string_view() : rest.substr(end);
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        const Status status = parse_user_info(authority.substr(0, at), out);
        if (!status) return status.error();
        authority.remove_prefix(at + 1);
    }
    const Status host = parse_host_and_port(authority, out);
    if (!host) return host.error();
    const Status target = is_websocket ? parse_target(path, out) : parse_topic(path, out);
    if (!target) return target.error();
    return out;
}

std::string to_url(const Endpoint& endpoint) {
    std::string out;
    for (const Scheme& scheme : kSchemes) {
        if (scheme.transport == endpoint.transport) out = scheme.prefix;
    }
    if (endpoint.transport == Transport::unix_socket) return out + endpoint.path;
    const bool is_ipv6 = endpoint.host.find(':') != std::string::npos;
    out += is_ipv6 ? "[" + endpoint.host + "]" : endpoint.host;
    out += ":" + std::to_string(endpoint.port);
    if (uses_websocket(endpoint.transport)) out += endpoint.path.empty() ? "/mqtt" : endpoint.path;
    return out;
}

}  // namespace mqtt
