// Words for what OpenSSL reports.
#include "net/tls_error.hpp"

#include <ctime>

#include "net/openssl.hpp"

namespace mqtt::net {

namespace {

struct Alert {
    int number;  // RFC 8446 section 6
    std::string_view text;
};
constexpr Alert kAlerts[] = {
    {20, "bad record"},
    {40, "handshake failure (no common cipher, or it wants a client certificate)"},
    {42, "bad certificate (it does not accept our certificate)"},
    {43, "unsupported certificate"},
    {44, "certificate revoked"},
    {45, "certificate expired"},
    {46, "certificate unknown (it does not accept our certificate)"},
    {48, "unknown certificate authority (it does not trust who signed our certificate)"},
    {49, "access denied"},
    {50, "decode error"},
    {51, "decrypt error (a wrong pre-shared key, perhaps)"},
    {70, "protocol version (it speaks none of our TLS versions)"},
    {71, "insufficient security"},
    {80, "internal error"},
    {112, "unrecognized name (it does not serve this host name)"},
    {113, "bad certificate status"},
    {115, "unknown pre-shared key identity"},
    {116, "certificate required (it wants a client certificate)"},
    {120, "no application protocol (it refuses our ALPN names)"},
};

std::string alert_text(int number) {
    for (const Alert& alert : kAlerts) {
        if (alert.number == number)
            return std::string("the peer sent the TLS alert ").append(alert.text);
    }
    return "the peer sent the TLS alert " + std::to_string(number);
}

class TlsCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "tls"; }
    std::string message(int value) const override {
        const auto code = static_cast<unsigned long>(static_cast<unsigned>(value));
        const int reason = ERR_GET_REASON(code);
        const bool is_ssl = ERR_GET_LIB(code) == ERR_LIB_SSL;
        if (is_ssl && reason > SSL_AD_REASON_OFFSET)
            return alert_text(reason - SSL_AD_REASON_OFFSET);
        if (is_ssl && reason == SSL_R_NO_SHARED_CIPHER)
            return "TLS: no cipher in common with the peer";
        if (is_not_tls({value, *this})) return "TLS: the peer does not speak TLS";
        const char* text = ERR_reason_error_string(code);
        return text ? std::string("TLS: ") + text : "TLS: error " + std::to_string(value);
    }
};

std::string date(const ASN1_TIME* time) {
    tm parts{};
    char text[32];
    if (!ASN1_TIME_to_tm(time, &parts)) return "an unreadable date";
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
    return text;
}

std::string common_name(const X509_NAME* name) {
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0) return "(no name)";
    unsigned char* text = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size < 0) return "(no name)";
    std::string out(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    return "'" + out + "'";
}

std::string address_text(const ASN1_OCTET_STRING* address) {
    const unsigned char* bytes = ASN1_STRING_get0_data(address);
    std::string out;
    for (int i = 0; i < ASN1_STRING_length(address); ++i) {
        if (i > 0) out += '.';
        out += std::to_string(bytes[i]);
    }
    return out;
}

// The names that the certificate is for; its common name when it lists none.
std::string subject_names(X509* certificate) {
    std::string out;
    auto* names = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        std::string text;
        if (name->type == GEN_DNS) {
            text.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                        static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
        } else if (name->type == GEN_IPADD && ASN1_STRING_length(name->d.iPAddress) == 4) {
            text = address_text(name->d.iPAddress);
        }
        if (text.empty() || out.size() > 200) continue;
        if (!out.empty()) out += ", ";
        out += text;
    }
    GENERAL_NAMES_free(names);
    return out.empty() ? common_name(X509_get_subject_name(certificate)) : out;
}

}  // namespace

const std::error_category& tls_category() {
    static const TlsCategory category;
    return category;
}

std::error_code take_tls_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    return {static_cast<int>(code), tls_category()};
}

std::string take_tls_error_text() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return {};
    // A missing file, and what the system says about it.
    if (ERR_SYSTEM_ERROR(code)) return std::system_category().message(ERR_GET_REASON(code));
    const char* text = ERR_reason_error_string(code);
    return text ? text : "error " + std::to_string(code);
}

std::string tls_failure(const std::string& what, const std::string& name) {
    const std::string why = take_tls_error_text();
    return what + " '" + name + "'" + (why.empty() ? "" : ": " + why);
}

bool is_not_tls(std::error_code error) {
    if (error.category() != tls_category()) return false;
    const auto code = static_cast<unsigned long>(static_cast<unsigned>(error.value()));
    if (ERR_GET_LIB(code) != ERR_LIB_SSL) return false;
    switch (ERR_GET_REASON(code)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG: return true;
    default: return false;
    }
}

bool is_unexpected_end(std::error_code error) {
    const auto code = static_cast<unsigned long>(static_cast<unsigned>(error.value()));
    return error.category() == tls_category() && ERR_GET_LIB(code) == ERR_LIB_SSL &&
           ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

std::string describe_certificate_failure(x509_store_ctx_st* context, std::string_view host) {
    const int result = X509_STORE_CTX_get_error(context);
    X509* certificate = X509_STORE_CTX_get_current_cert(context);
    const std::string reason = X509_verify_cert_error_string(result);
    if (!certificate) return reason;
    const std::string issuer = common_name(X509_get_issuer_name(certificate));
    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "it expired on " + date(X509_get0_notAfter(certificate)) +
               " (renew it; check this machine's clock)";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "it is valid only from " + date(X509_get0_notBefore(certificate)) +
               " on (check this machine's clock)";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "it is self-signed (to trust it, give it as CA file)";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "its issuer " + issuer +
               " is not trusted here (give the issuer's certificate as CA file)";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "it is for " + subject_names(certificate) + ", not for '" + std::string(host) + "'";
    case X509_V_ERR_CERT_REVOKED: return "it has been revoked";
    case X509_V_ERR_UNABLE_TO_GET_CRL: return "the CRL file has no list of its issuer " + issuer;
    case X509_V_ERR_CRL_HAS_EXPIRED: return "the CRL file is out of date";
    default: return reason;
    }
}

}  // namespace mqtt::net
