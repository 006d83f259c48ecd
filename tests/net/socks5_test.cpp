// SOCKS5 against scripted proxies in memory, byte by byte, and through a real connection.
#include "net/socks5_stream.hpp"

#include <doctest/doctest.h>

#include "mqtt/error.hpp"
#include "support/memory_stream.hpp"
#include "support/net_connect.hpp"

using namespace mqtt;
using namespace mqtt::net;
using namespace mqtt::test;

namespace {

struct Outcome {
    std::string sent;
    std::string text;
    bool done = false;
};

// The proxy says `answers` one after the other, each after something was sent; one byte per call.
Outcome talk(const ProxyOptions& proxy, const std::string& host,
             const std::vector<std::string>& answers) {
    MemoryPair pair = make_memory_pair();
    pair.a->read_limit = pair.a->write_limit = 1;
    MemoryStream* wire = pair.a.get();
    Socks5Stream stream(std::move(pair.a), proxy, host, 1883);
    Outcome out;
    std::size_t next = 0;
    for (int i = 0; i < 2000 && !stream.is_handshake_done() && stream.failure_text().empty(); ++i) {
        const std::size_t before = wire->outgoing().size();
        stream.handshake();
        const bool is_quiet = wire->outgoing().size() == before && wire->incoming().empty();
        if (is_quiet && next < answers.size())
            pair.b->outgoing() = answers[next++];
        else if (is_quiet)
            pair.b.reset();
    }
    out.sent = wire->outgoing();
    out.text = stream.failure_text();
    out.done = stream.is_handshake_done();
    return out;
}

std::string bytes(std::initializer_list<int> values) {
    std::string out;
    for (const int value : values)
        out.push_back(static_cast<char>(value));
    return out;
}

ProxyOptions with_login() {
    ProxyOptions out;
    out.user_name = "user";
    out.password = "pw";
    return out;
}

const std::string kOk = bytes({5, 0, 0, 1, 127, 0, 0, 1, 0, 80});

}  // namespace

TEST_CASE("socks5: a name goes to the proxy unresolved, addresses as addresses") {
    const Outcome name = talk({}, "broker.example", {bytes({5, 0}), kOk});
    CHECK(name.done);
    CHECK(name.sent == bytes({5, 1, 0, 5, 1, 0, 3, 14}) + "broker.example" + bytes({0x07, 0x5b}));
    CHECK(talk({}, "10.1.2.3", {bytes({5, 0}), kOk}).sent ==
          bytes({5, 1, 0, 5, 1, 0, 1, 10, 1, 2, 3, 0x07, 0x5b}));
    const Outcome v6 =
        talk({}, "::1", {bytes({5, 0}), bytes({5, 0, 0, 4}) + std::string(18, '\0')});
    CHECK(v6.done);
    CHECK(v6.sent.substr(3, 4) == bytes({5, 1, 0, 4}));
    CHECK(talk({}, "h", {bytes({5, 0}), bytes({5, 0, 0, 3, 2, 'a', 'b', 0, 1})}).done);
}

TEST_CASE("socks5: a login is offered, sent when asked for, and its refusal told") {
    const Outcome ok = talk(with_login(), "h", {bytes({5, 2}), bytes({1, 0}), kOk});
    CHECK(ok.done);
    CHECK(ok.sent.starts_with(bytes({5, 2, 0, 2, 1, 4, 'u', 's', 'e', 'r', 2, 'p', 'w', 5, 1, 0})));
    CHECK(talk(with_login(), "h", {bytes({5, 2}), bytes({1, 1})}).text ==
          "it refused the user name or password");
    CHECK(talk({}, "h", {bytes({5, 255})}).text == "it wants a user name and password");
    CHECK(talk(with_login(), "h", {bytes({5, 255})}).text == "it refuses logins with a password");
}

TEST_CASE("socks5: refusals and strangers are named") {
    CHECK(talk({}, "h", {bytes({5, 0}), bytes({5, 5, 0, 1, 0, 0, 0, 0, 0, 0})})
              .text.starts_with("the host refused"));
    CHECK(talk({}, "h", {bytes({5, 0}), bytes({5, 2, 0, 1, 0, 0, 0, 0, 0, 0})})
              .text.starts_with("its rules"));
    CHECK(talk({}, "h", {"HTTP/1.1 400"}).text == "it does not speak SOCKS5");
    CHECK(talk({}, "h", {bytes({5, 0})}).text == "it closed the connection");
    CHECK(talk({}, std::string(256, 'h'), {}).text.find("255") != std::string::npos);
}

TEST_CASE("socks5: connecting through a proxy, and a proxy that is not there") {
    TestLoop test;
    ListenOptions options;
    options.endpoint = Endpoint{Transport::tcp, "127.0.0.1", 0, {}};
    // A proxy that grants everything and then echoes: the broker behind it, so to say.
    std::unique_ptr<EchoPeer> peer;
    int answers = 0;
    auto opened = Listener::open(test.loop(), options, 0, [&](Accepted accepted) {
        peer = std::make_unique<EchoPeer>(test.loop(), std::move(accepted));
        peer->consumer.on_data = [&](Bytes in) {
            const std::string answer = answers == 0   ? bytes({5, 0})
                                       : answers == 1 ? kOk
                                                      : std::string(as_text(in));
            ++answers;
            peer->driver.out().append(as_bytes(answer));
            peer->driver.mark_dirty();
            return Consumed{in.size(), 0};
        };
    });
    REQUIRE(opened.listener);
    ConnectOptions connect;
    connect.endpoint = Endpoint{Transport::tcp, "broker.invalid", 1883, {}};
    connect.proxy.host = "127.0.0.1";
    connect.proxy.port = opened.listener->bound().front().port;
    ConnectResult result = connect_now(test, connect);
    REQUIRE_MESSAGE(result.stream, result.message);
    Collector client;
    Driver driver(test.loop(), std::move(result.stream), client);
    driver.start();
    driver.out().append(as_bytes("hello"));
    driver.mark_dirty();
    CHECK(test.run_until([&] { return client.text == "hello"; }));

    opened.listener.reset();
    result = connect_now(test, connect);
    CHECK(result.step == ConnectStep::proxy);
    CHECK(result.message.find("that is the proxy") != std::string::npos);
}
