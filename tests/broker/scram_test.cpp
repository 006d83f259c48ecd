// SCRAM-SHA-256: the example of RFC 7677, and credentials in password files.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "broker/base64.hpp"
#include "broker/scram.hpp"
#include "mqtt/access.hpp"
#include "support/scram_client.hpp"

using namespace mqtt;

TEST_CASE("scram: keys of RFC 7677's example answer with its signature") {
    const auto salt = broker::from_base64("W22ZaJ0SNY7soEsUEjb6gQ==");
    REQUIRE(salt);
    const ScramCredentials made = derive_scram_credentials(as_bytes("pencil"), Bytes(*salt), 4096);
    const std::string transcript =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    unsigned char signature[32];
    HMAC(EVP_sha256(), made.server_key.data(), 32,
         reinterpret_cast<const unsigned char*>(transcript.data()), transcript.size(), signature,
         nullptr);
    CHECK(broker::to_base64(signature) == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    // The test's own client says what the RFC's client says.
    test::ScramClient client("user", "pencil", "rOprNGfwEbeRWgbNEkqO");
    const std::string last = client.last(
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    CHECK(last.ends_with(",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
    CHECK(client.expected() == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST_CASE("scram: an unknown user gets the same challenge every time, and is refused at the end") {
    const auto nobody = [](std::string_view) { return std::optional<ScramCredentials>(); };
    std::string salts[2];
    for (std::string& salt : salts) {
        broker::ScramServer server;
        test::ScramClient client("ghost", "x");
        const auto challenge = server.first(client.first(), nobody);
        REQUIRE(challenge);
        salt = challenge->substr(challenge->find(",s="));
        CHECK_FALSE(server.last(client.last(*challenge)));
    }
    CHECK(salts[0] == salts[1]);
}

TEST_CASE("scram: a password file keeps credentials, for SCRAM and for plain passwords") {
    PasswordFile file;
    file.set_scram("alice", as_bytes("secret"), 5'000);
    file.set("bob", as_bytes("secret"));
    char path[] = "/tmp/scram-test-XXXXXX";
    ::close(::mkstemp(path));
    REQUIRE(file.save(path));
    PasswordFile loaded;
    CHECK(loaded.load(path).text.empty());
    CHECK(loaded.check("alice", as_bytes("secret")));
    CHECK_FALSE(loaded.check("alice", as_bytes("Secret")));
    CHECK(loaded.check("bob", as_bytes("secret")));
    REQUIRE(loaded.scram("alice"));
    CHECK(loaded.scram("alice")->iterations == 5'000);
    CHECK(loaded.scram("alice")->stored_key == file.scram("alice")->stored_key);
    CHECK_FALSE(loaded.scram("bob"));
    CHECK_FALSE(loaded.scram("carol"));
    std::ofstream(path) << "alice:SCRAM-SHA-256$4096:c2FsdA==$short:c2hvcnQ=\n";
    CHECK_FALSE(loaded.load(path).text.empty());
    std::remove(path);
}

TEST_CASE("base64: what it writes it reads, and nothing else") {
    for (const std::string text : {"f", "fo", "foo", "foob", "fooba", "foobar"}) {
        const auto back = broker::from_base64(broker::to_base64(as_bytes(text)));
        REQUIRE(back);
        CHECK(as_text(Bytes(*back)) == text);
    }
    CHECK(broker::to_base64(as_bytes("fooba")) == "Zm9vYmE=");
    for (const char* wrong : {"", "Zg=", "Z===", "Zm9vY mE=", "Zm=v", "Zm9v\n"})
        CHECK_FALSE(broker::from_base64(wrong));
}
