// The TLS options.
#include <array>

#include "common/connect_flags.hpp"
#include "common/mosquitto_checks.hpp"

namespace tools {
namespace {

constexpr std::string_view kCategory = "TLS";

using Setter = void (*)(ConnectSettings&, const FlagUse&);

// An option that stores its word in a field of TlsOptions; all of these ask for TLS.
template <std::string mqtt::TlsOptions::*field, bool asks_for_tls = true>
constexpr Setter store() {
    return [](ConnectSettings& s, const FlagUse& use) {
        s.tls.options.*field = use.word();
        if (asks_for_tls) s.tls.wanted = true;
    };
}

// As store(). An empty word is no word to us, and to mosquitto's clients one that is wrong.
template <std::string mqtt::TlsOptions::*field, bool asks_for_tls = true>
constexpr Setter store_name() {
    return [](ConnectSettings& s, const FlagUse& use) {
        store<field, asks_for_tls>()(s, use);
        const bool is_wrong = use.word().empty() && s.persona != Persona::ours;
        if (is_wrong) s.tls.options.*field = kNoFile;
    };
}

using mqtt::TlsOptions;

constexpr std::array kRows{
    ConnectRow{{.long_name = "tls",
                .takes = Takes::nothing,
                .category = kCategory,
                .help = "use TLS, trusting the system's certificates unless told otherwise",
                .names = kOurs},
               [](ConnectSettings& s, const FlagUse&) { s.tls.wanted = true; }},
    ConnectRow{{.long_name = "no-tls",
                .takes = Takes::nothing,
                .category = kCategory,
                .help = "no TLS, whatever the port or another option says"},
               [](ConnectSettings& s, const FlagUse&) { s.tls.refused = true; }},
    ConnectRow{{.long_name = "cafile",
                .argument = "FILE",
                .category = kCategory,
                .help = "trust the certificates of this PEM file",
                .complete = Complete::file,
                .common = true},
               store_name<&TlsOptions::ca_file>()},
    ConnectRow{{.long_name = "capath",
                .argument = "DIR",
                .category = kCategory,
                .help = "trust the certificates of this hashed directory",
                .complete = Complete::directory},
               store_name<&TlsOptions::ca_directory>()},
    ConnectRow{{.long_name = "tls-use-os-certs",
                .takes = Takes::nothing,
                .category = kCategory,
                .help = "trust the system's certificates"},
               [](ConnectSettings& s, const FlagUse&) {
                   s.tls.wanted = true;
                   s.tls.use_system_store = true;
               }},
    ConnectRow{{.long_name = "cert",
                .argument = "FILE",
                .category = kCategory,
                .help = "our certificate, in PEM, when the server asks for one",
                .complete = Complete::file,
                .common = true},
               store_name<&TlsOptions::certificate_file, false>()},
    ConnectRow{{.long_name = "key",
                .argument = "FILE",
                .category = kCategory,
                .help = "private key of --cert",
                .complete = Complete::file,
                .common = true},
               store_name<&TlsOptions::key_file, false>()},
    ConnectRow{{.long_name = "insecure",
                .takes = Takes::nothing,
                .category = kCategory,
                .help = "accept any server certificate: for tests only",
                .common = true},
               [](ConnectSettings& s, const FlagUse&) { s.tls.insecure = true; }},
    ConnectRow{{.long_name = "tls-server-name",
                .argument = "NAME",
                .category = kCategory,
                .help = "name to ask for and to check, instead of the host's",
                .names = kOurs},
               store<&TlsOptions::server_name>()},
    ConnectRow{{.long_name = "tls-version",
                .argument = "VERSION",
                .category = kCategory,
                .help = "lowest TLS version",
                .details = "Most systems' OpenSSL refuses 1.1 whatever stands here.",
                .initial = "tlsv1.2",
                .choices = "tlsv1.1 tlsv1.2 tlsv1.3",
                .complete = Complete::choices},
               store<&TlsOptions::minimum_version, false>()},
    ConnectRow{{.long_name = "ciphers",
                .argument = "LIST",
                .category = kCategory,
                .help = "OpenSSL cipher list for TLS 1.2"},
               store<&TlsOptions::ciphers, false>()},
    ConnectRow{
        {.long_name = "tls-alpn",
         .argument = "PROTOCOL",
         .category = kCategory,
         .help = "application protocol to offer, such as mqtt on port 443",
         .repeatable = true},
        [](ConnectSettings& s, const FlagUse& use) { s.tls.options.alpn.push_back(use.word()); }},
    ConnectRow{{.long_name = "tls-keylog",
                .argument = "FILE",
                .category = kCategory,
                .help = "append the session keys to this file, for Wireshark",
                .complete = Complete::file},
               store<&TlsOptions::key_log_file, false>()},
    ConnectRow{{.long_name = "psk",
                .argument = "HEX",
                .category = kCategory,
                .help = "pre-shared key in hexadecimal, instead of certificates",
                .secret = Secret::word},
               store_name<&TlsOptions::psk_hex>()},
    ConnectRow{{.long_name = "psk-identity",
                .argument = "TEXT",
                .category = kCategory,
                .help = "identity of the pre-shared key"},
               store<&TlsOptions::psk_identity, false>()},
    ConnectRow{{.long_name = "tls-engine",
                .argument = "NAME",
                .category = kCategory,
                .help = "let this engine of OpenSSL do the cryptography",
                .details = "Engines are modules, as for smart cards; OPENSSL_ENGINES names their "
                           "directory. The provider that replaces one needs no option but a line "
                           "in openssl.cnf."},
               store<&TlsOptions::engine, false>()},
    ConnectRow{{.long_name = "keyform",
                .argument = "FORM",
                .category = kCategory,
                .help = "what --key names: a file, or a key that --tls-engine holds",
                .initial = "pem",
                .choices = "pem engine"},
               [](ConnectSettings& s, const FlagUse& use) { s.tls.key_form = use.word(); }},
    ConnectRow{{.long_name = "tls-engine-kpass-sha1",
                .argument = "HASH",
                .category = kCategory,
                .help = "SHA-1 of the password of the engine's key, in hexadecimal",
                .secret = Secret::word},
               store_name<&TlsOptions::engine_pin_sha1, false>()},
};

}  // namespace

std::span<const ConnectRow> tls_rows() {
    return kRows;
}

}  // namespace tools
