// The line of version 1 and the binary head of version 2.
#include "net/proxy_header.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace mqtt::net {
namespace {

using State = ProxyHeaderState;

constexpr std::size_t kMaxLine = 107;
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kHeadBytes = 16;

std::string with_port(const std::string& host, unsigned port) {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + host + "]:" : host + ":") + std::to_string(port);
}

// In the system's spelling, so that one client has one name however the proxy writes it.
std::optional<std::string> address_text(int family, const void* bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(family, bytes, text.data(), text.size()) == nullptr) return std::nullopt;
    return std::string(text.data());
}

std::optional<std::string> spelled(int family, std::string_view word) {
    std::array<unsigned char, 16> bytes{};
    const std::string host(word);
    if (::inet_pton(family, host.c_str(), bytes.data()) != 1) return std::nullopt;
    return address_text(family, bytes.data());
}

std::optional<unsigned> port_number(std::string_view word) {
    unsigned port = 0;
    const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), port);
    if (failed != std::errc() || end != word.data() + word.size() || port > 65'535) return {};
    return port;
}

std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> words;
    for (;;) {
        const std::size_t blank = line.find(' ');
        words.push_back(line.substr(0, blank));
        if (blank == std::string_view::npos) return words;
        line.remove_prefix(blank + 1);
    }
}

// "PROXY TCP4 192.0.2.1 192.0.2.2 50123 1883"
bool take_line(std::string_view line, ProxyHeaderFacts& facts) {
    const std::vector<std::string_view> words = split(line);
    if (words.size() < 2 || words[0] != "PROXY") return false;
    if (words[1] == "UNKNOWN") return true;
    if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) return false;
    const int family = words[1] == "TCP4" ? AF_INET : AF_INET6;
    const auto source = spelled(family, words[2]);
    const auto port = port_number(words[4]);
    if (!source || !port || !spelled(family, words[3]) || !port_number(words[5])) return false;
    facts.source = with_port(*source, *port);
    return true;
}

std::size_t number16(Bytes bytes) {
    return static_cast<std::size_t>(bytes[0]) << 8 | bytes[1];
}

// Calls `take(type, value)` for each; false when they do not fit.
template <class Take>
bool for_each_tlv(Bytes bytes, Take take) {
    while (!bytes.empty()) {
        if (bytes.size() < 3) return false;
        const std::size_t size = number16(bytes.subspan(1));
        if (bytes.size() < 3 + size) return false;
        if (!take(bytes[0], bytes.subspan(3, size))) return false;
        bytes = bytes.subspan(3 + size);
    }
    return true;
}

// What the client did with TLS at the proxy.
bool take_tls(Bytes value, ProxyHeaderFacts& facts) {
    constexpr std::uint8_t kOverTls = 1, kCertificate = 2;
    constexpr std::uint8_t kCommonName = 0x22;
    if (value.size() < 5) return false;
    const std::uint8_t client = value[0];
    const bool is_verified = (client & kCertificate) != 0 && value[1] == 0 && value[2] == 0 &&
                             value[3] == 0 && value[4] == 0;
    facts.is_tls = (client & kOverTls) != 0;
    return for_each_tlv(value.subspan(5), [&](std::uint8_t type, Bytes name) {
        if (type == kCommonName && is_verified) facts.common_name = as_text(name);
        return true;
    });
}

bool take_source(int family, Bytes addresses, ProxyHeaderFacts& facts) {
    const std::size_t size = family == AF_INET ? 4 : 16;
    const auto source = address_text(family, addresses.data());
    if (!source) return false;
    const std::size_t port = number16(addresses.subspan(2 * size));
    facts.source = with_port(*source, static_cast<unsigned>(port));
    return true;
}

bool take_body(std::uint8_t family, Bytes body, ProxyHeaderFacts& facts) {
    constexpr std::uint8_t kTcp4 = 0x11, kTcp6 = 0x21, kUnix = 0x31, kUnspecified = 0x00;
    constexpr std::uint8_t kTls = 0x20;
    std::size_t size = 0;
    switch (family) {
    case kTcp4: size = 12; break;
    case kTcp6: size = 36; break;
    case kUnix: size = 216; break;
    case kUnspecified: break;
    default: return false;
    }
    if (body.size() < size) return false;
    if (family == kTcp4 && !take_source(AF_INET, body, facts)) return false;
    if (family == kTcp6 && !take_source(AF_INET6, body, facts)) return false;
    return for_each_tlv(body.subspan(size), [&](std::uint8_t type, Bytes value) {
        return type != kTls || take_tls(value, facts);
    });
}

}  // namespace

ProxyHeaderState parse_proxy_v1(Bytes bytes, std::size_t& size, ProxyHeaderFacts& facts) {
    constexpr std::string_view kStart = "PROXY ";
    const std::string_view text = as_text(bytes.first(std::min(bytes.size(), kMaxLine)));
    if (text.substr(0, kStart.size()) != kStart.substr(0, text.size())) return State::malformed;
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) {
        return text.size() < kMaxLine ? State::incomplete : State::malformed;
    }
    size = end + 2;
    return take_line(text.substr(0, end), facts) ? State::complete : State::malformed;
}

ProxyHeaderState parse_proxy_v2(Bytes bytes, std::size_t& size, ProxyHeaderFacts& facts) {
    const std::string_view text = as_text(bytes);
    if (text.substr(0, kSignature.size()) != kSignature.substr(0, text.size())) {
        return State::malformed;
    }
    if (bytes.size() < kHeadBytes) return State::incomplete;
    constexpr std::uint8_t kLocal = 0x20, kProxied = 0x21;
    const std::uint8_t command = bytes[12];
    const std::size_t body = number16(bytes.subspan(14));
    if (command != kLocal && command != kProxied) return State::malformed;
    if (kHeadBytes + body > kMaxProxyHeaderBytes) return State::malformed;
    if (bytes.size() < kHeadBytes + body) return State::incomplete;
    size = kHeadBytes + body;
    if (command == kLocal) return State::complete;  // the proxy itself, whatever follows
    return take_body(bytes[13], bytes.subspan(kHeadBytes, body), facts) ? State::complete
                                                                        : State::malformed;
}

}  // namespace mqtt::net
