// OpenSSL for this folder, loaded when the first of its functions is called: a program that connects
// without TLS or WebSocket does not pay for loading it, which costs more than publishing a message.
// Used by the files that speak TLS and WebSocket, instead of OpenSSL's headers.
//
// Inside mqtt::net the names of the functions below mean objects that look like the functions and find
// them at the first call: code is written as always, and OpenSSL's macros work. A function that is
// missing here is an undefined reference when a program is linked without OpenSSL.
// Without MQTT_LAZY_OPENSSL the functions are OpenSSL's own (static linking, -DMQTT_LAZY_OPENSSL=OFF).
#pragma once

// Deprecated, so that only tls_engine.cpp sees them.
#ifdef MQTT_WITH_ENGINES
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>
#endif

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#ifdef MQTT_LAZY_OPENSSL

#include <atomic>

namespace mqtt::net {

// Any thread. Throws std::runtime_error when the library cannot be loaded or is another one.
void* find_in_openssl(const char* name);

template <class Pointer>
class LazyFunction;

template <class Result, class... Arguments>
class LazyFunction<Result (*)(Arguments...)> {
public:
    using Pointer = Result (*)(Arguments...);

    explicit constexpr LazyFunction(const char* name) : name_(name) {}

    Result operator()(Arguments... arguments) const { return pointer()(arguments...); }
    operator Pointer() const { return pointer(); }

private:
    Pointer pointer() const {
        Pointer found = found_.load(std::memory_order_acquire);
        if (!found) {
            found = reinterpret_cast<Pointer>(find_in_openssl(name_));
            found_.store(found, std::memory_order_release);
        }
        return found;
    }

    const char* name_;
    mutable std::atomic<Pointer> found_{nullptr};
};

#define MQTT_LAZY(name) inline constinit LazyFunction<decltype(&::name)> name(#name)

// clang-format off
MQTT_LAZY(ASN1_STRING_get0_data);
MQTT_LAZY(ASN1_STRING_length);
MQTT_LAZY(ASN1_STRING_to_UTF8);
MQTT_LAZY(ASN1_TIME_to_tm);
MQTT_LAZY(BIO_clear_flags);
MQTT_LAZY(BIO_ctrl);
MQTT_LAZY(BIO_free);
MQTT_LAZY(BIO_get_data);
MQTT_LAZY(BIO_get_new_index);
MQTT_LAZY(BIO_meth_new);
MQTT_LAZY(BIO_meth_set_ctrl);
MQTT_LAZY(BIO_meth_set_read);
MQTT_LAZY(BIO_meth_set_write);
MQTT_LAZY(BIO_new);
MQTT_LAZY(BIO_s_mem);
MQTT_LAZY(BIO_set_data);
MQTT_LAZY(BIO_set_flags);
MQTT_LAZY(BIO_set_init);
MQTT_LAZY(BIO_test_flags);
MQTT_LAZY(CRYPTO_free);
MQTT_LAZY(CRYPTO_get_ex_new_index);
MQTT_LAZY(ERR_clear_error);
MQTT_LAZY(ERR_get_error);
MQTT_LAZY(ERR_peek_error);
MQTT_LAZY(ERR_reason_error_string);
MQTT_LAZY(EVP_Digest);
MQTT_LAZY(EVP_EncodeBlock);
MQTT_LAZY(EVP_PKEY_free);
MQTT_LAZY(EVP_sha1);
MQTT_LAZY(GENERAL_NAMES_free);
MQTT_LAZY(OPENSSL_sk_num);
MQTT_LAZY(OPENSSL_sk_value);
MQTT_LAZY(SSL_CTX_add_client_CA);
MQTT_LAZY(SSL_CTX_ctrl);
MQTT_LAZY(SSL_CTX_free);
MQTT_LAZY(SSL_CTX_get0_param);
MQTT_LAZY(SSL_CTX_get_cert_store);
MQTT_LAZY(SSL_CTX_get_ex_data);
MQTT_LAZY(SSL_CTX_load_verify_dir);
MQTT_LAZY(SSL_CTX_load_verify_file);
MQTT_LAZY(SSL_CTX_new);
MQTT_LAZY(SSL_CTX_sess_set_new_cb);
MQTT_LAZY(SSL_CTX_set_alpn_protos);
MQTT_LAZY(SSL_CTX_set_alpn_select_cb);
MQTT_LAZY(SSL_CTX_set_cipher_list);
MQTT_LAZY(SSL_CTX_set_ciphersuites);
MQTT_LAZY(SSL_CTX_set_default_passwd_cb);
MQTT_LAZY(SSL_CTX_set_default_passwd_cb_userdata);
MQTT_LAZY(SSL_CTX_set_ex_data);
MQTT_LAZY(SSL_CTX_set_keylog_callback);
MQTT_LAZY(SSL_CTX_set_num_tickets);
MQTT_LAZY(SSL_CTX_set_options);
MQTT_LAZY(SSL_CTX_set_psk_client_callback);
MQTT_LAZY(SSL_CTX_set_psk_server_callback);
MQTT_LAZY(SSL_CTX_set_session_id_context);
MQTT_LAZY(SSL_CTX_set_verify);
MQTT_LAZY(SSL_CTX_use_PrivateKey);
MQTT_LAZY(SSL_CTX_use_PrivateKey_file);
MQTT_LAZY(SSL_CTX_use_certificate_chain_file);
MQTT_LAZY(SSL_CTX_use_psk_identity_hint);
MQTT_LAZY(SSL_SESSION_dup);
MQTT_LAZY(SSL_SESSION_free);
MQTT_LAZY(SSL_ctrl);
MQTT_LAZY(SSL_do_handshake);
MQTT_LAZY(SSL_free);
MQTT_LAZY(SSL_get0_alpn_selected);
MQTT_LAZY(SSL_get0_param);
MQTT_LAZY(SSL_get0_peer_certificate);
MQTT_LAZY(SSL_get_SSL_CTX);
MQTT_LAZY(SSL_get_certificate);
MQTT_LAZY(SSL_get_error);
MQTT_LAZY(SSL_get_ex_data);
MQTT_LAZY(SSL_get_ex_data_X509_STORE_CTX_idx);
MQTT_LAZY(SSL_get_verify_mode);
MQTT_LAZY(SSL_get_version);
MQTT_LAZY(SSL_has_pending);
MQTT_LAZY(SSL_new);
MQTT_LAZY(SSL_read_ex);
MQTT_LAZY(SSL_select_next_proto);
MQTT_LAZY(SSL_session_reused);
MQTT_LAZY(SSL_set_accept_state);
MQTT_LAZY(SSL_set_bio);
MQTT_LAZY(SSL_set_connect_state);
MQTT_LAZY(SSL_set_ex_data);
MQTT_LAZY(SSL_set_session);
MQTT_LAZY(SSL_set_verify);
MQTT_LAZY(SSL_shutdown);
MQTT_LAZY(SSL_write_ex);
MQTT_LAZY(TLS_client_method);
MQTT_LAZY(TLS_server_method);
MQTT_LAZY(X509_LOOKUP_file);
MQTT_LAZY(X509_NAME_ENTRY_get_data);
MQTT_LAZY(X509_NAME_get_entry);
MQTT_LAZY(X509_NAME_get_index_by_NID);
MQTT_LAZY(X509_NAME_print_ex);
MQTT_LAZY(X509_OBJECT_get0_X509);
MQTT_LAZY(X509_STORE_CTX_get_current_cert);
MQTT_LAZY(X509_STORE_CTX_get_error);
MQTT_LAZY(X509_STORE_CTX_get_ex_data);
MQTT_LAZY(X509_STORE_add_lookup);
MQTT_LAZY(X509_STORE_get0_objects);
MQTT_LAZY(X509_STORE_set_flags);
MQTT_LAZY(X509_VERIFY_PARAM_set1_host);
MQTT_LAZY(X509_VERIFY_PARAM_set1_ip_asc);
MQTT_LAZY(X509_VERIFY_PARAM_set_flags);
MQTT_LAZY(X509_VERIFY_PARAM_set_hostflags);
MQTT_LAZY(X509_check_host);
MQTT_LAZY(X509_get0_notAfter);
MQTT_LAZY(X509_get0_notBefore);
MQTT_LAZY(X509_get_default_cert_dir);
MQTT_LAZY(X509_get_default_cert_file);
MQTT_LAZY(X509_get_ext_d2i);
MQTT_LAZY(X509_get_issuer_name);
MQTT_LAZY(X509_get_subject_name);
MQTT_LAZY(X509_load_crl_file);
MQTT_LAZY(X509_verify_cert_error_string);
#if defined(MQTT_WITH_ENGINES) && !defined(OPENSSL_NO_ENGINE)
MQTT_LAZY(ENGINE_by_id);
MQTT_LAZY(ENGINE_ctrl_cmd);
MQTT_LAZY(ENGINE_finish);
MQTT_LAZY(ENGINE_free);
MQTT_LAZY(ENGINE_init);
MQTT_LAZY(ENGINE_load_private_key);
MQTT_LAZY(ENGINE_set_default);
#endif
// clang-format on

#undef MQTT_LAZY

}  // namespace mqtt::net

#endif
