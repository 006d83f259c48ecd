// The header that HAProxy, Nginx and others put in front of a connection to tell whose it is (PROXY
// protocol, versions 1 and 2). Bytes to plain data; knows no socket. Used by ProxyStream.
#pragma once

#include <cstddef>
#include <string>

#include "mqtt/types.hpp"

namespace mqtt::net {

struct ProxyHeaderFacts {
    std::string source;  // "192.0.2.1:50123"; empty: the proxy speaks for itself, or cannot tell
    std::string common_name;  // of a client certificate that the proxy has verified
    bool is_tls = false;      // the client reached the proxy over TLS
};

enum class ProxyHeaderState : std::uint8_t { incomplete, complete, malformed };

// `size` is set to the header's bytes when it is complete. Version 1 is a line of at most 107 bytes,
// version 2 is taken up to kMaxProxyHeaderBytes.
ProxyHeaderState parse_proxy_v1(Bytes bytes, std::size_t& size, ProxyHeaderFacts& facts);
ProxyHeaderState parse_proxy_v2(Bytes bytes, std::size_t& size, ProxyHeaderFacts& facts);

inline constexpr std::size_t kMaxProxyHeaderBytes = 16 + 4'096;

}  // namespace mqtt::net
