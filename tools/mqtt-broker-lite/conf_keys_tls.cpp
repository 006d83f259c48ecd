// Keys of TLS listeners.
#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

void set_tls_version(Conf& conf, const ConfLine& line) {
    if (line.value == "tlsv1.1") {
        conf.problems.push_back({false, line.place() +
                                            ": tls_version: TLS 1.1 is broken; OpenSSL takes it at "
                                            "security level 0 only, else 1.2 and 1.3"});
    } else if (line.value != "tlsv1.2" && line.value != "tlsv1.3") {
        throw ConfError("'" + line.value + "' is none of tlsv1.1, tlsv1.2 and tlsv1.3");
    }
    conf.current().tls.minimum_version = line.value;
}

void set_key_form(Conf& conf, const ConfLine& line) {
    if (line.value != "pem" && line.value != "engine") {
        throw ConfError("'" + line.value + "' is neither pem nor engine");
    }
    conf.current().tls.engine_has_key = line.value == "engine";
}

void set_engine_password(Conf& conf, const ConfLine& line) {
    const std::string& digits = line.value;
    if (digits.size() != 40 ||
        digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
        throw ConfError("not 40 hexadecimal digits: printf PASSWORD | openssl sha1 -r gives them");
    }
    conf.current().tls.engine_pin_sha1 = digits;
}

// Listener keys whose value goes to a member as it is.
template <auto Member>
void tls_text(Conf& conf, const ConfLine& line) {
    conf.current().tls.*Member = line.value;
}

constexpr ConfKey kKeys[] = {
    {"certfile", listener, used, "FILE",
     "certificate chain of this listener (PEM); makes it a TLS listener",
     tls_text<&mqtt::TlsOptions::certificate_file>},
    {"keyfile", listener, used, "FILE", "its private key (PEM)",
     tls_text<&mqtt::TlsOptions::key_file>},
    {"cafile", listener, used, "FILE", "who signs client certificates (PEM)",
     tls_text<&mqtt::TlsOptions::ca_file>},
    {"capath", listener, used, "DIR", "the same as a hashed folder",
     tls_text<&mqtt::TlsOptions::ca_directory>},
    {"crlfile", listener, used, "FILE", "certificates that are revoked",
     tls_text<&mqtt::TlsOptions::crl_file>},
    {"ciphers", listener, used, "LIST", "ciphers of TLS 1.2", tls_text<&mqtt::TlsOptions::ciphers>},
    {"ciphers_tls1.3", listener, used, "LIST", "cipher suites of TLS 1.3",
     tls_text<&mqtt::TlsOptions::ciphersuites>},
    {"tls_version", listener, used, "tlsv1.1|tlsv1.2|tlsv1.3", "oldest version of TLS",
     set_tls_version, false, "tlsv1.2"},
    {"require_certificate", listener, used, "true|false",
     "refuse clients without a certificate of cafile",
     CONF_SET(auto& tls = c.current().tls; tls.require_client_certificate = boolean(line);
              tls.request_client_certificate = tls.require_client_certificate),
     false, "false"},
    {"use_identity_as_username", listener, used, "true|false",
     "the common name of the client's certificate is its user name, which then needs no password",
     CONF_SET(c.current().uses_common_name = boolean(line)), false, "false"},
    {"use_subject_as_username", listener, used, "true|false",
     "the same with the whole subject of the certificate (RFC 2253)",
     CONF_SET(c.current().uses_subject = boolean(line)), false, "false"},
    {"disable_client_cert_date_checks", listener, used, "true|false",
     "client certificates that are not yet or no longer valid count, too",
     CONF_SET(c.current().tls.ignore_client_certificate_dates = boolean(line)), false, "false"},
    {"psk_hint", listener, used, "TEXT",
     "makes it a TLS listener for the pre-shared keys of psk_file; clients of TLS 1.2 are told it",
     tls_text<&mqtt::TlsOptions::psk_hint>},
    {"dhparamfile", listener, ignored, "FILE", "the groups of OpenSSL are used"},
    {"tls_engine", listener, used, "NAME",
     "this engine of OpenSSL does the cryptography, in the whole broker; OPENSSL_ENGINES names the "
     "folder of engines",
     tls_text<&mqtt::TlsOptions::engine>},
    {"tls_keyform", listener, used, "pem|engine",
     "what keyfile names: a file, or a key that the engine holds", set_key_form, false, "pem"},
    {"tls_engine_kpass_sha1", listener, used, "HEX",
     "SHA-1 of the password that the engine wants for its key", set_engine_password},
};

}  // namespace

std::span<const ConfKey> tls_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
