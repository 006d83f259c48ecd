// Which web pages may open a WebSocket, and by which names.
#include "net/ws_origin.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <unistd.h>

#include "net/byte_stream.hpp"
#include "net/socket.hpp"
#include "net/ws_handshake.hpp"

using namespace mqtt::net;

namespace {

WebVerdict verdict(const std::string& host, const std::string& origin,
                   std::vector<std::string> allowed = {}, const ByteStream* stream = nullptr) {
    std::string head = "GET /mqtt HTTP/1.1\r\nHost: " + host + "\r\n";
    if (!origin.empty()) head += "Origin: " + origin + "\r\n";
    head += "\r\n";
    const auto parsed = parse_http_head(head);
    REQUIRE(parsed);
    return judge_upgrade(*parsed, allowed, stream);
}

bool may(const std::string& host, const std::string& origin,
         std::vector<std::string> allowed = {}) {
    return verdict(host, origin, std::move(allowed)) == WebVerdict::allowed;
}

// How a connection came, without anything to read.
struct Came final : ByteStream {
    IoResult read(std::span<std::uint8_t>) override { return {}; }
    IoResult write(const iovec*, int) override { return {}; }
    void identify(PeerIdentity& out) const override { out.address = behind_proxy; }
    bool is_certified_for(const std::string& host) const override { return host == certified; }
    int descriptor() const override { return socket.get(); }

    UniqueFd socket;
    std::string behind_proxy, certified;
};

UniqueFd bound_to(std::uint32_t address) {
    UniqueFd out(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(address);
    REQUIRE(::bind(out.get(), reinterpret_cast<sockaddr*>(&here), sizeof here) == 0);
    return out;
}

}  // namespace

TEST_CASE("ws origin: programs, and pages of the machine itself, may connect") {
    CHECK(may("localhost:8080", ""));
    CHECK(may("192.168.1.5:9001", ""));
    CHECK(may("localhost:8080", "http://localhost"));
    CHECK(may("127.0.0.1:8080", "http://127.0.0.1:3000"));
    CHECK(may("[::1]:8080", "https://[::1]"));
    CHECK(may("192.168.1.5:9001", "http://192.168.1.5:8123"));
}

TEST_CASE("ws origin: a foreign page may not, nor one whose name only resolves to here") {
    CHECK(verdict("localhost:8080", "https://evil.example") == WebVerdict::foreign_page);
    CHECK_FALSE(may("127.0.0.1:8080", "http://localhost"));
    CHECK(verdict("evil.example:8080", "http://evil.example") == WebVerdict::unknown_host);
    CHECK_FALSE(may("localhost:8080", "null"));
    CHECK_FALSE(may("localhost:8080", "http://"));
    CHECK_FALSE(may("[::1", "http://[::1"));
}

TEST_CASE("ws origin: without an Origin the name counts as well") {
    CHECK(verdict("evil.example:8080", "") == WebVerdict::unknown_host);
    CHECK(verdict("127.0.0.1.evil.example", "") == WebVerdict::unknown_host);
    CHECK(verdict("localhost.evil.example", "") == WebVerdict::unknown_host);
    CHECK(verdict("", "") == WebVerdict::unknown_host);
    CHECK(verdict("broker", "") == WebVerdict::unknown_host);
    std::array<char, 256> name{};
    REQUIRE(::gethostname(name.data(), name.size() - 1) == 0);
    const std::string machine = name.data();
    const std::string alone = machine.substr(0, machine.find('.'));
    CHECK(may(machine, ""));
    CHECK(may(alone + ":9001", ""));
    CHECK(may(alone + ".LOCAL:9001", ""));
    CHECK(may(alone + ".home.arpa", "http://" + alone + ".home.arpa"));
    CHECK_FALSE(may(alone + ".evil.example", ""));
    CHECK_FALSE(may(alone + "evil.local", ""));
}

TEST_CASE("ws origin: a list widens and narrows") {
    CHECK(may("example.org", "https://app.example.org", {"https://app.example.org"}));
    CHECK_FALSE(may("example.org", "http://app.example.org", {"https://app.example.org"}));
    CHECK_FALSE(may("localhost", "http://localhost", {"https://app.example.org"}));
    CHECK(may("x.example", "https://y.example", {"*"}));
    CHECK(may("x.example", "", {"*"}));
    CHECK(may("App.example.org:9001", "", {"https://app.example.org:8443"}));
    CHECK(may("localhost", "", {"https://app.example.org"}));
    CHECK(verdict("x.example", "", {"https://app.example.org"}) == WebVerdict::unknown_host);
}

TEST_CASE("ws origin: how a connection came makes more names its own") {
    Came came;
    CHECK(verdict("broker", "", {}, &came) == WebVerdict::unknown_host);
    came.socket = bound_to(INADDR_LOOPBACK);
    CHECK(verdict("broker", "", {}, &came) == WebVerdict::unknown_host);
    came.socket = bound_to(INADDR_ANY);  // stands for an address of the network
    CHECK(verdict("broker", "", {}, &came) == WebVerdict::allowed);
    CHECK(verdict("evil.example", "", {}, &came) == WebVerdict::unknown_host);
    CHECK(verdict("broker", "https://evil.example", {}, &came) == WebVerdict::foreign_page);
    came.certified = "broker.example";
    CHECK(verdict("broker.example:8084", "", {}, &came) == WebVerdict::allowed);
    CHECK(verdict("evil.example", "", {}, &came) == WebVerdict::unknown_host);
    came.behind_proxy = "192.0.2.1:50123";
    CHECK(verdict("public.example", "", {}, &came) == WebVerdict::allowed);
    CHECK(verdict("public.example", "https://evil.example", {}, &came) == WebVerdict::foreign_page);
    Came local;
    local.socket = UniqueFd(::socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK(verdict("public.example", "", {}, &local) == WebVerdict::allowed);
}

TEST_CASE("ws origin: two Origin headers are refused, and a refusal says which key opens") {
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
    CHECK(answer.text.find("websockets_origin") != std::string::npos);
    const UpgradeAnswer lost =
        answer_upgrade("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", &none);
    CHECK_FALSE(lost.accepted);
    CHECK(lost.is_foreign);
    CHECK(lost.text.starts_with("HTTP/1.1 421 Misdirected Request\r\n"));
    CHECK(lost.text.find("websockets_origin") != std::string::npos);
}
