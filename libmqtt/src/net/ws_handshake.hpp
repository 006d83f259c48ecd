// The WebSocket upgrade, both sides, as text in and text out. Used by ws_stream; does no I/O.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mqtt/endpoint.hpp"
#include "mqtt/options.hpp"

namespace mqtt::net {

class ByteStream;

// A fresh random Sec-WebSocket-Key.
std::string make_ws_key();
// The Sec-WebSocket-Accept that proves that a server has seen `key`.
std::string ws_accept_key(std::string_view key);

// The request. Header values must be free of line breaks (a malformed one is left out).
std::string make_upgrade_request(const Endpoint& endpoint, const WebSocketOptions& options,
                                 std::string_view key);

// Judges a complete answer. Empty: upgraded. Otherwise why not, as a sentence's end ("the server
// answered 404 Not Found ...").
std::string check_upgrade_answer(std::string_view head, const WebSocketOptions& options,
                                 std::string_view key);

// The answer to a complete request: 101, or a refusal with a sentence for whoever looks.
struct UpgradeAnswer {
    bool accepted = false;
    bool is_foreign =
        false;  // of a web page that may not, or to a host name that is not this one's
    std::string text;
};
// `origins` and `stream`: see judge_upgrade of ws_origin.hpp; null origins: every page and name may.
UpgradeAnswer answer_upgrade(std::string_view head,
                             const std::vector<std::string>* origins = nullptr,
                             const ByteStream* stream = nullptr);
// For a head that is not even HTTP, or too large.
UpgradeAnswer refuse_malformed_upgrade();

}  // namespace mqtt::net
