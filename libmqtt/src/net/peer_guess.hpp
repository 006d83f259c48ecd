// What a peer speaks that does not speak MQTT, from its first bytes. Used where a connection's
// first packet makes no sense, to say something helpful.
#pragma once

#include "mqtt/types.hpp"

namespace mqtt::net {

// An alert or a handshake record: the port wants TLS. Neither can begin an MQTT packet from a server.
inline bool looks_like_tls_record(Bytes bytes) {
    if (bytes.size() < 3) return false;
    return (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 0x03 && bytes[2] <= 0x04;
}

// A status line (a web server answers) or a request line (a browser asks).
inline bool looks_like_http(Bytes bytes) {
    const std::string_view text = as_text(bytes);
    for (const std::string_view start :
         {"HTTP/1.", "GET /", "POST /", "HEAD /", "PUT /", "OPTIONS "}) {
        if (text.starts_with(start)) return true;
    }
    return false;
}

}  // namespace mqtt::net
