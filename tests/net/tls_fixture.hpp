// Two TLS streams in memory, certificates for both, and bytes from one to the other.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "net/tls_stream.hpp"
#include "support/memory_stream.hpp"
#include "support/test_certificates.hpp"

namespace mqtt::test {

using namespace mqtt::net;

inline TestAuthority& authority() {
    static TestAuthority made;
    return made;
}

inline TlsOptions server_options(const CertificateRequest& request = {}) {
    const CertificateFiles files = authority().issue(request);
    TlsOptions options;
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    return options;
}

inline TlsOptions client_options() {
    TlsOptions options;
    options.ca_file = authority().ca_file();
    return options;
}

inline std::unique_ptr<TlsContext> make(const TlsOptions& options, TlsRole role) {
    TlsContext::Created created = TlsContext::create(options, role);
    REQUIRE_MESSAGE(created.context != nullptr, created.message);
    return std::move(created.context);
}

inline std::string why_not(const TlsOptions& options, TlsRole role) {
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
inline std::string refusal(const TlsOptions& client_side, const TlsOptions& server_side,
                           const std::string& host = "localhost") {
    Session session(client_side, server_side, host);
    CHECK_FALSE(session.shake_hands());
    CHECK(session.client->failure() == Errc::tls_certificate_rejected);
    return session.client->failure_text();
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

inline bool transfer(ByteStream& from, ByteStream& to, const std::string& text,
                     std::size_t read_size) {
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

}  // namespace mqtt::test
