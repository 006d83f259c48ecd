// One HTTP/1.1 request to the broker, from bytes to plain data. Text in, request or refusal out: no
// socket, no clock, no rights. Used by http/connection; fuzzed by tests/fuzz/api_fuzz.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http_head.hpp"

namespace mqtt::net {
class ByteStream;
}

namespace mqtt::broker::http {

inline constexpr std::size_t kMaxBodyBytes = 1024 * 1024;

struct Request {
    std::string method;  // "GET"; HEAD is a GET with is_head
    std::string path;    // percent-decoded, without the query
    std::vector<std::pair<std::string, std::string>> parameters;  // of the query, decoded
    std::string body;
    std::string authorization;  // as sent; empty: none
    std::string accept;
    std::string host;
    bool is_head = false;
    bool is_upgrade = false;   // to WebSocket
    bool is_same_site = true;  // no browser has said that another site's page asks
    bool is_same_origin = true;
    bool is_host_own = true;      // see net/ws_origin.hpp
    bool is_from_script = false;  // of a page, which asks for passwords itself
    bool keeps_alive = true;
    bool can_be_chunked = true;  // HTTP/1.1

    // The last of that name; nothing: there is none.
    std::optional<std::string_view> parameter(std::string_view name) const;
};

// Why a request gets no answer but this.
struct Refusal {
    int status = 400;
    std::string_view text;  // for people
};

struct Reading {
    std::optional<Request> request;
    std::optional<Refusal> refusal;  // the connection ends with it
    std::size_t size = 0;            // bytes of the request, or upgrade head, when there is one
    bool wants_continue = false;     // the client waits for 100 before it sends the body
    // Neither: more bytes are needed.
};

// `origins`: of pages that may ask; `stream`: over which the bytes came. See net/ws_origin.hpp.
Reading read_request(std::string_view bytes, std::size_t most_body,
                     std::span<const std::string> origins, const net::ByteStream* stream = nullptr);

// Percent-decoding; `+` is itself, since filters have it. Nothing: a broken escape, a
// NUL, or no UTF-8.
std::optional<std::string> decode_percent(std::string_view text);

}  // namespace mqtt::broker::http
