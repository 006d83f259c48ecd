// Answers as text: status line, headers that every answer has, body. Used by http/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mqtt::broker::http {

struct Response {
    int status = 200;
    std::string body;
    std::string_view content_type = "application/json";
    std::string headers;  // more of them, each with its line end
};

// {"error":"..."} on one line.
Response failure(int status, std::string_view text);
// "Not Found"
std::string_view status_text(int status);

// The whole answer. Nothing that comes from payloads can run in a browser: no answer but the console
// page and the files of a listener may be anything but data.
std::string to_text(const Response& response, bool keeps_alive, bool without_body);
// The head of one whose body comes in pieces.
std::string stream_head(std::string_view content_type, bool is_chunked);
// The head of a file that somebody else has written for others: its scripts may run.
std::string file_head(std::string_view content_type, std::uint64_t size, bool keeps_alive);
// A piece of a stream; empty: the last.
std::string chunk(std::string_view piece);

}  // namespace mqtt::broker::http
