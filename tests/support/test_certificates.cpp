// X.509 through OpenSSL's API; EC keys, for they are made at once.
#include "support/test_certificates.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace mqtt::test {

namespace {

constexpr long kDay = 24 * 3600;

struct Free {
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(X509_CRL* p) const { X509_CRL_free(p); }
    void operator()(std::FILE* p) const { std::fclose(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

void require(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(std::string("test certificates: ") + what);
}

Owned<std::FILE> open_file(const std::string& path, const char* mode) {
    Owned<std::FILE> file(std::fopen(path.c_str(), mode));
    require(file != nullptr, path.c_str());
    return file;
}

void set_name(X509_NAME* name, const std::string& common_name) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    require(extension != nullptr, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

Owned<X509> make_certificate(const std::string& common_name, EVP_PKEY* key, int serial,
                             int from_days, int to_days) {
    Owned<X509> certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from_days * kDay);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to_days * kDay);
    X509_set_pubkey(certificate.get(), key);
    set_name(X509_get_subject_name(certificate.get()), common_name);
    return certificate;
}

void write_certificate(const std::string& path, X509* certificate) {
    require(PEM_write_X509(open_file(path, "w").get(), certificate) == 1, path.c_str());
}

void write_key(const std::string& path, EVP_PKEY* key, const std::string& password = {}) {
    const auto file = open_file(path, "w");
    const auto* secret = reinterpret_cast<const unsigned char*>(password.data());
    const int done =
        password.empty()
            ? PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr)
            : PEM_write_PrivateKey(file.get(), key, EVP_aes_128_cbc(), secret,
                                   static_cast<int>(password.size()), nullptr, nullptr);
    require(done == 1, path.c_str());
}

}  // namespace

struct TestAuthority::Keys {
    Owned<EVP_PKEY> key{EVP_EC_gen("P-256")};
    Owned<X509> certificate;
};

TestAuthority::TestAuthority(const std::string& common_name) : keys_(std::make_unique<Keys>()) {
    std::string path = std::filesystem::temp_directory_path() / "mqtt-test-ca-XXXXXX";
    require(::mkdtemp(path.data()) != nullptr, "mkdtemp");
    directory_ = path;
    ca_file_ = directory_ + "/ca.pem";
    EVP_PKEY* key = keys_->key.get();
    keys_->certificate = make_certificate(common_name, key, 1, -1, 365);
    X509* certificate = keys_->certificate.get();
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    require(X509_sign(certificate, key, EVP_sha256()) > 0, "sign");
    write_certificate(ca_file_, certificate);
}

TestAuthority::~TestAuthority() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

CertificateFiles TestAuthority::issue(const CertificateRequest& request) {
    const int serial = next_serial_++;
    Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
    Owned<X509> certificate = make_certificate(request.common_name, key.get(), serial,
                                               request.valid_from_days, request.valid_to_days);
    X509* issuer = request.self_signed ? certificate.get() : keys_->certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
    std::string names;
    for (const std::string& name : request.names)
        names += (names.empty() ? "" : ",") + name;
    if (!names.empty()) add_extension(certificate.get(), issuer, NID_subject_alt_name, names);
    require(X509_sign(certificate.get(), request.self_signed ? key.get() : keys_->key.get(),
                      EVP_sha256()) > 0,
            "sign");
    const std::string stem = directory_ + "/" + std::to_string(serial);
    CertificateFiles files{stem + ".pem", stem + ".key"};
    write_certificate(files.certificate, certificate.get());
    write_key(files.key, key.get());
    return files;
}

std::string TestAuthority::make_crl(const std::vector<CertificateFiles>& revoked) {
    Owned<X509_CRL> crl(X509_CRL_new());
    X509_CRL_set_version(crl.get(), 1);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(keys_->certificate.get()));
    ASN1_TIME* time = ASN1_TIME_new();
    X509_gmtime_adj(time, -kDay);
    X509_CRL_set1_lastUpdate(crl.get(), time);
    for (const CertificateFiles& files : revoked) {
        const Owned<X509> certificate(
            PEM_read_X509(open_file(files.certificate, "r").get(), nullptr, nullptr, nullptr));
        X509_REVOKED* entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.get()));
        X509_REVOKED_set_revocationDate(entry, time);
        X509_CRL_add0_revoked(crl.get(), entry);
    }
    X509_gmtime_adj(time, 30 * kDay);
    X509_CRL_set1_nextUpdate(crl.get(), time);
    ASN1_TIME_free(time);
    require(X509_CRL_sign(crl.get(), keys_->key.get(), EVP_sha256()) > 0, "sign CRL");
    const std::string path = directory_ + "/crl.pem";
    require(PEM_write_X509_CRL(open_file(path, "w").get(), crl.get()) == 1, "write CRL");
    return path;
}

std::string TestAuthority::make_hashed_directory() {
    const std::string path = directory_ + "/hashed";
    std::filesystem::create_directory(path);
    char name[16];
    std::snprintf(name, sizeof name, "%08lx.0", X509_subject_name_hash(keys_->certificate.get()));
    std::filesystem::copy_file(ca_file_, path + "/" + name);
    return path;
}

std::string TestAuthority::encrypt_key(const CertificateFiles& files, const std::string& password) {
    const Owned<EVP_PKEY> key(
        PEM_read_PrivateKey(open_file(files.key, "r").get(), nullptr, nullptr, nullptr));
    const std::string path = files.key + ".encrypted";
    write_key(path, key.get(), password);
    return path;
}

}  // namespace mqtt::test
