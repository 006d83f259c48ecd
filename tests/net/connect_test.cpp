// Connecting and listening over every transport, and every way in which connecting fails: each with
// its code and its words.
#include "net/connect.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "net/connect_race.hpp"
#include "net/peer_guess.hpp"
#include "support/net_connect.hpp"
#include "support/socket_pair.hpp"
#include "support/test_certificates.hpp"

using namespace mqtt;
using namespace mqtt::net;
using namespace mqtt::test;
using namespace std::chrono_literals;

namespace {

TestAuthority& authority() {
    static TestAuthority made;
    return made;
}

ListenOptions listen_on(Transport transport) {
    static int count = 0;
    ListenOptions options;
    options.endpoint = Endpoint{transport, "127.0.0.1", 0, {}};
    if (transport == Transport::unix_socket) {
        options.endpoint.path = authority().directory() + "/socket" + std::to_string(++count);
    }
    if (uses_tls(transport)) {
        const CertificateFiles files = authority().issue();
        options.tls.certificate_file = files.certificate;
        options.tls.key_file = files.key;
    }
    return options;
}

ConnectOptions connect_to(const Endpoint& endpoint, Duration timeout = 10s) {
    ConnectOptions options;
    options.endpoint = endpoint;
    options.tls.ca_file = authority().ca_file();
    options.connect_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(timeout);
    return options;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// A listening socket that answers each connection with `answer` when it has said something, and
// closes; or, with `keep`, keeps it open without a word.
struct RawServer {
    explicit RawServer(TestLoop& test, std::string text = {}, bool keep_open = false)
        : answer(std::move(text))
        , keep(keep_open) {
        auto opened = Listener::open(
            test.loop(), listen_on(Transport::tcp), 0, [this, &test](Accepted accepted) {
                peers.push_back(std::make_unique<EchoPeer>(test.loop(), std::move(accepted)));
                EchoPeer& peer = *peers.back();
                peer.consumer.on_data = [this, &peer](Bytes bytes) {
                    if (!keep) {
                        peer.driver.out().append(as_bytes(answer));
                        peer.driver.close_gracefully();
                    }
                    return Consumed{bytes.size(), 0};
                };
            });
        listener = std::move(opened.listener);
    }
    Endpoint endpoint(Transport transport) const {
        Endpoint out = listener->bound().front();
        out.transport = transport;
        return out;
    }
    std::string answer;
    bool keep;
    std::vector<std::unique_ptr<EchoPeer>> peers;
    std::unique_ptr<Listener> listener;
};

// A port whose SYNs get no answer: its backlog is full and stays so.
struct DeafPort {
    explicit DeafPort(const char* address = "127.0.0.1", std::uint16_t wanted_port = 0) {
        listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        SocketAddress local;
        REQUIRE(make_numeric_address(address, wanted_port, local));
        REQUIRE(::bind(listener, local.get(), local.size) == 0);
        REQUIRE(::listen(listener, 0) == 0);
        REQUIRE(::getsockname(listener, local.get(), &local.size) == 0);
        port = local.port();
        for (int i = 0; i < 4; ++i) {
            clients.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            ::connect(clients.back(), local.get(), local.size);
        }
    }
    ~DeafPort() {
        for (const int client : clients)
            ::close(client);
        ::close(listener);
    }
    int listener = -1;
    std::uint16_t port = 0;
    std::vector<int> clients;
};

// A port on which nothing listens, and nobody else can begin to.
struct ClosedPort {
    ClosedPort() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        SocketAddress local;
        REQUIRE(make_numeric_address("127.0.0.1", 0, local));
        REQUIRE(::bind(socket.get(), local.get(), local.size) == 0);
        REQUIRE(::getsockname(socket.get(), local.get(), &local.size) == 0);
        port = local.port();
    }
    UniqueFd socket;
    std::uint16_t port = 0;
};

asio::awaitable<void> race_into(std::vector<SocketAddress> addresses, std::string bind_address,
                                TimePoint deadline, std::optional<RaceResult>* out) {
    *out = co_await connect_race(std::move(addresses), std::move(bind_address), deadline);
}

}  // namespace

TEST_CASE("connect: bytes go there and back over every transport, in both kinds of readiness") {
    for (const auto readiness : kBoth) {
        for (const Transport transport : {Transport::tcp, Transport::tls, Transport::websocket,
                                          Transport::secure_websocket, Transport::unix_socket}) {
            CAPTURE(static_cast<int>(transport));
            TestLoop test(readiness);
            EchoServer server(test, listen_on(transport));
            REQUIRE_MESSAGE(server.listener, server.message);
            Endpoint endpoint = server.endpoint();
            if (uses_websocket(transport)) endpoint.path = "/any?x=1";
            ConnectResult result = connect_now(test, connect_to(endpoint));
            REQUIRE_MESSAGE(result.stream, result.message);
            Collector client;
            Driver driver(test.loop(), std::move(result.stream), client);
            driver.start();
            const std::string text(300'000, 'e');
            driver.out().append(as_bytes(text));
            driver.mark_dirty();
            CHECK(test.run_until([&] { return client.text == text; }));
            REQUIRE(server.peers.size() == 1);
            driver.close_gracefully();
            CHECK(test.run_until([&] { return server.peers[0]->consumer.closed == 1; }));
            CHECK(!server.peers[0]->consumer.error);
            CHECK(test.run_until([&] { return client.closed == 1; }));
        }
    }
}

TEST_CASE("connect: an open port tells its real number, for IPv4 and IPv6 the same") {
    TestLoop test;
    ListenOptions options = listen_on(Transport::tcp);
    options.endpoint.host = "localhost";
    EchoServer server(test, options);
    REQUIRE_MESSAGE(server.listener, server.message);
    const auto bound = server.listener->bound();
    CHECK(bound.front().port != 0);
    for (const Endpoint& endpoint : bound) {
        CHECK(endpoint.port == bound.front().port);
        ConnectResult result = connect_now(test, connect_to(endpoint));
        CHECK_MESSAGE(result.stream, result.message);
        CHECK(contains(result.peer_address, std::to_string(endpoint.port)));
    }
    CHECK(
        connect_now(test, connect_to(Endpoint{Transport::tcp, "localhost", bound.front().port, {}}))
            .stream);
}

TEST_CASE("connect: nothing listening is a refusal that says so") {
    TestLoop test;
    const ClosedPort closed;
    const ConnectResult result =
        connect_now(test, connect_to(Endpoint{Transport::tcp, "127.0.0.1", closed.port, {}}));
    CHECK(result.stream == nullptr);
    CHECK_MESSAGE(result.error.code == Errc::connection_refused, result.message);
    CHECK(result.step == ConnectStep::connect);
    CHECK(contains(result.message, "cannot connect to 127.0.0.1 port "));
    CHECK(
        contains(result.message, "nothing listens on that port, or only on the loopback address"));
}

TEST_CASE("connect: a SYN without an answer ends at our deadline") {
    TestLoop test;
    const DeafPort deaf;
    const TimePoint start = Clock::now();
    const ConnectResult result =
        connect_now(test, connect_to(Endpoint{Transport::tcp, "127.0.0.1", deaf.port, {}}, 300ms));
    CHECK(result.error.code == Errc::timed_out);
    CHECK(contains(result.message, "firewall or cloud security group"));
    CHECK(Clock::now() - start >= 300ms);
}

TEST_CASE("connect: a deaf address does not keep the next one from winning the race") {
    TestLoop test;
    EchoServer server(test, listen_on(Transport::tcp));
    const std::uint16_t port = server.endpoint().port;
    const DeafPort deaf("127.0.0.2", port);
    std::vector<SocketAddress> addresses(2);
    REQUIRE(make_numeric_address("127.0.0.2", port, addresses[0]));
    REQUIRE(make_numeric_address("127.0.0.1", port, addresses[1]));
    std::optional<RaceResult> result;
    asio::co_spawn(test.context(), race_into(addresses, "", Clock::now() + 20s, &result),
                   asio::detached);
    REQUIRE(test.run_until([&] { return result.has_value(); }));
    CHECK(result->socket);
    CHECK(result->address.text() == "127.0.0.1:" + std::to_string(port));
}

TEST_CASE(
    "connect: an address that refuses is followed by the next at once, and the refusal is what is "
    "told") {
    TestLoop test;
    EchoServer server(test, listen_on(Transport::tcp));
    std::vector<SocketAddress> addresses(2);
    REQUIRE(make_numeric_address("127.0.0.2", server.endpoint().port, addresses[0]));
    REQUIRE(make_numeric_address("127.0.0.1", server.endpoint().port, addresses[1]));
    std::optional<RaceResult> result;
    asio::co_spawn(test.context(), race_into(addresses, "", Clock::now() + 20s, &result),
                   asio::detached);
    REQUIRE(test.run_until([&] { return result.has_value(); }));
    CHECK(result->socket);
    const DeafPort deaf;
    const ClosedPort closed;
    REQUIRE(make_numeric_address("127.0.0.1", closed.port, addresses[0]));
    REQUIRE(make_numeric_address("127.0.0.1", deaf.port, addresses[1]));
    result.reset();
    asio::co_spawn(test.context(), race_into(addresses, "", Clock::now() + 300ms, &result),
                   asio::detached);
    REQUIRE(test.run_until([&] { return result.has_value(); }));
    CHECK(result->error == std::errc::connection_refused);
}

TEST_CASE("connect: the local address can be chosen") {
    TestLoop test;
    EchoServer server(test, listen_on(Transport::tcp));
    ConnectOptions options = connect_to(server.endpoint());
    options.bind_address = "127.0.0.9";
    const ConnectResult result = connect_now(test, options);
    REQUIRE_MESSAGE(result.stream, result.message);
    REQUIRE(test.run_until([&] { return server.peers.size() == 1; }));
    CHECK(contains(server.peers[0]->address, "127.0.0.9:"));
    options.bind_address = "192.0.2.1";
    CHECK(contains(connect_now(test, options).message, "not one of this machine"));
}

TEST_CASE("connect: a name that does not exist is told apart from a host that does not answer") {
    TestLoop test;
    const ConnectResult result =
        connect_now(test, connect_to(Endpoint{Transport::tcp, "no..such..host", 1883, {}}, 3s));
    CHECK(result.error.code == Errc::resolve_failed);
    CHECK(result.step == ConnectStep::resolve);
    CHECK(contains(result.message, "cannot resolve host 'no..such..host'"));
}

TEST_CASE("connect: missing, deaf and overlong Unix sockets say what they are") {
    TestLoop test;
    const auto message = [&](const std::string& path) {
        return connect_now(test, connect_to(Endpoint{Transport::unix_socket, "", 0, path})).message;
    };
    CHECK(contains(message("/nonexistent/mqtt.sock"), "no such socket (is the broker running"));
    CHECK(contains(message("/" + std::string(200, 'x')), "too long"));
    const std::string stale = authority().directory() + "/stale";
    SocketAddress address;
    REQUIRE(!make_unix_address(stale, address));
    {
        const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
        REQUIRE(::bind(socket.get(), address.get(), address.size) == 0);
    }
    CHECK(contains(message(stale), "nobody listens"));
    // A listener takes over what a dead one has left.
    ListenOptions options = listen_on(Transport::unix_socket);
    options.endpoint.path = stale;
    {
        const EchoServer server(test, options);
        CHECK_MESSAGE(server.listener, server.message);
        const EchoServer second(test, options);
        CHECK(contains(second.message, "the address is in use"));
    }
    CHECK_FALSE(std::filesystem::exists(stale));
}

TEST_CASE("connect: TLS to a plain port, and silence instead of TLS, are recognised") {
    TestLoop test;
    const RawServer closes(test);
    ConnectResult result = connect_now(test, connect_to(closes.endpoint(Transport::tls)));
    CHECK(result.error.code == Errc::not_tls);
    CHECK(result.step == ConnectStep::tls);
    CHECK(contains(result.message,
                   "over TLS: the server closed the connection instead of answering in TLS"));
    const RawServer web(test, "HTTP/1.1 400 Bad Request\r\n\r\n");
    CHECK(connect_now(test, connect_to(web.endpoint(Transport::tls))).error.code == Errc::not_tls);
    const RawServer silent(test, "", true);
    result = connect_now(test, connect_to(silent.endpoint(Transport::tls), 300ms));
    CHECK(result.error.code == Errc::timed_out);
    CHECK(contains(result.message, "is this a TLS port?"));
}

TEST_CASE("connect: certificates, names and files that do not fit are told") {
    TestLoop test;
    EchoServer server(test, listen_on(Transport::tls));
    ConnectOptions options = connect_to(server.endpoint());
    options.tls.server_name = "other.example";
    ConnectResult result = connect_now(test, options);
    CHECK(result.error.code == Errc::tls_certificate_rejected);
    CHECK(contains(result.message, "not for 'other.example'"));
    options = connect_to(server.endpoint());
    options.tls.ca_file = "/nonexistent.pem";
    result = connect_now(test, options);
    CHECK(result.error.code == Errc::invalid_argument);
    CHECK(contains(result.message, "cannot read the CA file"));
}

TEST_CASE("connect: a refused upgrade carries its status, and silence its deadline") {
    TestLoop test;
    const RawServer missing(test, "HTTP/1.1 404 Not Found\r\n\r\n");
    ConnectResult result = connect_now(test, connect_to(missing.endpoint(Transport::websocket)));
    CHECK(result.error.code == Errc::websocket_upgrade_failed);
    CHECK(result.step == ConnectStep::websocket);
    CHECK(contains(result.message,
                   "the WebSocket upgrade failed: the server answered 404 Not Found"));
    const RawServer closes(test);
    CHECK(contains(connect_now(test, connect_to(closes.endpoint(Transport::websocket))).message,
                   "closed the connection without an answer"));
    const RawServer silent(test, "", true);
    result = connect_now(test, connect_to(silent.endpoint(Transport::websocket), 300ms));
    CHECK(result.error.code == Errc::timed_out);
    CHECK(contains(result.message, "is this a WebSocket port?"));
}

TEST_CASE("connect: giving up in the middle leaves nothing behind") {
    const DeafPort deaf;
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        const RawServer silent(test, "", true);
        std::optional<ConnectResult> a;
        std::optional<ConnectResult> b;
        const ConnectTarget first(connect_to(Endpoint{Transport::tcp, "127.0.0.1", deaf.port, {}}));
        const ConnectTarget second(connect_to(silent.endpoint(Transport::tls)));
        asio::co_spawn(test.context(), connect_into(first, &a), asio::detached);
        asio::co_spawn(test.context(), connect_into(second, &b), asio::detached);
        CHECK(test.run_until(
            [&] { return silent.peers.size() == 1 && silent.peers[0]->consumer.calls > 0; }));
        CHECK(!a.has_value());
        CHECK(!b.has_value());
        // The context is destroyed with both coroutines waiting (the sanitizers look on).
    }
}

TEST_CASE(
    "connect: new certificates are for connections to come, and what cannot be read is none") {
    TestLoop test;
    ListenOptions options = listen_on(Transport::tls);
    EchoServer server(test, options);
    const TestAuthority other("Other CA");
    TlsOptions fresh = options.tls;
    fresh.certificate_file = "/nonexistent.pem";
    TlsContext::Created created = TlsContext::create(fresh, TlsRole::server);
    CHECK_FALSE(created.context);
    CHECK(contains(created.message, "cannot read the certificate file"));
    CHECK(connect_now(test, connect_to(server.endpoint())).stream);
    TestAuthority renewed("Renewed CA");
    const CertificateFiles files = renewed.issue();
    fresh.certificate_file = files.certificate;
    fresh.key_file = files.key;
    created = TlsContext::create(fresh, TlsRole::server);
    REQUIRE(created.context);
    server.listener->use_tls(std::move(created.context));
    CHECK(connect_now(test, connect_to(server.endpoint())).error.code ==
          Errc::tls_certificate_rejected);
    ConnectOptions trusting = connect_to(server.endpoint());
    trusting.tls.ca_file = renewed.ca_file();
    CHECK(connect_now(test, trusting).stream);
}

TEST_CASE("connect: a paused listener accepts nothing until it is resumed") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        EchoServer server(test, listen_on(Transport::tcp));
        server.listener->pause();
        CHECK(connect_now(test, connect_to(server.endpoint())).stream);
        CHECK(test.run_until([&] { return !server.peers.empty(); }, 100ms) == false);
        server.listener->resume();
        CHECK(test.run_until([&] { return !server.peers.empty(); }));
    }
}

TEST_CASE("connect: listening where one cannot says why") {
    TestLoop test;
    EchoServer first(test, listen_on(Transport::tcp));
    ListenOptions options = listen_on(Transport::tcp);
    options.endpoint.port = first.endpoint().port;
    CHECK(contains(EchoServer(test, options).message,
                   "the address is in use (another program listens there"));
    options.endpoint = Endpoint{Transport::tcp, "192.0.2.1", 0, {}};
    CHECK(contains(EchoServer(test, options).message, "not one of this machine"));
    options = listen_on(Transport::tls);
    options.tls.certificate_file.clear();
    CHECK(contains(EchoServer(test, options).message, "needs a certificate file"));
}

TEST_CASE("connect: what speaks TLS or HTTP on an MQTT port is recognised by its first bytes") {
    CHECK(looks_like_tls_record(as_bytes(std::string_view("\x15\x03\x01\x00\x02\x02\x46", 7))));
    CHECK(looks_like_tls_record(as_bytes(std::string_view("\x16\x03\x03\x00", 4))));
    CHECK_FALSE(looks_like_tls_record(as_bytes(std::string_view("\x20\x02\x00\x00", 4))));
    CHECK(looks_like_http(as_bytes("HTTP/1.1 400 Bad Request")));
    CHECK(looks_like_http(as_bytes("GET / HTTP/1.1")));
    CHECK_FALSE(looks_like_http(as_bytes(std::string_view("\x20\x02\x00\x00", 4))));
}
