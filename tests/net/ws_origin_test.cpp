// Which web pages may open a WebSocket.
#include "net/ws_origin.hpp"

#include <doctest/doctest.h>

#include "net/ws_handshake.hpp"

using namespace mqtt::net;

namespace {

bool may(const std::string& host, const std::string& origin,
         std::vector<std::string> allowed = {}) {
    std::string head = "GET /mqtt HTTP/1.1\r\nHost: " + host + "\r\n";
    if (!origin.empty()) head += "Origin: " + origin + "\r\n";
    head += "\r\n";
    const auto parsed = parse_http_head(head);
    REQUIRE(parsed);
    return is_origin_allowed(*parsed, allowed);
}

}  // namespace

TEST_CASE("ws origin: programs, and pages of the machine itself, may connect") {
    CHECK(may("example.org:8080", ""));
    CHECK(may("localhost:8080", "http://localhost"));
    CHECK(may("127.0.0.1:8080", "http://127.0.0.1:3000"));
    CHECK(may("[::1]:8080", "https://[::1]"));
    CHECK(may("192.168.1.5:9001", "http://192.168.1.5:8123"));
}

TEST_CASE("ws origin: a foreign page may not, nor one whose name only resolves to here") {
    CHECK_FALSE(may("localhost:8080", "https://evil.example"));
    CHECK_FALSE(may("127.0.0.1:8080", "http://localhost"));
    CHECK_FALSE(may("evil.example:8080", "http://evil.example"));
    CHECK_FALSE(may("localhost:8080", "null"));
    CHECK_FALSE(may("localhost:8080", "http://"));
    CHECK_FALSE(may("[::1", "http://[::1"));
}

TEST_CASE("ws origin: a list widens and narrows") {
    CHECK(may("example.org", "https://app.example.org", {"https://app.example.org"}));
    CHECK_FALSE(may("example.org", "http://app.example.org", {"https://app.example.org"}));
    CHECK_FALSE(may("localhost", "http://localhost", {"https://app.example.org"}));
    CHECK(may("x.example", "https://y.example", {"*"}));
    CHECK(may("x.example", "", {"https://app.example.org"}));
}

TEST_CASE("ws origin: two Origin headers are refused, and a refusal is 403") {
    const std::string head =
        "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"
        "Origin: http://localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: mqtt\r\n\r\n";
    const std::vector<std::string> none;
    const UpgradeAnswer answer = answer_upgrade(head, &none);
    CHECK_FALSE(answer.accepted);
    CHECK(answer.is_foreign);
    CHECK(answer.text.starts_with("HTTP/1.1 403 Forbidden\r\n"));
}
