// HTTP requests to the broker, from bytes to plain data, and the answers' text.
#include "broker/http/request.hpp"

#include <doctest/doctest.h>

#include "broker/http/caller.hpp"
#include "broker/http/json.hpp"
#include "broker/http/response.hpp"

using namespace mqtt::broker::http;

namespace {

constexpr std::size_t kMost = 100;

Reading read(const std::string& text, const std::vector<std::string>& origins = {}) {
    return read_request(text, kMost, origins);
}

Request request(const std::string& line, const std::string& headers = {}) {
    const Reading reading = read(line + " HTTP/1.1\r\nHost: localhost:9883\r\n" + headers + "\r\n");
    REQUIRE(reading.request);
    return *reading.request;
}

int status(const std::string& text) {
    const Reading reading = read(text);
    return reading.refusal ? reading.refusal->status : 0;
}

}  // namespace

TEST_CASE("http request: path and parameters are decoded; + is itself") {
    const Request r = request("GET /api/topics/a%2Fb+c?filter=a/+/%23&limit=&x&filter=b%20");
    CHECK(r.path == "/api/topics/a/b+c");
    CHECK(r.parameter("filter") == "b ");
    CHECK(r.parameters.front().second == "a/+/#");
    CHECK(r.parameter("limit") == "");
    CHECK(r.parameter("x") == "");
    CHECK_FALSE(r.parameter("y"));
}

TEST_CASE("http request: in pieces of any size it is the same request") {
    const std::string text =
        "POST /api/publish?topic=a HTTP/1.1\r\nHost: [::1]:1\r\nContent-Length: 5\r\n\r\nhelloGET ";
    const std::size_t whole = text.size() - 4;
    for (std::size_t size = 0; size < whole; ++size) {
        const Reading part = read(text.substr(0, size));
        CHECK_FALSE(part.request);
        CHECK_FALSE(part.refusal);
    }
    const Reading reading = read(text);
    REQUIRE(reading.request);
    CHECK(reading.size == whole);
    CHECK(reading.request->body == "hello");
    CHECK(reading.request->parameter("topic") == "a");
    CHECK_FALSE(reading.request->parameter("qos"));
}

TEST_CASE("http request: what is doubtful or too large is refused") {
    const std::string host = "Host: a\r\n";
    CHECK(status("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(status("GET / HTTP/1.1\r\n" + host + host + "\r\n") == 400);
    CHECK(status("GET http://a/ HTTP/1.1\r\n" + host + "\r\n") == 400);
    CHECK(status("GET /%zz HTTP/1.1\r\n" + host + "\r\n") == 400);
    CHECK(status("GET /%00 HTTP/1.1\r\n" + host + "\r\n") == 400);
    CHECK(status("GET /%ff HTTP/1.1\r\n" + host + "\r\n") == 400);
    CHECK(status("GET / HTTP/2.0\r\n" + host + "\r\n") == 400);
    CHECK(status("\x10\x20GET\n") == 400);
    CHECK(status("POST / HTTP/1.1\r\n" + host + "Content-Length: 101\r\n\r\n") == 413);
    CHECK(status("POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n") == 400);
    CHECK(status("POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n") ==
          400);
    CHECK(status("POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n") == 411);
    CHECK(status("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x')) == 431);
}

TEST_CASE("http request: a client that waits for 100 is told when only the body is missing") {
    const std::string head =
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    CHECK(read(head).wants_continue);
    CHECK_FALSE(read(head.substr(0, head.size() - 1)).wants_continue);
    CHECK(read(head + "abc").request);
}

TEST_CASE("http request: pages of other sites, and names that only lead here, are known") {
    CHECK(request("GET /").is_same_origin);
    CHECK(request("GET /").is_same_site);
    CHECK(request("GET /", "Origin: http://localhost:9883\r\n").is_same_origin);
    CHECK_FALSE(request("GET /", "Origin: http://localhost:3000\r\n").is_same_origin);
    CHECK_FALSE(request("GET /", "Origin: null\r\n").is_same_origin);
    CHECK_FALSE(
        request("GET /", "Origin: http://localhost:9883\r\nOrigin: http://b\r\n").is_same_origin);
    CHECK_FALSE(request("GET /", "Sec-Fetch-Site: cross-site\r\n").is_same_site);
    CHECK_FALSE(request("GET /", "Sec-Fetch-Site: same-site\r\n").is_same_site);
    CHECK(request("GET /", "Sec-Fetch-Site: same-origin\r\n").is_same_site);

    const std::string rebound = "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    CHECK_FALSE(read(rebound).request->is_host_own);
    CHECK_FALSE(read(rebound, {"*"}).request->is_host_own);
    CHECK(read(rebound, {"https://evil.example"}).request->is_host_own);
    const std::string listed =
        "GET / HTTP/1.1\r\nHost: a.example\r\nOrigin: https://b.example\r\n\r\n";
    CHECK_FALSE(read(listed, {"*"}).request->is_same_origin);
    CHECK(read(listed, {"https://b.example"}).request->is_same_origin);
}

TEST_CASE("http request: HEAD is a GET without a body, 1.0 ends the connection") {
    CHECK(request("HEAD /metrics").is_head);
    CHECK(request("HEAD /metrics").method == "GET");
    CHECK(request("GET /").keeps_alive);
    CHECK_FALSE(request("GET /", "Connection: close\r\n").keeps_alive);
    const Reading old = read("GET / HTTP/1.0\r\n\r\n");
    REQUIRE(old.request);
    CHECK_FALSE(old.request->keeps_alive);
    CHECK_FALSE(old.request->can_be_chunked);
    CHECK_FALSE(old.request->is_host_own);
}

TEST_CASE("http request: Basic credentials") {
    const auto good = parse_basic("basic YW5uOnNlYzpyZXQ=");  // ann:sec:ret
    REQUIRE(good);
    CHECK(good->user_name == "ann");
    CHECK(good->password == "sec:ret");
    CHECK_FALSE(parse_basic("Basic YW5u"));  // no colon
    CHECK_FALSE(parse_basic("Basic !!!"));
    CHECK_FALSE(parse_basic("Bearer YW5uOnNlYw=="));
    CHECK_FALSE(parse_basic("Basic /zp4"));  // the name is no UTF-8
}

TEST_CASE("http json: strings stay strings, bytes that are no text are base64") {
    std::string out;
    append_string(out, "a\"\\\n<b>&\x7f");
    CHECK(out == "\"a\\\"\\\\\\u000a\\u003cb\\u003e\\u0026\\u007f\"");
    out = "{";
    append_bytes(out, "payload", mqtt::as_bytes("\xff"));
    append_bytes(out, "payload", mqtt::as_bytes("\xc3\xa4"));
    CHECK(out == "{\"payload_b64\":\"/w==\",\"payload\":\"\xc3\xa4\"");

    MessageView message;
    message.topic = "t";
    message.payload = mqtt::as_bytes("a\xc3\xa4z");
    const auto cut_at = [&](std::size_t most) {
        std::string text;
        append_message(text, message, most);
        return text.substr(text.find("\"payloadlen"));
    };
    CHECK(cut_at(9) == "\"payloadlen\":4,\"payload\":\"a\xc3\xa4z\"}");
    CHECK(cut_at(2) == "\"payloadlen\":4,\"payload\":\"a\"}");
    CHECK(cut_at(0) == "\"payloadlen\":4}");
}

TEST_CASE("http response: every answer is data, and says how long it is") {
    const std::string text = to_text(failure(404, "no \"x\""), false, false);
    CHECK(text.starts_with("HTTP/1.1 404 Not Found\r\n"));
    CHECK(text.find("Content-Length: 21\r\n") != std::string::npos);
    CHECK(text.find("X-Content-Type-Options: nosniff\r\n") != std::string::npos);
    CHECK(text.find("default-src 'none'") != std::string::npos);
    CHECK(text.ends_with("Connection: close\r\n\r\n{\"error\":\"no \\\"x\\\"\"}\n"));
    CHECK(to_text(failure(404, "x"), true, true).ends_with("\r\n\r\n"));
    CHECK(chunk("abc") == "3\r\nabc\r\n");
    CHECK(chunk({}) == "0\r\n\r\n");
}
