// Head, target, body.
#include "broker/http/request.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/utf8.hpp"
#include "net/ws_origin.hpp"

namespace mqtt::broker::http {
namespace {

using net::HttpHead;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// What is before the first such character, and what is behind it.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + 1)};
}

bool parse_query(std::string_view query, Request& request) {
    while (!query.empty()) {
        const auto [pair, rest] = cut(query, '&');
        query = rest;
        if (pair.empty()) continue;
        const auto [encoded_name, encoded_value] = cut(pair, '=');
        auto name = decode_percent(encoded_name);
        auto value = decode_percent(encoded_value);
        if (!name || !value) return false;
        request.parameters.emplace_back(std::move(*name), std::move(*value));
    }
    return true;
}

bool parse_target(std::string_view target, Request& request) {
    if (!target.starts_with('/')) return false;  // neither a proxy nor OPTIONS *
    const auto [encoded_path, query] = cut(target, '?');
    auto path = decode_percent(encoded_path);
    if (!path) return false;
    request.path = std::move(*path);
    return parse_query(query, request);
}

bool has(const HttpHead& head, std::string_view name) {
    return std::any_of(head.headers.begin(), head.headers.end(), [&](const net::HttpHeader& h) {
        return net::equals_ignoring_case(h.name, name);
    });
}

std::string text_of(const HttpHead& head, std::string_view name) {
    return std::string(head.single(name).value_or(std::string_view()));
}

// Bytes of the body; nothing, with the reason in `refusal`: it cannot be known.
std::optional<std::size_t> body_size(const HttpHead& head, std::size_t most,
                                     std::optional<Refusal>& refusal) {
    if (has(head, "Transfer-Encoding")) {
        refusal = Refusal{411, "a body needs Content-Length here"};
        return std::nullopt;
    }
    if (!has(head, "Content-Length")) return 0;
    const std::string_view text = head.single("Content-Length").value_or(std::string_view());
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        refusal = Refusal{400, "Content-Length is no number"};
        return std::nullopt;
    }
    if (size > most) {
        refusal = Refusal{413, "the body is too large"};
        return std::nullopt;
    }
    return size;
}

void take_headers(const HttpHead& head, std::span<const std::string> origins,
                  const net::ByteStream* stream, Request& request) {
    request.authorization = text_of(head, "Authorization");
    request.accept = text_of(head, "Accept");
    request.host = text_of(head, "Host");
    request.is_upgrade = head.lists("Upgrade", "websocket");
    request.is_same_origin = net::is_same_origin(head, origins);
    request.is_host_own = net::is_host_own(head, origins, stream);
    const std::string site = text_of(head, "Sec-Fetch-Site");
    request.is_same_site = site.empty() || site == "same-origin" || site == "none" ||
                           (has(head, "Origin") && request.is_same_origin);
    request.is_from_script = text_of(head, "Sec-Fetch-Dest") == "empty";
}

}  // namespace

std::optional<std::string_view> Request::parameter(std::string_view name) const {
    for (auto it = parameters.rbegin(); it != parameters.rend(); ++it) {
        if (it->first == name) return it->second;
    }
    return std::nullopt;
}

std::optional<std::string> decode_percent(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
        out += static_cast<char>(high << 4 | low);
        i += 2;
    }
    if (!core::is_valid_utf8(out)) return std::nullopt;
    return out;
}

Reading read_request(std::string_view bytes, std::size_t most_body,
                     std::span<const std::string> origins, const net::ByteStream* stream) {
    Reading reading;
    const auto refuse = [&](int status, std::string_view why) {
        reading.refusal = Refusal{status, why};
        return reading;
    };
    std::size_t head_size = 0;
    const net::HttpHeadState state = net::find_http_head(bytes, head_size);
    if (state == net::HttpHeadState::malformed) {
        const bool is_long = bytes.size() >= net::kMaxHttpHeadBytes;
        return is_long ? refuse(431, "the head of the request is too large")
                       : refuse(400, "this is not HTTP");
    }
    if (state == net::HttpHeadState::incomplete) return reading;
    const auto head = net::parse_http_head(bytes.substr(0, head_size));
    const auto line = head ? net::parse_request_line(head->start_line) : std::nullopt;
    if (!line) return refuse(400, "this is not HTTP/1.1");
    Request request;
    request.can_be_chunked = line->version == "HTTP/1.1";
    if (request.can_be_chunked && !head->single("Host")) {
        return refuse(400, "a request needs one Host header");
    }
    if (!parse_target(line->target, request)) return refuse(400, "the target is malformed");
    request.method = line->method;
    request.is_head = request.method == "HEAD";
    if (request.is_head) request.method = "GET";
    request.keeps_alive = request.can_be_chunked ? !head->lists("Connection", "close") : false;
    take_headers(*head, origins, stream, request);
    const auto size = body_size(*head, most_body, reading.refusal);
    if (!size) return reading;
    if (bytes.size() - head_size < *size) {
        reading.wants_continue = head->lists("Expect", "100-continue");
        return reading;
    }
    request.body = bytes.substr(head_size, *size);
    reading.size = head_size + *size;
    reading.request = std::move(request);
    return reading;
}

}  // namespace mqtt::broker::http
