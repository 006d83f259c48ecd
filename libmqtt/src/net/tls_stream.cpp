// The SSL object and its BIO over the inner stream.
#include "net/tls_stream.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "base/assert.hpp"
#include "net/openssl.hpp"
#include "net/tls_error.hpp"
#include "net/tls_sessions.hpp"

namespace mqtt::net {

// OpenSSL's way to call a stream.
struct TlsBio {
    static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* out, int size) {
        TlsStream& tls = stream(bio);
        BIO_clear_retry_flags(bio);
        if (tls.inner_is_drained_) {
            BIO_set_retry_read(bio);
            return -1;
        }
        const IoResult result = tls.inner_->read(
            {reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(size)});
        tls.inner_is_drained_ = result.want_read;
        if (result.n > 0) {
            tls.has_heard_ = true;
            return static_cast<int>(result.n);
        }
        if (result.want_read) BIO_set_retry_read(bio);
        if (result.want_write) BIO_set_retry_write(bio);
        if (result.eof) {
            BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
            return 0;
        }
        tls.inner_error_ = result.error;
        return -1;
    }

    static int write(BIO* bio, const char* bytes, int size) {
        TlsStream& tls = stream(bio);
        BIO_clear_retry_flags(bio);
        const iovec vector{const_cast<char*>(bytes), static_cast<std::size_t>(size)};
        const IoResult result = tls.inner_->write(&vector, 1);
        if (result.n > 0) return static_cast<int>(result.n);
        if (result.want_read) BIO_set_retry_read(bio);
        if (result.want_write) BIO_set_retry_write(bio);
        tls.inner_error_ = result.error;
        return -1;
    }

    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_FLUSH) return 1;
        if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
        return 0;
    }

    static BIO_METHOD* method() {
        static BIO_METHOD* const made = [] {
            BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ByteStream");
            BIO_meth_set_read(m, read);
            BIO_meth_set_write(m, write);
            BIO_meth_set_ctrl(m, control);
            return m;
        }();
        return made;
    }

    static void note_certificate(const SSL* ssl, X509_STORE_CTX* context) {
        TlsStream& tls = *static_cast<TlsStream*>(SSL_get_app_data(ssl));
        if (!tls.certificate_problem_.empty()) return;
        tls.certificate_problem_ = describe_certificate_failure(context, tls.host_);
    }

    // TLS 1.3 hands tickets over after the handshake, one by one.
    static int keep_session(SSL* ssl, SSL_SESSION* session) {
        const TlsStream& tls = *static_cast<TlsStream*>(SSL_get_app_data(ssl));
        if (tls.sessions_ != nullptr) tls.sessions_->keep(tls.session_key_, session);
        return 0;  // OpenSSL's own reference stays its own
    }

    static BIO* make(TlsStream& tls) {
        BIO* bio = BIO_new(method());
        if (!bio) throw std::bad_alloc();
        BIO_set_data(bio, &tls);
        BIO_set_init(bio, 1);
        return bio;
    }
};

namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;

bool is_numeric_address(const std::string& host) {
    std::array<unsigned char, 16> bytes;
    return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

// Once the handshake has failed the certificate is out of reach, so the reason is noted on the way.
int note_refusal(int is_ok, X509_STORE_CTX* context) {
    if (is_ok == 1) return 1;
    const auto* ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    TlsBio::note_certificate(ssl, context);
    return 0;
}

// SSL_get_error looks into the queue of errors, which is nearly always empty; clearing it visits 16
// entries all the same.
void forget_errors() {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

void expect_peer(SSL* ssl, const std::string& host, const TlsOptions& options) {
    const bool is_address = is_numeric_address(host);
    if (!is_address && !host.empty()) SSL_set_tlsext_host_name(ssl, host.c_str());
    if (!options.verify_peer || !options.verify_host_name) return;
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_address)
        X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str());
    else
        X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size());
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<ByteStream> inner, const TlsContext& context,
                     const std::string& host)
    : inner_(std::move(inner))
    , ssl_(SSL_new(context.native())) {
    if (!ssl_) throw std::bad_alloc();
    BIO* bio = TlsBio::make(*this);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_app_data(ssl_, this);
    SSL_set_verify(ssl_, SSL_get_verify_mode(ssl_), note_refusal);
    if (context.role() == TlsRole::server) {
        SSL_set_accept_state(ssl_);
        return;
    }
    const TlsOptions& options = context.options();
    host_ = options.server_name.empty() ? host : options.server_name;
    expect_peer(ssl_, host_, options);
    SSL_set_connect_state(ssl_);
}

void TlsStream::resume_with(TlsSessions& sessions, const TlsOptions& options) {
    SSL_CTX* context = SSL_get_SSL_CTX(ssl_);
    sessions_ = &sessions;
    session_key_ = TlsSessions::key_of(host_, options);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, TlsBio::keep_session);
    sessions.offer(ssl_, session_key_);
}

TlsStream::~TlsStream() {
    SSL_free(ssl_);
}

IoResult TlsStream::read(std::span<std::uint8_t> into) {
    IoResult result;
    inner_is_drained_ = false;
    while (result.n < into.size()) {
        forget_errors();
        std::size_t n = 0;
        const int returned = SSL_read_ex(ssl_, into.data() + result.n, into.size() - result.n, &n);
        if (returned == 1) {
            result.n += n;
            // Asking once more would only take a record buffer and give it back.
            result.want_read = inner_is_drained_ && SSL_has_pending(ssl_) == 0;
            if (result.want_read) break;
            continue;
        }
        const std::size_t so_far = result.n;
        result = explain(returned);
        result.n = so_far;
        break;
    }
    return result;
}

IoResult TlsStream::write(const iovec* vectors, int count) {
    IoResult result;
    inner_is_drained_ = false;
    const std::size_t total = total_bytes(vectors, count);
    while (result.n < total) {
        std::size_t size = 0;
        const std::uint8_t* bytes = next_record(vectors, count, result.n, size);
        forget_errors();
        std::size_t n = 0;
        const int returned = SSL_write_ex(ssl_, bytes, size, &n);
        if (returned == 1) {
            pending_ = 0;
            result.n += n;
            continue;
        }
        pending_ = size;
        const std::size_t so_far = result.n;
        result = explain(returned);
        result.n = so_far;
        break;
    }
    return result;
}

// Up to 16 KiB behind the first `skip` bytes: in place when one vector holds them, else gathered. A
// record that OpenSSL has begun must be offered again with the same size.
const std::uint8_t* TlsStream::next_record(const iovec* vectors, int count, std::size_t skip,
                                           std::size_t& size) {
    thread_local std::array<std::uint8_t, kRecordBytes> scratch;
    const std::size_t wanted = pending_ > 0 ? pending_ : kRecordBytes;
    size = 0;
    for (int i = 0; i < count && size < wanted; ++i) {
        const std::size_t skipped = std::min(skip, vectors[i].iov_len);
        skip -= skipped;
        const std::size_t here = std::min(vectors[i].iov_len - skipped, wanted - size);
        if (here == 0) continue;
        const auto* from = static_cast<const std::uint8_t*>(vectors[i].iov_base) + skipped;
        const bool is_all = size == 0 && (here == wanted || i + 1 == count);
        if (is_all) {
            size = here;
            return from;
        }
        std::memcpy(scratch.data() + size, from, here);
        size += here;
    }
    MQTT_ASSERT(pending_ == 0 || size == pending_);
    return scratch.data();
}

// What a call that did not succeed means to the caller.
IoResult TlsStream::explain(int returned) {
    IoResult result;
    switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ: result.want_read = true; return result;
    case SSL_ERROR_WANT_WRITE: result.want_write = true; return result;
    case SSL_ERROR_ZERO_RETURN: result.eof = true; return result;
    default: break;
    }
    has_failed_ = true;
    if (inner_error_) {
        ERR_clear_error();
        result.error = inner_error_;
        return result;
    }
    result.error = take_tls_error();
    // Peers that leave without close_notify are many; MQTT's own framing shows what was cut off.
    if (is_unexpected_end(result.error) || result.error.value() == 0) {
        result.error.clear();
        result.eof = true;
    }
    return result;
}

IoResult TlsStream::handshake() {
    const IoResult below = inner_->handshake();
    if (below.error || below.eof || below.want_read || below.want_write || is_done_) return below;
    if (has_failed_) return IoResult{.error = failure_};
    inner_is_drained_ = false;
    ERR_clear_error();
    const int returned = SSL_do_handshake(ssl_);
    if (returned == 1) {
        is_done_ = true;
        if (sessions_ != nullptr) sessions_->count(SSL_session_reused(ssl_) == 1);
        return {};
    }
    const IoResult result = explain(returned);
    if (result.error || result.eof) {
        has_failed_ = true;
        explain_handshake(result);
    }
    return result;
}

void TlsStream::explain_handshake(const IoResult& result) {
    failure_ = Errc::tls_failed;
    if (!certificate_problem_.empty()) {
        failure_ = Errc::tls_certificate_rejected;
        failure_text_ = "the server's certificate is not accepted: " + certificate_problem_;
    } else if (is_not_tls(result.error)) {
        failure_ = Errc::not_tls;
        failure_text_ =
            "the server does not speak TLS on this port (use a plain connection, or the TLS port)";
    } else if (!has_heard_) {
        failure_ = Errc::not_tls;
        failure_text_ =
            "the server closed the connection instead of answering in TLS (is this a TLS port?)";
    } else if (result.eof) {
        failure_text_ = "the server closed the connection in the middle of the TLS handshake";
    } else {
        failure_text_ = result.error.message();
    }
}

void TlsStream::shutdown() {
    if (is_done_ && !has_failed_ && pending_ == 0) {
        ERR_clear_error();
        SSL_shutdown(ssl_);
        ERR_clear_error();
    }
    inner_->shutdown();
}

bool TlsStream::has_buffered_input() const {
    return SSL_has_pending(ssl_) == 1 || inner_->has_buffered_input();
}

std::string TlsStream::version() const {
    return SSL_get_version(ssl_);
}

std::string TlsStream::alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

void TlsStream::identify(PeerIdentity& out) const {
    inner_->identify(out);
    if (std::string name = peer_common_name(); !name.empty()) out.common_name = std::move(name);
    if (std::string name = proved_psk_identity(ssl_); !name.empty()) {
        out.common_name = std::move(name);
    }
    const X509* certificate = SSL_get0_peer_certificate(ssl_);
    if (!certificate) return;
    const std::unique_ptr<BIO, int (*)(BIO*)> text(BIO_new(BIO_s_mem()), BIO_free);
    X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    out.subject.assign(data, static_cast<std::size_t>(size));
}

bool TlsStream::is_certified_for(const std::string& host) const {
    X509* certificate = SSL_get_certificate(ssl_);
    return certificate && X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
}

std::string TlsStream::peer_common_name() const {
    X509* certificate = SSL_get0_peer_certificate(ssl_);
    if (!certificate) return {};
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return {};
    unsigned char* text = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (size < 0) return {};
    std::string out(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    return out;
}

}  // namespace mqtt::net
