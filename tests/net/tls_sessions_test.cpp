// Tickets: the second handshake with a server is a short one, unless trust differs or nobody asked for it.
#include "net/tls_sessions.hpp"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>

#include "net/tls_stream.hpp"
#include "support/memory_stream.hpp"
#include "support/test_certificates.hpp"

using namespace mqtt;
using namespace mqtt::net;
using namespace mqtt::test;

namespace {

struct Pair {
    Pair(const TlsContext& client_context, const TlsContext& server_context,
         TlsSessions* sessions) {
        MemoryPair wires = make_memory_pair();
        client = std::make_unique<TlsStream>(std::move(wires.a), client_context, "localhost");
        server = std::make_unique<TlsStream>(std::move(wires.b), server_context);
        if (sessions != nullptr) client->resume_with(*sessions, client_context.options());
        for (int i = 0; i < 1000 && !is_done(); ++i) {
            client->handshake();
            server->handshake();
        }
    }
    bool is_done() const { return client->is_handshake_done() && server->is_handshake_done(); }
    // Reading takes the tickets in, which TLS 1.3 sends after the handshake.
    bool says_hello() {
        std::uint8_t text[5] = {'h', 'e', 'l', 'l', 'o'};
        const iovec vector{text, sizeof text};
        if (server->write(&vector, 1).n != sizeof text) return false;
        std::uint8_t got[16];
        return client->read(got).n == sizeof text;
    }
    std::unique_ptr<TlsStream> client, server;
};

std::unique_ptr<TlsContext> make(const TlsOptions& options, TlsRole role) {
    TlsContext::Created created = TlsContext::create(options, role);
    REQUIRE_MESSAGE(created.context != nullptr, created.message);
    return std::move(created.context);
}

}  // namespace

TEST_CASE("TLS sessions: the second connection resumes, also after an end without close_notify") {
    TestAuthority authority;
    const CertificateFiles files = authority.issue({});
    for (const char* version : {"tlsv1.3", "tlsv1.2"}) {
        CAPTURE(version);
        TlsOptions server_options;
        server_options.certificate_file = files.certificate;
        server_options.key_file = files.key;
        server_options.maximum_version = version;
        TlsOptions client_options;
        client_options.ca_file = authority.ca_file();
        const auto server = make(server_options, TlsRole::server);
        asio::io_context context;
        TlsSessions& sessions = asio::use_service<TlsSessions>(context);
        for (int i = 0; i < 3; ++i) {
            // As connections do: a context for each.
            const auto client = make(client_options, TlsRole::client);
            Pair pair(*client, *server, &sessions);
            REQUIRE(pair.is_done());
            CHECK(pair.says_hello());
        }
        CHECK(sessions.full() == 1);
        CHECK(sessions.resumed() == 2);

        // Another trust, another key: --insecure is no way around certificates.
        TlsOptions careless = client_options;
        careless.verify_peer = false;
        const auto client = make(careless, TlsRole::client);
        Pair pair(*client, *server, &sessions);
        REQUIRE(pair.is_done());
        CHECK(sessions.full() == 2);

        // Nobody asked: nothing is kept, nothing is counted.
        Pair plain(*client, *server, nullptr);
        REQUIRE(plain.is_done());
        CHECK(plain.says_hello());
        CHECK(sessions.full() + sessions.resumed() == 4);
    }
}
