// TLS between two streams in memory and over sockets: verification with its reasons, client
// certificates, pre-shared keys, revocation, reload of files, and a wire that breaks below.
#include "net/tls_stream.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "net/tls_error.hpp"
#include "net/ws_stream.hpp"
#include "support/faulty_stream.hpp"
#include "support/memory_stream.hpp"
#include "support/net_loop.hpp"
#include "support/socket_pair.hpp"
#include "support/test_certificates.hpp"

using namespace mqtt;
using namespace mqtt::net;
using namespace mqtt::test;

namespace {

TestAuthority& authority() {
    static TestAuthority made;
    return made;
}

TlsOptions server_options(const CertificateRequest& request = {}) {
    const CertificateFiles files = authority().issue(request);
    TlsOptions options;
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    return options;
}

TlsOptions client_options() {
    TlsOptions options;
    options.ca_file = authority().ca_file();
    return options;
}

std::unique_ptr<TlsContext> make(const TlsOptions& options, TlsRole role) {
    TlsContext::Created created = TlsContext::create(options, role);
    REQUIRE_MESSAGE(created.context != nullptr, created.message);
    return std::move(created.context);
}

std::string why_not(const TlsOptions& options, TlsRole role) {
    return TlsContext::create(options, role).message;
}

struct Session {
    Session(const TlsOptions& client_side, const TlsOptions& server_side,
            const std::string& host = "localhost")
        : client_context(make(client_side, TlsRole::client))
        , server_context(make(server_side, TlsRole::server)) {
        MemoryPair pair = make_memory_pair();
        a = pair.a.get();
        b = pair.b.get();
        client = std::make_unique<TlsStream>(std::move(pair.a), *client_context, host);
        server = std::make_unique<TlsStream>(std::move(pair.b), *server_context);
    }

    // True when both sides are through.
    bool shake_hands() {
        for (int i = 0; i < 10'000; ++i) {
            if (!over(client_result)) client_result = client->handshake();
            if (!over(server_result)) server_result = server->handshake();
            if (over(client_result) && over(server_result)) break;
        }
        return client->is_handshake_done() && server->is_handshake_done();
    }
    static bool over(const IoResult& result) {
        return result.error || result.eof || (!result.want_read && !result.want_write);
    }

    std::unique_ptr<TlsContext> client_context;
    std::unique_ptr<TlsContext> server_context;
    std::unique_ptr<TlsStream> client;
    std::unique_ptr<TlsStream> server;
    MemoryStream* a;
    MemoryStream* b;
    IoResult client_result{.want_read = true};
    IoResult server_result{.want_read = true};
};

// The sentence of a client that refuses the server.
std::string refusal(const TlsOptions& client_side, const TlsOptions& server_side,
                    const std::string& host = "localhost") {
    Session session(client_side, server_side, host);
    CHECK_FALSE(session.shake_hands());
    CHECK(session.client->failure() == Errc::tls_certificate_rejected);
    return session.client->failure_text();
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

bool transfer(ByteStream& from, ByteStream& to, const std::string& text, std::size_t read_size) {
    std::string left = text;
    std::string got;
    std::vector<std::uint8_t> buffer(read_size);
    for (int i = 0; i < 1'000'000 && got.size() < text.size(); ++i) {
        const std::size_t third = left.size() / 3;
        const iovec vectors[] = {{left.data(), third}, {left.data() + third, left.size() - third}};
        const IoResult sent = from.write(vectors, 2);
        left.erase(0, sent.n);
        const IoResult received = to.read(buffer);
        got.append(as_text(Bytes(buffer).first(received.n)));
        if (sent.error || received.error || received.eof) return false;
    }
    return got == text;
}

std::string pattern(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>(i * 31 + i / 256);
    return out;
}

}  // namespace

TEST_CASE("tls: both sides agree and move bytes however few the wire moves at once") {
    for (const std::size_t limit : {1, 5, 100, 5000, 1'000'000}) {
        CAPTURE(limit);
        Session session(client_options(), server_options());
        session.a->read_limit = session.a->write_limit = limit;
        session.b->read_limit = session.b->write_limit = limit;
        REQUIRE(session.shake_hands());
        CHECK(session.client->version() == "TLSv1.3");
        for (const std::size_t size : {1, 1000, 20'000, 100'000}) {
            if (size > 1000 && limit < 100) continue;
            CHECK(transfer(*session.client, *session.server, pattern(size), 777));
            CHECK(transfer(*session.server, *session.client, pattern(size), 65536));
        }
    }
}

TEST_CASE("tls: a certificate is refused with its reason") {
    CHECK(contains(
        refusal(client_options(), server_options({.valid_from_days = -10, .valid_to_days = -2})),
        "expired on 20"));
    CHECK(contains(refusal(client_options(), server_options({.valid_from_days = 2})),
                   "valid only from 20"));
    CHECK(
        contains(refusal(client_options(), server_options({.self_signed = true})), "self-signed"));
    CHECK(contains(
        refusal(client_options(), server_options({.names = {"DNS:other.example", "IP:10.1.2.3"}})),
        "it is for other.example, 10.1.2.3, not for 'localhost'"));
    CHECK(
        contains(refusal(client_options(), server_options(), "127.0.0.2"), "not for '127.0.0.2'"));
    const TestAuthority stranger("Stranger CA");
    TlsOptions trusting_stranger;
    trusting_stranger.ca_file = stranger.ca_file();
    CHECK(contains(refusal(trusting_stranger, server_options()),
                   "its issuer 'Test CA' is not trusted here"));
    CHECK(contains(refusal({}, server_options()), "its issuer 'Test CA' is not trusted here"));
}

TEST_CASE("tls: addresses, wildcards and other server names are checked") {
    CHECK(Session(client_options(), server_options(), "127.0.0.1").shake_hands());
    CHECK(Session(client_options(), server_options(), "::1").shake_hands());
    CHECK(Session(client_options(), server_options({.names = {"DNS:*.example.org"}}),
                  "broker.example.org")
              .shake_hands());
    CHECK_FALSE(Session(client_options(), server_options({.names = {"DNS:*.example.org"}}),
                        "a.b.example.org")
                    .shake_hands());
    TlsOptions renamed = client_options();
    renamed.server_name = "localhost";
    CHECK(Session(renamed, server_options(), "10.9.8.7").shake_hands());
}

TEST_CASE("tls: verification can be switched off, wholly or for the name") {
    TlsOptions insecure;
    insecure.verify_peer = false;
    CHECK(Session(insecure, server_options({.valid_from_days = -9, .valid_to_days = -2}), "x")
              .shake_hands());
    TlsOptions any_name = client_options();
    any_name.verify_host_name = false;
    CHECK(Session(any_name, server_options(), "other.example").shake_hands());
    CHECK_FALSE(
        Session(any_name, server_options({.self_signed = true}), "localhost").shake_hands());
}

TEST_CASE("tls: a hashed CA directory serves, and so do the system's variables") {
    TlsOptions by_directory;
    by_directory.ca_directory = authority().make_hashed_directory();
    CHECK(Session(by_directory, server_options()).shake_hands());
    ::setenv("SSL_CERT_FILE", authority().ca_file().c_str(), 1);
    CHECK(Session({}, server_options()).shake_hands());
    ::unsetenv("SSL_CERT_FILE");
    ::setenv("SSL_CERT_DIR", by_directory.ca_directory.c_str(), 1);
    CHECK(Session({}, server_options()).shake_hands());
    ::unsetenv("SSL_CERT_DIR");
}

TEST_CASE("tls: a listener can ask for client certificates, and require them") {
    TlsOptions strict = server_options();
    strict.ca_file = authority().ca_file();
    strict.require_client_certificate = true;
    strict.maximum_version = "tlsv1.2";  // where the refusal comes inside the client's handshake
    Session without(client_options(), strict);
    CHECK_FALSE(without.shake_hands());
    CHECK(without.client->failure() == Errc::tls_failed);
    CHECK(contains(without.client->failure_text(), "alert handshake failure"));

    TlsOptions identified = client_options();
    const CertificateFiles files = authority().issue({.common_name = "device-1", .names = {}});
    identified.certificate_file = files.certificate;
    identified.key_file = files.key;
    Session with(identified, strict);
    CHECK(with.shake_hands());
    CHECK(with.server->peer_common_name() == "device-1");

    strict.maximum_version.clear();
    Session late(client_options(), strict);
    late.shake_hands();
    std::array<std::uint8_t, 16> buffer;
    CHECK(contains(late.client->read(buffer).error.message(), "certificate required"));
}

TEST_CASE("tls: a revoked certificate is refused, its siblings are not") {
    const TlsOptions good = server_options();
    const TlsOptions bad = server_options();
    TlsOptions client = client_options();
    client.crl_file = authority().make_crl({{bad.certificate_file, bad.key_file}});
    CHECK(Session(client, good).shake_hands());
    CHECK(contains(refusal(client, bad), "has been revoked"));
}

TEST_CASE("tls: versions, ALPN and pre-shared keys are as the options say") {
    TlsOptions old_server = server_options();
    old_server.maximum_version = "tlsv1.2";
    Session old(client_options(), old_server);
    REQUIRE(old.shake_hands());
    CHECK(old.client->version() == "TLSv1.2");
    TlsOptions modern = client_options();
    modern.minimum_version = "tlsv1.3";
    Session none(modern, old_server);
    CHECK_FALSE(none.shake_hands());
    CHECK(contains(none.client->failure_text(), "protocol version"));

    TlsOptions alpn_server = server_options();
    alpn_server.alpn = {"mqtt"};
    TlsOptions alpn_client = client_options();
    alpn_client.alpn = {"x-amzn-mqtt-ca", "mqtt"};
    Session alpn(alpn_client, alpn_server);
    REQUIRE(alpn.shake_hands());
    CHECK(alpn.client->alpn() == "mqtt");
    alpn_client.alpn = {"http/1.1"};
    CHECK_FALSE(Session(alpn_client, alpn_server).shake_hands());

    TlsOptions psk;
    psk.psk_identity = "device";
    psk.psk_hex = "00112233445566778899aabbccddeeff";
    Session keyed(psk, psk);
    CHECK_MESSAGE(keyed.shake_hands(), keyed.client->failure_text(), keyed.server->failure_text());
    TlsOptions psk_1_2 = psk;
    psk_1_2.maximum_version = "tlsv1.2";
    CHECK(Session(psk_1_2, psk).shake_hands());
    TlsOptions wrong = psk;
    wrong.psk_hex = "ff112233445566778899aabbccddeeff";
    CHECK_FALSE(Session(wrong, psk).shake_hands());
}

TEST_CASE("tls: a listener takes any identity of its PSK file, and tells which it was") {
    const std::string path =
        std::filesystem::temp_directory_path() / ("psk-" + std::to_string(::getpid()) + ".txt");
    const auto write = [&](const std::string& text) { std::ofstream(path) << text; };
    write("# keys\none:0011\n\ntwo:AABBCC\r\nodd:123\n");
    TlsOptions server;
    server.psk_file = path;
    server.psk_hint = "hint";
    const auto identity_of = [&](const std::string& identity, const std::string& key,
                                 const std::string& version) -> std::string {
        TlsOptions client;
        client.psk_identity = identity;
        client.psk_hex = key;
        client.maximum_version = version;
        Session session(client, server);
        if (!session.shake_hands()) return {};
        PeerIdentity peer;
        session.server->identify(peer);
        return peer.common_name;
    };
    for (const char* version : {"tlsv1.2", "tlsv1.3"}) {
        CHECK(identity_of("one", "0011", version) == "one");
        CHECK(identity_of("two", "aabbcc", version) == "two");
        CHECK(identity_of("odd", "0123", version) == "odd");
        CHECK(identity_of("one", "aabbcc", version) == "");
        CHECK(identity_of("three", "0011", version) == "");
    }
    write("one:0011\nnonsense\n");
    CHECK(why_not(server, TlsRole::server) == path + ":2: not identity:key");
    write("one:xy\n");
    CHECK(why_not(server, TlsRole::server) == path + ":1: the key is not hexadecimal");
    write("one:00\none:11\n");
    CHECK(why_not(server, TlsRole::server) == path + ":2: the identity is there twice");
    std::filesystem::remove(path);
    CHECK(contains(why_not(server, TlsRole::server), "cannot read the PSK file '" + path));
}

TEST_CASE("tls: faulty files and options are named before anything connects") {
    const TlsOptions good = server_options();
    TlsOptions o;
    o.ca_file = "/nonexistent/ca.pem";
    CHECK(why_not(o, TlsRole::client) ==
          "cannot read the CA file '/nonexistent/ca.pem': No such file or directory");
    o = {};
    o.ca_directory = "/nonexistent";
    CHECK(contains(why_not(o, TlsRole::client), "cannot read the CA directory '/nonexistent'"));
    CHECK(contains(why_not({}, TlsRole::server), "needs a certificate file"));
    o = good;
    o.certificate_file = good.key_file;
    CHECK(contains(why_not(o, TlsRole::server), "cannot read the certificate file"));
    o = good;
    o.key_file = server_options().key_file;
    CHECK(contains(why_not(o, TlsRole::server), "does not belong to the certificate"));
    o = good;
    o.minimum_version = "sslv3";
    CHECK(contains(why_not(o, TlsRole::server), "'sslv3' is not"));
    o = good;
    o.ciphers = "NOPE";
    CHECK(contains(why_not(o, TlsRole::server), "no cipher is known in 'NOPE'"));
    o = {};
    o.psk_identity = "x";
    o.psk_hex = "xyz";
    CHECK(contains(why_not(o, TlsRole::client), "not hexadecimal"));
}

TEST_CASE("tls: a key file's password is used, and never asked for") {
    TlsOptions options = server_options();
    options.key_file =
        authority().encrypt_key({options.certificate_file, options.key_file}, "secret");
    CHECK(contains(why_not(options, TlsRole::server), "is its password right?"));
    options.key_password = "secret";
    CHECK(Session(client_options(), options).shake_hands());
}

TEST_CASE("tls: keys are logged for Wireshark when asked for") {
    TlsOptions options = client_options();
    options.key_log_file = authority().directory() + "/keys.log";
    CHECK(Session(options, server_options()).shake_hands());
    std::ifstream file(options.key_log_file);
    std::string line;
    std::getline(file, line);
    CHECK(line.find("SECRET") != std::string::npos);
}

TEST_CASE("tls: a peer without TLS is recognised") {
    const auto context = make(client_options(), TlsRole::client);
    const auto meet = [&](const std::string& answer, bool ends) {
        MemoryPair pair = make_memory_pair();
        TlsStream client(std::move(pair.a), *context, "localhost");
        pair.b->outgoing() = answer;
        if (ends) pair.b.reset();
        IoResult result;
        for (int i = 0; i < 10; ++i)
            result = client.handshake();
        return std::pair(client.failure(), client.failure_text());
    };
    CHECK(meet("", true).first == Errc::not_tls);
    CHECK(meet(std::string("\x20\x02\x00\x00\x00", 5), false).first == Errc::not_tls);
    CHECK(meet("HTTP/1.1 400 Bad Request\r\n\r\n", true).first == Errc::not_tls);
    CHECK(contains(meet("SSH-2.0-OpenSSH_9.2\r\n", true).second, "does not speak TLS"));
}

TEST_CASE("tls: a plain client on a TLS port is recognised by the listener's side") {
    const auto context = make(server_options(), TlsRole::server);
    MemoryPair pair = make_memory_pair();
    TlsStream server(std::move(pair.a), *context);
    pair.b->outgoing() = std::string("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test", 18);
    const IoResult result = server.handshake();
    CHECK(is_not_tls(result.error));
    CHECK(contains(result.error.message(), "does not speak TLS"));
}

TEST_CASE("tls: closing tells the peer; a wire that just ends is an end too") {
    Session session(client_options(), server_options());
    REQUIRE(session.shake_hands());
    std::array<std::uint8_t, 16> buffer;
    session.client->shutdown();
    CHECK(session.server->read(buffer).eof);
    Session other(client_options(), server_options());
    REQUIRE(other.shake_hands());
    other.client.reset();
    const IoResult result = other.server->read(buffer);
    CHECK(result.eof);
    CHECK(!result.error);
}

TEST_CASE(
    "tls: a record that does not fit the wire is offered again, also from elsewhere in memory") {
    Session session(client_options(), server_options());
    REQUIRE(session.shake_hands());
    session.a->write_limit = 10;
    std::string text = pattern(40'000);
    std::string got;
    std::vector<std::uint8_t> buffer(65536);
    for (int i = 0; i < 100'000 && got.size() < 40'000; ++i) {
        std::string moved = text;  // another address every time
        const std::size_t half = moved.size() / 2;
        const iovec vectors[] = {{moved.data(), half}, {moved.data() + half, moved.size() - half}};
        const IoResult sent = session.client->write(vectors, 2);
        REQUIRE(!sent.error);
        text.erase(0, sent.n);
        const IoResult received = session.server->read(buffer);
        got.append(as_text(Bytes(buffer).first(received.n)));
    }
    CHECK(got == pattern(40'000));
}

TEST_CASE(
    "tls: driver over TLS and WebSocket, with a wire that fails, blocks or goes short at call N") {
    const auto client_context = make(client_options(), TlsRole::client);
    const auto server_context = make(server_options(), TlsRole::server);
    for (const Fault fault : {Fault::fail_read, Fault::fail_write, Fault::end, Fault::short_read,
                              Fault::short_write, Fault::want_write_on_read, Fault::block_write}) {
        const bool is_fatal =
            fault == Fault::fail_read || fault == Fault::fail_write || fault == Fault::end;
        for (int n = 1; n < 200; ++n) {
            CAPTURE(static_cast<int>(fault));
            CAPTURE(n);
            FaultPlan plan{fault, n};
            TestLoop test;
            const SocketPair pair = make_tcp_pair();
            auto wire = std::make_unique<FaultyStream>(plain(pair.a), plan);
            auto tls_a = std::make_unique<TlsStream>(std::move(wire), *client_context, "localhost");
            auto tls_b = std::make_unique<TlsStream>(plain(pair.b), *server_context);
            const Endpoint endpoint{Transport::secure_websocket, "localhost", 443, "/mqtt"};
            Collector at_a;
            Collector at_b;
            Driver a(test.loop(),
                     std::make_unique<WsStream>(std::move(tls_a), endpoint, WebSocketOptions()),
                     at_a);
            Driver b(test.loop(), std::make_unique<WsStream>(std::move(tls_b)), at_b);
            a.start();
            b.start();
            const std::string text = pattern(30'000);
            a.out().append(as_bytes(text));
            a.mark_dirty();
            at_b.on_data = [&](Bytes bytes) {
                at_b.text.append(as_text(bytes));
                b.out().append(bytes);
                b.mark_dirty();
                return Consumed{bytes.size(), 0};
            };
            REQUIRE(test.run_until(
                [&] { return at_a.text.size() == text.size() || at_a.closed == 1; }));
            if (plan.fired && is_fatal) {
                CHECK(at_a.closed == 1);
            } else {
                CHECK(at_a.text == text);
            }
            if (!plan.fired) break;
        }
    }
}
