// The broker's HTTP side over a socket: one request after the other, answers in pieces, WebSocket on the
// same port, readers that do not read.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "mqtt/limits.hpp"
#include "support/temp_folder.hpp"
#include "support/test_broker.hpp"

using namespace mqtt;
using namespace ::test;

namespace {

BrokerConfig with_http(unsigned threads = 1) {
    BrokerConfig config = with_threads(threads);
    ListenerConfig http = config.listeners.front();
    http.serves_http = true;
    config.listeners.push_back(http);
    return config;
}

// A blocking socket with a deadline.
class Http {
public:
    explicit Http(const TestBroker& broker) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(broker.port(1));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        timeval patience{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
    ~Http() { ::close(socket_); }
    Http(const Http&) = delete;
    Http& operator=(const Http&) = delete;

    void send(std::string_view text) {
        while (!text.empty()) {
            const ssize_t n = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            REQUIRE(n > 0);
            text.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    void ask(std::string_view line, std::string_view headers = {}) {
        send(std::string(line) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + std::string(headers) +
             "\r\n");
    }
    // Until `end` has come, which is taken with what is before it; "" at the end of the stream.
    std::string until(std::string_view end) {
        while (in_.find(end) == std::string::npos) {
            char buffer[16 * 1024];
            const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
            if (n <= 0) return {};
            in_.append(buffer, static_cast<std::size_t>(n));
        }
        const std::size_t size = in_.find(end) + end.size();
        const std::string taken = in_.substr(0, size);
        in_.erase(0, size);
        return taken;
    }
    bool is_over() { return until("\x01never\x01").empty(); }

private:
    int socket_;
    std::string in_;
};

}  // namespace

TEST_CASE("http server: requests of one connection are answered in their order") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_http(threads));
        Http http(broker);
        http.send(
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            "POST /api/publish?topic=a&qos=1&retain=1 HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Length: 2\r\n\r\nhi"
            "GET /api/retained/a HTTP/1.1\r\nHost: localhost\r\n\r\n"
            "HEAD /api/retained/a HTTP/1.1\r\nHost: localhost\r\n\r\n"
            "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        CHECK(http.until("\r\n\r\nok\n").starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(http.until("\"had_subscribers\":false}\n").starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(http.until("\r\n\r\nhi").find("Content-Length: 2\r\n") != std::string::npos);
        CHECK(http.until("\r\n\r\n").find("Content-Length: 2\r\n") != std::string::npos);
        CHECK(http.until("\"}\n").starts_with("HTTP/1.1 404 Not Found\r\n"));
        CHECK(http.is_over());
    }
}

TEST_CASE(
    "http server: what is published goes to subscribers, what is subscribed comes as events") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_http(threads));
        RawClient subscriber = broker.client("s");
        subscriber.subscribe("a/#", QoS::at_least_once);
        Http events(broker);
        events.ask("GET /api/subscribe?filter=a/%23&qos=2&count=2");
        CHECK(events.until(": subscribed\n\n").find("text/event-stream") != std::string::npos);
        Http http(broker);
        const std::string body = "POST /api/publish?topic=a/b&qos=1&user-property=unit=C";
        http.ask(body, "Content-Length: 0\r\n");
        CHECK(http.until("}\n").find("\"had_subscribers\":true") != std::string::npos);
        http.ask("POST /api/publish?topic=a/c", "Content-Length: 0\r\n");
        CHECK(http.until("}\n").find("\"topic\":\"a/c\",\"qos\":0") != std::string::npos);
        CHECK(events.until("}\n\n").find(
                  "data: {\"topic\":\"a/b\",\"qos\":1,\"retain\":false,\"payloadlen\":0,"
                  "\"properties\":{\"user-properties\":[{\"unit\":\"C\"}]},\"payload\":null}") !=
              std::string::npos);
        CHECK(events.until("0\r\n\r\n").find("\"topic\":\"a/c\"") != std::string::npos);
    }
}

TEST_CASE("http server: topics come as the reader takes them, all of them, each once") {
    TestBroker broker(with_http());
    constexpr int kTopics = 20'000;
    Http http(broker);
    RawClient publisher = broker.client("p");
    for (int i = 0; i < kTopics; ++i) {
        Publish publish;
        const std::string topic = "deep/" + std::to_string(i % 7) + "/" + std::to_string(i);
        publish.topic = topic;
        publish.retain = true;
        publish.payload = as_bytes("value");
        publisher.send(publish);
    }
    REQUIRE(eventually([&] { return broker->stats().retained_messages == kTopics; }));
    http.ask("GET /api/topics?filter=deep/%23", "Connection: close\r\n");
    // The reader waits: what the broker stages for it is bounded.
    Http other(broker);
    other.ask("GET /healthz");
    CHECK(!other.until("ok\n").empty());
    CHECK(broker->stats().output_bytes < 1'000'000);
    const std::string all = http.until("0\r\n\r\n");
    std::size_t count = 0;
    for (std::size_t at = all.find("\"topic\""); at != std::string::npos;
         at = all.find("\"topic\"", at + 1))
        ++count;
    CHECK(count == kTopics);
    CHECK(http.is_over());
}

TEST_CASE("http server: connections that end in the last turn do not outlive what they ask") {
    for (int round = 0; round < 200; ++round) {
        TestBroker broker(with_http());
        std::vector<std::unique_ptr<Http>> clients;
        for (int i = 0; i < 8; ++i)
            clients.push_back(std::make_unique<Http>(broker));
        clients.back()->ask("GET /healthz");
        REQUIRE(!clients.back()->until("ok\n").empty());  // all are accepted
        clients.clear();
    }
}

TEST_CASE("http server: an upgrade to WebSocket is an MQTT connection") {
    TestBroker broker(with_http());
    Http http(broker);
    http.ask("GET /mqtt",
             "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n");
    CHECK(http.until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
    // CONNECT of 3.1.1, masked with zeros.
    const char connect[] = "\x82\x8f\0\0\0\0\x10\x0d\0\4MQTT\4\2\0\0\0\1w";
    http.send({connect, sizeof connect - 1});
    CHECK(!http.until(std::string_view("\x82\x04\x20\x02\0\0", 6)).empty());
    CHECK(eventually([&] { return broker->stats().clients_connected == 1; }));

    Http foreign(broker);
    foreign.ask("GET /mqtt",
                "Origin: https://evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Protocol: mqtt\r\n");
    CHECK(foreign.until("\r\n\r\n").starts_with("HTTP/1.1 403 "));
}

TEST_CASE(
    "http server: who does not finish its request is told and let go; 100 comes when wanted") {
    BrokerConfig config = with_http();
    config.connect_timeout = std::chrono::milliseconds(200);
    TestBroker broker(config);
    Http slow(broker);
    slow.send("GET / HTT");
    CHECK(slow.until("\"}\n").starts_with("HTTP/1.1 408 "));
    CHECK(slow.is_over());
    Http silent(broker);
    CHECK(silent.is_over());
    Http http(broker);
    http.ask("POST /api/publish?topic=a", "Expect: 100-continue\r\nContent-Length: 1\r\n");
    CHECK(http.until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    http.send("x");
    CHECK(http.until("}\n").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("http server: the broker stops while answers are under way") {
    auto broker = std::make_unique<TestBroker>(with_http(3));
    Http events(*broker);
    events.ask("GET /api/subscribe?filter=%23");
    CHECK(!events.until(": subscribed\n\n").empty());
    Http clients(*broker);
    clients.ask("GET /api/clients");
    broker.reset();
    CHECK(events.is_over());
}

TEST_CASE("http server: others than programs of this machine need users at all") {
    BrokerConfig config = with_http();
    config.listeners.back().endpoint.host = "0.0.0.0";
    CHECK_THROWS_AS(Broker{config}, std::invalid_argument);
    config.authenticate = [](const LoginRequest& request) {
        return request.user_name ? ReasonCode::success : ReasonCode::not_authorized;
    };
    TestBroker broker(config);
    Http http(broker);
    http.ask("GET /metrics");
    CHECK(http.until("\"}\n").find("WWW-Authenticate: Basic ") != std::string::npos);
    http.ask("GET /metrics", "Sec-Fetch-Dest: empty\r\n");
    CHECK(http.until("\"}\n").find("WWW-Authenticate: Page ") != std::string::npos);
    http.ask("GET /metrics", "Authorization: Basic YW5uOg==\r\n");
    CHECK(http.until("build_info").starts_with("HTTP/1.1 200 "));
}

TEST_CASE(
    "http server: refusals of wrong passwords come late after many, on connections that stay") {
    BrokerConfig config = with_http();
    config.login_threads = 1;
    config.maximum_login_delay = std::chrono::milliseconds(300);
    config.authenticate = [](const LoginRequest& login) {
        return login.password && as_text(*login.password) == "sec:ret" ? ReasonCode::success
                                                                       : ReasonCode::not_authorized;
    };
    TestBroker broker(std::move(config));
    Http http(broker);
    for (int i = 0; i < 7; ++i) {
        http.ask("GET /api/stats", "Authorization: Basic YW5uOndyb25n\r\n");
        CHECK(http.until("\r\n\r\n").starts_with("HTTP/1.1 401"));
        http.until("}\n");
        CHECK(broker->stats().limits[Limit::login_delay] == std::uint64_t(i < 5 ? 0 : i - 4));
    }
    http.ask("GET /api/stats", "Authorization: Basic YW5uOnNlYzpyZXQ=\r\n");
    CHECK(http.until("\r\n\r\n").starts_with("HTTP/1.1 200"));
}

namespace {

std::string at(const TempFolder& folder, std::string_view name) {
    return folder.path() + "/" + std::string(name);
}

// What is in a file ends with a dot, so that its end is seen.
BrokerConfig with_files(const TempFolder& folder, bool has_api) {
    BrokerConfig config = with_http();
    ListenerConfig& listener = config.listeners.back();
    listener.serves_http = has_api;
    if (!has_api) listener.endpoint.transport = Transport::websocket;
    listener.http_folder = at(folder, "www");
    std::filesystem::create_directories(at(folder, "www/a/.well-known"));
    const auto put = [&](std::string_view name, std::string_view text) {
        std::ofstream(at(folder, name)) << text;
    };
    put("secret", "outside.");
    put("www/a/b.JS", "script.");
    put("www/a/ü x.txt", "text.");
    put("www/a/empty", "");
    put("www/.hidden", "hidden.");
    put("www/a/.well-known/x", "known.");
    return config;
}

std::string get(Http& http, std::string_view path, std::string_view end) {
    http.ask("GET " + std::string(path));
    return http.until(end);
}

}  // namespace

TEST_CASE("http files: a listener for WebSocket serves a folder and nothing outside of it") {
    TempFolder folder;
    const BrokerConfig config = with_files(folder, false);
    std::filesystem::create_symlink("../secret", at(folder, "www/link"));
    std::filesystem::create_symlink("..", at(folder, "www/up"));
    std::filesystem::create_symlink("a", at(folder, "www/within"));
    REQUIRE(::mkfifo(at(folder, "www/fifo").c_str(), 0600) == 0);
    TestBroker broker(config);
    Http http(broker);

    const std::string script = get(http, "/a/b.JS?version=2", "script.");
    CHECK(script.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(script.find("Content-Type: text/javascript; charset=utf-8\r\nContent-Length: 7\r\n") !=
          std::string::npos);
    CHECK(script.find("X-Content-Type-Options: nosniff") != std::string::npos);
    CHECK(get(http, "/a/%C3%BC%20x.txt", "text.").find("text/plain") != std::string::npos);
    CHECK(get(http, "/a/.well-known/x", "known.").find("octet-stream") != std::string::npos);
    CHECK(get(http, "/a/empty", "\r\n\r\n").find("Content-Length: 0\r\n") != std::string::npos);
    CHECK(get(http, "/a", "\r\n\r\n").find("Location: /a/\r\n") != std::string::npos);
    http.ask("HEAD /a/b.JS");
    CHECK(http.until("\r\n\r\n").find("Content-Length: 7\r\n") != std::string::npos);
    http.ask("POST /a/b.JS", "Content-Length: 0\r\n");
    CHECK(http.until("}\n").find("Allow: GET, HEAD\r\n") != std::string::npos);

    for (const std::string_view path : {"/",
                                        "/a/",
                                        "/none",
                                        "/secret",
                                        "/../secret",
                                        "/%2e%2e/secret",
                                        "/..%2Fsecret",
                                        "/a/../../secret",
                                        "/a/%2e%2e/%2e%2e/secret",
                                        "/link",
                                        "/up/secret",
                                        "/within/b.JS",
                                        "/.hidden",
                                        "/a//b.JS",
                                        "//a/b.JS",
                                        "/a/./b.JS",
                                        "/fifo",
                                        "/api/topics",
                                        "/metrics",
                                        "/a/b.JS/",
                                        "/a/b.JS/x"}) {
        CAPTURE(path);
        CHECK(get(http, path, "}\n").starts_with("HTTP/1.1 404 "));
    }
    // MQTT is on the same port.
    http.ask("GET /mqtt",
             "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n");
    CHECK(http.until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
}

TEST_CASE(
    "http files: on a listener for HTTP the API stays, an index.html takes the page's place") {
    TempFolder folder;
    TestBroker broker(with_files(folder, true));
    Http http(broker);
    CHECK(get(http, "/", "</html>\n").find("script-src 'nonce-") != std::string::npos);
    std::ofstream(at(folder, "www/index.html")) << "mine.";
    std::filesystem::create_directories(at(folder, "www/api"));
    std::ofstream(at(folder, "www/api/topics")) << "not mine.";
    std::ofstream(at(folder, "www/healthz")) << "not mine.";
    const std::string page = get(http, "/", "mine.");
    CHECK(page.find("text/html; charset=utf-8") != std::string::npos);
    CHECK(page.find("sandbox") == std::string::npos);
    CHECK(get(http, "/healthz", "ok\n").starts_with("HTTP/1.1 200 "));
    CHECK(get(http, "/api/topics?filter=a%2B", "}\n").starts_with("HTTP/1.1 400 "));
    CHECK(get(http, "/none", "}\n").starts_with("HTTP/1.1 404 "));
}

TEST_CASE(
    "http files: a large one comes whole to who reads late, a shrinking one ends its connection") {
    TempFolder folder;
    const BrokerConfig config = with_files(folder, false);
    std::string large(20'000'000, 'x');
    large += "end.";
    std::ofstream(at(folder, "www/large")) << large;
    TestBroker broker(config);
    Http first(broker);
    Http second(broker);
    first.ask("GET /large");
    second.ask("GET /large");
    CHECK(first.until("\r\n\r\n").find("Content-Length: 20000004\r\n") != std::string::npos);
    CHECK(second.until("\r\n\r\n").find("Content-Length: 20000004\r\n") != std::string::npos);
    CHECK(second.until("end.") == large);
    std::filesystem::resize_file(at(folder, "www/large"), 1'000);
    CHECK(first.is_over());
}

TEST_CASE("http files: a folder that is not there, and listeners that speak no HTTP, are refused") {
    TempFolder folder;
    BrokerConfig config = with_files(folder, false);
    config.listeners.back().http_folder = at(folder, "none");
    Broker broker(config);
    CHECK(!broker.start());
    CHECK(broker.start_error().find("/none, cannot be opened: No such file") != std::string::npos);
    CHECK(broker.failed_listener() == 1);
    config.listeners.back().endpoint.transport = Transport::tcp;
    CHECK_THROWS_AS(Broker{config}, std::invalid_argument);
    config.listeners.back().endpoint.transport = Transport::websocket;
    config.listeners.back().proxy_header = ProxyHeader::v2;
    CHECK_THROWS_AS(Broker{config}, std::invalid_argument);
}
