// HTTP heads and the WebSocket upgrade as text: what is accepted, what is refused, in which words.
#include "net/ws_handshake.hpp"

#include <doctest/doctest.h>

#include "net/http_head.hpp"

using namespace mqtt;
using namespace mqtt::net;

namespace {

const std::string kKey = "dGhlIHNhbXBsZSBub25jZQ==";

// A valid request; `drop` leaves out the header of that name, `add` is put at the end.
std::string request(const std::string& drop = "", const std::string& add = "",
                    const std::string& first = "GET /any/path?token=1 HTTP/1.1") {
    std::string out = first + "\r\n";
    const std::pair<std::string, std::string> headers[] = {
        {"Host", "broker"},
        {"Upgrade", "WebSocket"},
        {"Connection", "keep-alive, Upgrade"},
        {"Sec-WebSocket-Key", kKey},
        {"Sec-WebSocket-Version", "13"},
        {"Sec-WebSocket-Protocol", "foo, mqtt"},
    };
    for (const auto& [name, value] : headers) {
        if (name != drop) out += name + ": " + value + "\r\n";
    }
    return out + add + "\r\n";
}

std::string answer(const std::string& status, const std::string& accept,
                   const std::string& protocol) {
    return "HTTP/1.1 " + status +
           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept +
           "\r\nSec-WebSocket-Protocol: " + protocol + "\r\n\r\n";
}

HttpHeadState state_of(std::string_view text) {
    std::size_t size = 0;
    return find_http_head(text, size);
}

}  // namespace

TEST_CASE("http head: the end is found at the empty line, at every cut") {
    const std::string head = request();
    for (std::size_t i = 0; i < head.size(); ++i) {
        CHECK(state_of(std::string_view(head).substr(0, i)) == HttpHeadState::incomplete);
    }
    std::size_t size = 0;
    CHECK(find_http_head(head + "rest", size) == HttpHeadState::complete);
    CHECK(size == head.size());
}

TEST_CASE(
    "http head: bare line feeds, bare carriage returns, NUL and more than 8 KiB are refused") {
    CHECK(state_of("GET / HTTP/1.1\nHost: a\r\n\r\n") == HttpHeadState::malformed);
    CHECK(state_of("GET / HTTP/1.1\r\nHost: a\n\n") == HttpHeadState::malformed);
    CHECK(state_of("GET / HTTP/1.1\rHost: a") == HttpHeadState::malformed);
    CHECK(state_of(std::string_view("GET /\0 HTTP", 11)) == HttpHeadState::malformed);
    CHECK(state_of("\n") == HttpHeadState::malformed);
    CHECK(state_of("GET / HTTP/1.1\r\nA: " + std::string(kMaxHttpHeadBytes, 'a')) ==
          HttpHeadState::malformed);
}

TEST_CASE("http head: folded lines, blanks before the colon and control characters are refused") {
    CHECK(parse_http_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
    CHECK_FALSE(parse_http_head("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n").has_value());
    CHECK_FALSE(parse_http_head("GET / HTTP/1.1\r\nHost : a\r\n\r\n").has_value());
    CHECK_FALSE(parse_http_head("GET / HTTP/1.1\r\n: a\r\n\r\n").has_value());
    CHECK_FALSE(parse_http_head("GET / HTTP/1.1\r\nno colon\r\n\r\n").has_value());
    CHECK_FALSE(parse_http_head("GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n").has_value());
}

TEST_CASE("http head: request lines and status lines are taken apart strictly") {
    CHECK(parse_request_line("GET /a?b=c HTTP/1.1")->target == "/a?b=c");
    for (const char* line :
         {"GET  / HTTP/1.1", "GET / HTTP/2", "GET /", "G\tT / HTTP/1.1", " / HTTP/1.1", ""}) {
        CAPTURE(line);
        CHECK_FALSE(parse_request_line(line).has_value());
    }
    CHECK(parse_http_status("HTTP/1.1 404 Not Found") == 404);
    CHECK(parse_http_status("HTTP/1.0 200") == 200);
    for (const char* line :
         {"HTTP/2 200", "HTTP/1.1 20x", "HTTP/1.1 2000", "SSH-2.0-OpenSSH_9.2", ""}) {
        CAPTURE(line);
        CHECK(parse_http_status(line) == 0);
    }
}

TEST_CASE("ws handshake: the accept key is that of RFC 6455 section 1.3") {
    CHECK(ws_accept_key(kKey) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(make_ws_key().size() == 24);
    CHECK(make_ws_key() != make_ws_key());
}

TEST_CASE(
    "ws handshake: the server takes any path and answers with mqtt from a list [MQTT-6.0.0-4]") {
    const UpgradeAnswer accepted = answer_upgrade(request());
    CHECK(accepted.accepted);
    CHECK(accepted.text.starts_with("HTTP/1.1 101 "));
    CHECK(accepted.text.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") !=
          std::string::npos);
    CHECK(accepted.text.find("Sec-WebSocket-Protocol: mqtt\r\n") != std::string::npos);
    CHECK(accepted.text.ends_with("\r\n\r\n"));
    const UpgradeAnswer legacy =
        answer_upgrade(request("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: mqttv3.1\r\n"));
    CHECK(legacy.text.find("Sec-WebSocket-Protocol: mqttv3.1\r\n") != std::string::npos);
}

TEST_CASE("ws handshake: the server refuses with a status that fits") {
    struct Row {
        std::string head;
        const char* status;
    };
    const Row rows[] = {
        {request("Upgrade"), "426"},
        {request("Connection"), "426"},
        {request("Sec-WebSocket-Version"), "426"},
        {request("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8\r\n"), "426"},
        {request("Sec-WebSocket-Key"), "400"},
        {request("Sec-WebSocket-Key", "Sec-WebSocket-Key: c2hvcnQ=\r\n"), "400"},
        {request("", "Sec-WebSocket-Key: " + kKey + "\r\n"), "400"},
        {request("Sec-WebSocket-Protocol"), "400"},
        {request("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: chat\r\n"), "400"},
        {request("Host"), "400"},
        {request("", "Host: other\r\n"), "400"},
        {request("", "", "POST / HTTP/1.1"), "405"},
        {request("", "", "GET / HTTP/1.0"), "400"},
        {request("", "", "nonsense"), "400"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.head);
        const UpgradeAnswer refused = answer_upgrade(row.head);
        CHECK_FALSE(refused.accepted);
        CHECK(refused.text.starts_with(std::string("HTTP/1.1 ") + row.status + " "));
    }
}

TEST_CASE("ws handshake: the client offers mqtt, with its path and headers [MQTT-6.0.0-3]") {
    Endpoint endpoint{Transport::websocket, "::1", 8080, "/ws?x=1"};
    WebSocketOptions options;
    options.origin = "https://example.org";
    options.headers = {{"Authorization", "Bearer abc"}, {"Evil", "a\r\nInjected: b"}};
    const std::string text = make_upgrade_request(endpoint, options, kKey);
    CHECK(text.starts_with("GET /ws?x=1 HTTP/1.1\r\nHost: [::1]:8080\r\n"));
    CHECK(text.find("Sec-WebSocket-Protocol: mqtt\r\n") != std::string::npos);
    CHECK(text.find("Origin: https://example.org\r\n") != std::string::npos);
    CHECK(text.find("Authorization: Bearer abc\r\n") != std::string::npos);
    CHECK(text.find("Injected") == std::string::npos);
    CHECK(answer_upgrade(text).accepted);
    endpoint.port = 80;
    endpoint.path.clear();
    CHECK(make_upgrade_request(endpoint, {}, kKey)
              .starts_with("GET /mqtt HTTP/1.1\r\nHost: [::1]\r\n"));
}

TEST_CASE("ws handshake: the client judges the answer and says what is wrong") {
    const std::string accept = ws_accept_key(kKey);
    const auto judge = [](const std::string& head) { return check_upgrade_answer(head, {}, kKey); };
    CHECK(judge(answer("101 Switching Protocols", accept, "mqtt")).empty());
    CHECK(judge(answer("404 Not Found", accept, "mqtt"))
              .starts_with("the server answered 404 Not Found (try another path"));
    CHECK(judge("HTTP/1.1 403 Forbidden\r\n\r\n")
              .starts_with("the server answered 403 Forbidden (it wants a login"));
    CHECK(judge("SSH-2.0-OpenSSH\r\n\r\n").starts_with("the answer is not HTTP"));
    CHECK(judge(answer("101 OK", "bogus", "mqtt")).find("Sec-WebSocket-Accept") !=
          std::string::npos);
    CHECK(judge(answer("101 OK", accept, "chat")).find("subprotocol") != std::string::npos);
    CHECK(judge("HTTP/1.1 101 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")
              .find("not WebSocket") != std::string::npos);
}
