// A small strict parser for the head of an HTTP/1.1 message: start line and headers. Views into the
// caller's text. Used by the WebSocket upgrade and by whoever else speaks a little HTTP; knows no
// bodies and no sockets.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace mqtt::net {

inline constexpr std::size_t kMaxHttpHeadBytes = 8 * 1024;

struct HttpHeader {
    std::string_view name;
    std::string_view value;  // without the blanks around it
};

struct HttpHead {
    std::string_view start_line;
    std::vector<HttpHeader> headers;

    // The value of a header that stands exactly once (names ignore case); nothing otherwise.
    std::optional<std::string_view> single(std::string_view name) const;
    // Whether some header of that name lists `token` (comma separated, ignoring case).
    bool lists(std::string_view name, std::string_view token) const;
};

enum class HttpHeadState { incomplete, complete, malformed };

// Looks for the empty line. `size` is set to the bytes of the whole head when it is complete.
// A bare LF or CR, a NUL, and more than kMaxHttpHeadBytes are malformed as soon as they are seen.
HttpHeadState find_http_head(std::string_view text, std::size_t& size);

// Parses a complete head. Folded lines, blanks before the colon and empty names are refused.
std::optional<HttpHead> parse_http_head(std::string_view head);

// "GET /path?query HTTP/1.1"
struct HttpRequestLine {
    std::string_view method;
    std::string_view target;
    std::string_view version;
};
std::optional<HttpRequestLine> parse_request_line(std::string_view line);

// "HTTP/1.1 404 Not Found": the number; 0 when it is no status line.
int parse_http_status(std::string_view line);

bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace mqtt::net
