// What a WsStream keeps while its upgrade runs. Used by ws_stream*.cpp alone.
#pragma once

#include <string>

#include "net/ws_stream.hpp"

namespace mqtt::net {

struct WsStream::Handshake {
    Endpoint endpoint;         // client
    WebSocketOptions options;  // client
    std::string key;           // client
    std::string out;           // request or answer, as far as it is not sent
    std::string in;            // the peer's head, as far as it came
    bool is_refused = false;   // server: over when `out` is sent
    Origins origins;           // server
    bool is_foreign = false;   // server: refused because of its origin or host name
    bool is_answered = false;  // server: likewise
};

}  // namespace mqtt::net
