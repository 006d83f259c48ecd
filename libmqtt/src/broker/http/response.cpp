// See response.hpp.
#include "broker/http/response.hpp"

#include <fmt/format.h>

#include "broker/http/json.hpp"

namespace mqtt::broker::http {
namespace {

constexpr std::string_view kEveryAnswer =
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";
constexpr std::string_view kNothingRuns =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox\r\n";

}  // namespace

std::string_view status_text(int status) {
    switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 421: return "Misdirected Request";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Internal Server Error";
    }
}

Response failure(int status, std::string_view text) {
    Response response;
    response.status = status;
    response.body = "{\"error\":";
    append_string(response.body, text);
    response.body += "}\n";
    return response;
}

std::string to_text(const Response& response, bool keeps_alive, bool without_body) {
    std::string out =
        fmt::format("HTTP/1.1 {} {}\r\n", response.status, status_text(response.status));
    if (response.status != 204) {
        out += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", response.content_type,
                           response.body.size());
    }
    out.append(kEveryAnswer).append(response.headers);
    if (response.headers.find("Content-Security-Policy") == std::string::npos) out += kNothingRuns;
    out += keeps_alive ? "\r\n" : "Connection: close\r\n\r\n";
    if (!without_body) out += response.body;
    return out;
}

std::string stream_head(std::string_view content_type, bool is_chunked) {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\n{}{}{}\r\n", content_type,
                       kEveryAnswer, kNothingRuns,
                       is_chunked ? "Transfer-Encoding: chunked\r\n" : "Connection: close\r\n");
}

std::string file_head(std::string_view content_type, std::uint64_t size, bool keeps_alive) {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}{}\r\n",
                       content_type, size, kEveryAnswer,
                       keeps_alive ? "" : "Connection: close\r\n");
}

std::string chunk(std::string_view piece) {
    return fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
}

}  // namespace mqtt::broker::http
