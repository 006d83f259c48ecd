// What options and files make of a TLS connection: verification with its reasons, client certificates, revocation,
// versions, pre-shared keys, and files that cannot be used.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "net/tls_fixture.hpp"

using namespace mqtt;
using namespace mqtt::net;
using namespace mqtt::test;

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
