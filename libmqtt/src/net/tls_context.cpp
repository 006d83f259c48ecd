// Building an SSL_CTX from TlsOptions. Every step that fails names the file or option.
#include "net/tls_context.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <vector>

#include "net/openssl.hpp"
#include "net/psk_file.hpp"
#include "net/tls_engine.hpp"
#include "net/tls_error.hpp"

namespace mqtt::net {

namespace {

// What callbacks need; belongs to the SSL_CTX, which streams keep alive.
struct Extra {
    std::string psk_identity;  // client
    PskKeys psk_keys;          // server: by identity; client: its own alone
    std::string alpn;          // as on the wire: length, name, length, name ...
    std::FILE* key_log = nullptr;
};

void free_extra(void*, void* extra, CRYPTO_EX_DATA*, int, long, void*) {
    auto* data = static_cast<Extra*>(extra);
    if (data && data->key_log) std::fclose(data->key_log);
    delete data;
}

int extra_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_extra);
    return index;
}

Extra& extra_of(const SSL_CTX* context) {
    return *static_cast<Extra*>(SSL_CTX_get_ex_data(context, extra_index()));
}
Extra& extra_of(const SSL* ssl) {
    return extra_of(SSL_get_SSL_CTX(ssl));
}

// Versions.

int parse_version(const std::string& text) {
    if (text.empty()) return 0;
    if (text == "tlsv1.1") return TLS1_1_VERSION;  // which few systems still allow
    if (text == "tlsv1.2" || text == "1.2") return TLS1_2_VERSION;
    if (text == "tlsv1.3" || text == "1.3") return TLS1_3_VERSION;
    return -1;
}

std::string set_versions(SSL_CTX* context, const TlsOptions& options) {
    const int minimum = parse_version(options.minimum_version);
    const int maximum = parse_version(options.maximum_version);
    if (minimum < 0)
        return "TLS version '" + options.minimum_version + "' is not tlsv1.1, tlsv1.2 or tlsv1.3";
    if (maximum < 0)
        return "TLS version '" + options.maximum_version + "' is not tlsv1.1, tlsv1.2 or tlsv1.3";
    if (maximum != 0 && maximum < minimum) return "the maximum TLS version is below the minimum";
    SSL_CTX_set_min_proto_version(context, minimum == 0 ? TLS1_2_VERSION : minimum);
    SSL_CTX_set_max_proto_version(context, maximum);
    return {};
}

std::string set_ciphers(SSL_CTX* context, const TlsOptions& options) {
    if (!options.ciphers.empty() && !SSL_CTX_set_cipher_list(context, options.ciphers.c_str())) {
        return tls_failure("no cipher is known in", options.ciphers);
    }
    if (!options.ciphersuites.empty() &&
        !SSL_CTX_set_ciphersuites(context, options.ciphersuites.c_str())) {
        return tls_failure("no TLS 1.3 ciphersuite is known in", options.ciphersuites);
    }
    return {};
}

// Trust.

// A directory serves when it holds a file by subject hash ("5ed36f99.0"): looking an issuer up there
// takes 0.4 ms, where reading the whole bundle takes 22 ms (M).
bool is_hashed_directory(const char* path) {
    DIR* directory = ::opendir(path);
    if (!directory) return false;
    bool found = false;
    while (const dirent* entry = ::readdir(directory)) {
        const std::size_t size = std::strlen(entry->d_name);
        found = size == 10 && std::strcmp(entry->d_name + 8, ".0") == 0;
        if (found) break;
    }
    ::closedir(directory);
    return found;
}

std::string trust_system(SSL_CTX* context) {
    const char* file = std::getenv("SSL_CERT_FILE");
    const char* configured = std::getenv("SSL_CERT_DIR");
    if (file && SSL_CTX_load_verify_file(context, file)) {
        if (configured) SSL_CTX_load_verify_dir(context, configured);  // both, as everywhere
        return {};
    }
    for (const char* directory : {configured, X509_get_default_cert_dir(), "/etc/ssl/certs"}) {
        if (directory && is_hashed_directory(directory)) {
            SSL_CTX_load_verify_dir(context, directory);
            return {};
        }
    }
    for (const char* bundle : {X509_get_default_cert_file(), "/etc/ssl/certs/ca-certificates.crt",
                               "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}) {
        struct stat status;
        if (::stat(bundle, &status) == 0 && SSL_CTX_load_verify_file(context, bundle)) break;
    }
    // None found: every certificate will be refused, and the refusal names its issuer.
    ERR_clear_error();
    return {};
}

std::string load_crl(SSL_CTX* context, const std::string& file) {
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (!lookup || X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) <= 0) {
        return tls_failure("cannot read the CRL file", file);
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    return {};
}

std::string load_trust(SSL_CTX* context, const TlsOptions& options, TlsRole role) {
    if (!options.ca_file.empty() && !SSL_CTX_load_verify_file(context, options.ca_file.c_str())) {
        return tls_failure("cannot read the CA file", options.ca_file);
    }
    if (!options.ca_directory.empty()) {
        struct stat status;
        const bool is_there =
            ::stat(options.ca_directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
        if (!is_there || !SSL_CTX_load_verify_dir(context, options.ca_directory.c_str())) {
            return tls_failure("cannot read the CA directory", options.ca_directory);
        }
    }
    const bool has_own = !options.ca_file.empty() || !options.ca_directory.empty();
    if (!has_own && role == TlsRole::client && options.verify_peer && options.psk_hex.empty()) {
        trust_system(context);
    }
    return options.crl_file.empty() ? "" : load_crl(context, options.crl_file);
}

// Clients with several certificates choose by these names. From what is trusted already: the file may be another one
// by now.
void name_authorities(SSL_CTX* context) {
    STACK_OF(X509_OBJECT)* trusted = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
    for (int i = 0; i < sk_X509_OBJECT_num(trusted); ++i) {
        X509* certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, i));
        if (certificate) SSL_CTX_add_client_CA(context, certificate);
    }
}

void set_verification(SSL_CTX* context, const TlsOptions& options, TlsRole role) {
    int mode = SSL_VERIFY_NONE;
    if (role == TlsRole::client && options.verify_peer) mode = SSL_VERIFY_PEER;
    if (role == TlsRole::server && options.request_client_certificate) mode = SSL_VERIFY_PEER;
    if (role == TlsRole::server && options.require_client_certificate) {
        mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    SSL_CTX_set_verify(context, mode, nullptr);
    if (role == TlsRole::server && options.ignore_client_certificate_dates) {
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_NO_CHECK_TIME);
    }
    if (role == TlsRole::server && mode != SSL_VERIFY_NONE && !options.ca_file.empty()) {
        name_authorities(context);
    }
}

// Our own certificate.

// Without a password OpenSSL would ask on the terminal.
int give_password(char* out, int size, int, void* user) {
    const std::string& password = *static_cast<const std::string*>(user);
    if (password.size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(out, password.data(), password.size());
    return static_cast<int>(password.size());
}

bool load_key(SSL_CTX* context, const TlsOptions& options, const std::string& key) {
    SSL_CTX_set_default_passwd_cb(context, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(context,
                                           const_cast<std::string*>(&options.key_password));
    const bool is_loaded = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
    SSL_CTX_set_default_passwd_cb(context, nullptr);
    return is_loaded;
}

// A listener with a hint and without keys knows nobody.
bool is_for_psk(const TlsOptions& options, TlsRole role) {
    if (!options.psk_hex.empty() || !options.psk_file.empty()) return true;
    return role == TlsRole::server && !options.psk_hint.empty();
}

std::string load_certificate(SSL_CTX* context, const TlsOptions& options, TlsRole role) {
    if (options.certificate_file.empty()) {
        const bool needs_one = role == TlsRole::server && !is_for_psk(options, role);
        return needs_one ? "a TLS listener needs a certificate file" : "";
    }
    if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1) {
        return tls_failure("cannot read the certificate file", options.certificate_file);
    }
    const std::string& key = options.key_file.empty() ? options.certificate_file : options.key_file;
    std::string problem;
    const bool is_loaded = options.engine_has_key ? load_engine_key(context, options, problem)
                                                  : load_key(context, options, key);
    if (is_loaded || !problem.empty()) return problem;
    if (ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH) {
        ERR_clear_error();
        return "the private key '" + key + "' does not belong to the certificate '" +
               options.certificate_file + "'";
    }
    return tls_failure("cannot read the private key (is its password right?)", key);
}

// Pre-shared keys.

unsigned give_psk(const SSL* ssl, const std::string& identity, unsigned char* out, unsigned max) {
    const PskKeys& keys = extra_of(ssl).psk_keys;
    const auto found = keys.find(identity);
    if (found == keys.end() || found->second.size() > max) return 0;
    std::memcpy(out, found->second.data(), found->second.size());
    return static_cast<unsigned>(found->second.size());
}

unsigned give_psk_as_client(SSL* ssl, const char*, char* identity, unsigned max_identity,
                            unsigned char* out, unsigned max) {
    const std::string& ours = extra_of(ssl).psk_identity;
    if (ours.size() + 1 > max_identity) return 0;
    std::memcpy(identity, ours.c_str(), ours.size() + 1);
    return give_psk(ssl, ours, out, max);
}

void free_identity(void*, void* identity, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<std::string*>(identity);
}

int identity_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_identity);
    return index;
}

// OpenSSL does not keep the identity in TLS 1.3, so it is noted here.
unsigned give_psk_as_server(SSL* ssl, const char* identity, unsigned char* out, unsigned max) {
    if (!identity) return 0;
    const unsigned size = give_psk(ssl, identity, out, max);
    if (size == 0) return 0;
    delete static_cast<std::string*>(SSL_get_ex_data(ssl, identity_index()));
    SSL_set_ex_data(ssl, identity_index(), new std::string(identity));
    return size;
}

std::string set_psk(SSL_CTX* context, const TlsOptions& options, TlsRole role) {
    if (!is_for_psk(options, role)) return {};
    Extra& extra = extra_of(context);
    extra.psk_identity = options.psk_identity;
    if (!options.psk_hex.empty()) {
        if (options.psk_identity.empty()) return "a pre-shared key needs an identity";
        if (!decode_psk(options.psk_hex, extra.psk_keys[options.psk_identity])) {
            return "the pre-shared key is not hexadecimal";
        }
    }
    if (role == TlsRole::client) {
        SSL_CTX_set_psk_client_callback(context, give_psk_as_client);
        return {};
    }
    std::string problem;
    if (!options.psk_file.empty()) problem = read_psk_file(options.psk_file, extra.psk_keys);
    if (!options.psk_hint.empty()) SSL_CTX_use_psk_identity_hint(context, options.psk_hint.c_str());
    // A resumed session would have no identity.
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_psk_server_callback(context, give_psk_as_server);
    return problem;
}

// ALPN and key log.

int choose_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                const unsigned char* in, unsigned in_size, void*) {
    const std::string& ours = extra_of(ssl).alpn;
    unsigned char* chosen = nullptr;
    const int result = SSL_select_next_proto(&chosen, out_size,
                                             reinterpret_cast<const unsigned char*>(ours.data()),
                                             static_cast<unsigned>(ours.size()), in, in_size);
    *out = chosen;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::string set_alpn(SSL_CTX* context, const TlsOptions& options, TlsRole role) {
    if (options.alpn.empty()) return {};
    std::string& wire = extra_of(context).alpn;
    for (const std::string& name : options.alpn) {
        if (name.empty() || name.size() > 255)
            return "the ALPN name '" + name + "' has no length from 1 to 255";
        wire.push_back(static_cast<char>(name.size()));
        wire += name;
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(wire.data());
    if (role == TlsRole::client)
        SSL_CTX_set_alpn_protos(context, bytes, static_cast<unsigned>(wire.size()));
    else
        SSL_CTX_set_alpn_select_cb(context, choose_alpn, nullptr);
    return {};
}

void log_key(const SSL* ssl, const char* line) {
    std::FILE* file = extra_of(ssl).key_log;
    std::fprintf(file, "%s\n", line);
    std::fflush(file);
}

std::string set_key_log(SSL_CTX* context, const TlsOptions& options) {
    if (options.key_log_file.empty()) return {};
    Extra& extra = extra_of(context);
    extra.key_log = std::fopen(options.key_log_file.c_str(), "ae");
    if (!extra.key_log) {
        return "cannot write the key log '" + options.key_log_file +
               "': " + std::system_category().message(errno);
    }
    SSL_CTX_set_keylog_callback(context, log_key);
    return {};
}

// Behaviour that nobody chooses.
void set_defaults(SSL_CTX* context, TlsRole role) {
    // RELEASE_BUFFERS: an idle connection holds no record buffers. The other two let a write be
    // repeated from another place in memory, record by record.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    // One recv for header and body of a record.
    SSL_CTX_set_read_ahead(context, 1);
    // Sessions are resumed by tickets, which need no memory here.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    // A server that asks for certificates must name its context; a client with a pre-shared key must not.
    const unsigned char id[] = "mqtt";
    if (role == TlsRole::server) SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
}

}  // namespace

std::string proved_psk_identity(const ssl_st* ssl) {
    const auto* identity = static_cast<std::string*>(SSL_get_ex_data(ssl, identity_index()));
    return identity ? *identity : std::string();
}

TlsContext::TlsContext(const TlsOptions& options, TlsRole role)
    : options_(options)
    , role_(role)
    , context_(SSL_CTX_new(role == TlsRole::client ? TLS_client_method() : TLS_server_method())) {
    if (!context_) throw std::bad_alloc();
    SSL_CTX_set_ex_data(context_, extra_index(), new Extra);
}

TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

// Empty, or the sentence that says what is wrong.
std::string TlsContext::load() {
    ERR_clear_error();
    set_defaults(context_, role_);
    std::string problem = set_versions(context_, options_);
    if (problem.empty()) problem = set_ciphers(context_, options_);
    if (problem.empty() && !options_.engine.empty()) problem = use_engine(options_);
    if (problem.empty()) problem = load_trust(context_, options_, role_);
    if (problem.empty()) problem = load_certificate(context_, options_, role_);
    if (problem.empty()) problem = set_psk(context_, options_, role_);
    if (problem.empty()) problem = set_alpn(context_, options_, role_);
    if (problem.empty()) problem = set_key_log(context_, options_);
    if (problem.empty()) set_verification(context_, options_, role_);
    ERR_clear_error();
    return problem;
}

TlsContext::Created TlsContext::create(const TlsOptions& options, TlsRole role) {
    Created created;
    created.context.reset(new TlsContext(options, role));
    created.message = created.context->load();
    if (created.message.empty()) return created;
    created.context.reset();
    created.error = Error(Errc::invalid_argument);
    return created;
}

}  // namespace mqtt::net
