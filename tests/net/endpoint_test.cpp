// URLs: every scheme, percent-decoding, IPv6, and what is refused with the part named.
#include "mqtt/endpoint.hpp"

#include <doctest/doctest.h>

using namespace mqtt;

namespace {

ParsedUrl parsed(std::string_view url) {
    auto result = parse_url(url);
    REQUIRE_MESSAGE(result.ok(), std::string(url));
    return result.value();
}

}  // namespace

TEST_CASE("endpoint: every scheme has its transport and default port") {
    CHECK(parsed("mqtt://h").endpoint == Endpoint{Transport::tcp, "h", 1883, ""});
    CHECK(parsed("mqtts://h").endpoint == Endpoint{Transport::tls, "h", 8883, ""});
    CHECK(parsed("ws://h").endpoint == Endpoint{Transport::websocket, "h", 80, "/mqtt"});
    CHECK(parsed("wss://h/x?y=1").endpoint ==
          Endpoint{Transport::secure_websocket, "h", 443, "/x?y=1"});
    CHECK(parsed("unix:/run/mqtt.sock").endpoint ==
          Endpoint{Transport::unix_socket, "", 0, "/run/mqtt.sock"});
    CHECK(parsed("unix:///run/a%20b").endpoint.path == "/run/a b");
    CHECK(parsed("MQTT://h:99").endpoint.port == 99);
}

TEST_CASE("endpoint: user, password and topic are percent-decoded, a WebSocket path is not") {
    const ParsedUrl url = parsed("mqtt://us%40er:p%3Aw%2f@host:1884/a/b%20c/%E6%B8%A9%E5%BA%A6/#");
    CHECK(url.has_user_name);
    CHECK(url.user_name == "us@er");
    CHECK(url.has_password);
    CHECK(url.password == "p:w/");
    CHECK(url.topic == "a/b c/\xE6\xB8\xA9\xE5\xBA\xA6/#");
    CHECK(url.has_port);
    CHECK(parsed("ws://h/a%20b").endpoint.path == "/a%20b");
    CHECK(parsed("ws://h?x").endpoint.path == "/?x");
    CHECK(parsed("mqtt://only@h").has_password == false);
    CHECK(parsed("mqtt://h/").topic.empty());
    CHECK(parsed("mqtt://a@b@h").user_name == "a@b");
}

TEST_CASE("endpoint: IPv6 addresses stand in brackets") {
    CHECK(parsed("mqtt://[::1]:1884").endpoint == Endpoint{Transport::tcp, "::1", 1884, ""});
    CHECK(parsed("mqtt://[fe80::1%25eth0]").endpoint.host == "fe80::1%eth0");
    CHECK(to_url(parsed("wss://[::1]/x").endpoint) == "wss://[::1]:443/x");
}

TEST_CASE("endpoint: printing and parsing agree, and credentials are not printed") {
    for (const char* text :
         {"mqtt://h:1883", "mqtts://10.0.0.1:8883", "ws://h:80/mqtt", "unix:/run/x"}) {
        CHECK(to_url(parsed(text).endpoint) == text);
    }
    CHECK(to_url(parsed("mqtt://user:secret@h/topic").endpoint) == "mqtt://h:1883");
}

TEST_CASE("endpoint: what is no URL is refused with its part named") {
    struct Row {
        std::string_view url;
        std::string_view part;
    };
    const Row rows[] = {
        {"http://h", "must begin"},
        {"h:1883", "must begin"},
        {"", "must begin"},
        {"mqtt://", "host"},
        {"mqtt://:1883", "host"},
        {"mqtt://h:", "port"},
        {"mqtt://h:65536", "port"},
        {"mqtt://h:12x", "port"},
        {"mqtt://h:-1", "port"},
        {"mqtt://::1", "brackets"},
        {"mqtt://[::1", "']'"},
        {"mqtt://[h]", "brackets"},
        {"mqtt://[::1]x", "port"},
        {"mqtt://a%zz@h", "user name"},
        {"mqtt://a:%0@h", "password"},
        {"mqtt://a:%00@h", "password"},
        {"mqtt://h/a%2", "topic"},
        {"ws://h/a b", "path"},
        {"ws://h/\r\nX: y", "path"},
        {"unix:", "socket path"},
        {"mqtt://a b", "host"},
    };
    for (const Row& row : rows) {
        CAPTURE(std::string(row.url));
        const auto result = parse_url(row.url);
        REQUIRE_FALSE(result.ok());
        CHECK(result.error().code == Errc::invalid_argument);
        CHECK(result.error().detail.find(row.part) != std::string_view::npos);
    }
}
