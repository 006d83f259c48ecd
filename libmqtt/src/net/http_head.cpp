// RFC 9112 without its leniencies: what is doubtful is refused, since two parsers that disagree are
// how requests are smuggled.
#include "net/http_head.hpp"

#include <algorithm>

namespace mqtt::net {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// tchar of RFC 9110 section 5.6.2.
bool is_token_char(char c) {
    const bool is_alphanumeric = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
    return is_alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_value_char(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

bool is_target_char(char c) {
    return c > 0x20 && c < 0x7f;
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<HttpHeader> parse_header(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (!std::all_of(name.begin(), name.end(), is_token_char)) return std::nullopt;
    if (!std::all_of(value.begin(), value.end(), is_value_char)) return std::nullopt;
    return HttpHeader{name, value};
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> HttpHead::single(std::string_view name) const {
    std::optional<std::string_view> found;
    for (const HttpHeader& header : headers) {
        if (!equals_ignoring_case(header.name, name)) continue;
        if (found) return std::nullopt;
        found = header.value;
    }
    return found;
}

bool HttpHead::lists(std::string_view name, std::string_view token) const {
    for (const HttpHeader& header : headers) {
        if (!equals_ignoring_case(header.name, name)) continue;
        std::string_view rest = header.value;
        while (true) {
            const std::size_t comma = rest.find(',');
            if (equals_ignoring_case(trim(rest.substr(0, comma)), token)) return true;
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return false;
}

HttpHeadState find_http_head(std::string_view text, std::size_t& size) {
    const std::size_t end = std::min(text.size(), kMaxHttpHeadBytes);
    for (std::size_t i = 0; i < end; ++i) {
        if (text[i] == '\0') return HttpHeadState::malformed;
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return HttpHeadState::malformed;
        if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] != '\n')
            return HttpHeadState::malformed;
        if (text[i] == '\n' && i >= 3 && text[i - 2] == '\n') {
            size = i + 1;
            return HttpHeadState::complete;
        }
    }
    return text.size() >= kMaxHttpHeadBytes ? HttpHeadState::malformed : HttpHeadState::incomplete;
}

std::optional<HttpHead> parse_http_head(std::string_view head) {
    HttpHead out;
    bool is_first = true;
    while (!head.empty()) {
        const std::size_t end = head.find("\r\n");
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(end + 2);
        if (is_first) {
            out.start_line = line;
            is_first = false;
            continue;
        }
        if (line.empty()) return head.empty() ? std::optional(std::move(out)) : std::nullopt;
        const auto header = parse_header(line);
        if (!header) return std::nullopt;
        out.headers.push_back(*header);
    }
    return std::nullopt;
}

std::optional<HttpRequestLine> parse_request_line(std::string_view line) {
    const std::size_t first = line.find(' ');
    if (first == std::string_view::npos) return std::nullopt;
    const std::size_t second = line.find(' ', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const HttpRequestLine out{line.substr(0, first), line.substr(first + 1, second - first - 1),
                              line.substr(second + 1)};
    if (out.method.empty() || !std::all_of(out.method.begin(), out.method.end(), is_token_char)) {
        return std::nullopt;
    }
    if (out.target.empty() || !std::all_of(out.target.begin(), out.target.end(), is_target_char)) {
        return std::nullopt;
    }
    const bool is_http_1 = out.version == "HTTP/1.1" || out.version == "HTTP/1.0";
    return is_http_1 ? std::optional(out) : std::nullopt;
}

int parse_http_status(std::string_view line) {
    if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return 0;
    int status = 0;
    for (const char c : line.substr(9, 3)) {
        if (c < '0' || c > '9') return 0;
        status = status * 10 + (c - '0');
    }
    return line.size() == 12 || line[12] == ' ' ? status : 0;
}

}  // namespace mqtt::net
