// Certificates made at test time: an authority and what it signs, as PEM files in a directory that
// goes when the object goes. Nothing here ever expires in the repository.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace mqtt::test {

struct CertificateRequest {
    std::string common_name = "localhost";
    std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1", "IP:::1"};
    int valid_from_days = -1;  // relative to now
    int valid_to_days = 30;
    bool self_signed = false;
};

// Paths of PEM files.
struct CertificateFiles {
    std::string certificate;
    std::string key;
};

class TestAuthority {
public:
    explicit TestAuthority(const std::string& common_name = "Test CA");
    TestAuthority(const TestAuthority&) = delete;
    TestAuthority& operator=(const TestAuthority&) = delete;
    ~TestAuthority();

    CertificateFiles issue(const CertificateRequest& request = {});
    const std::string& ca_file() const { return ca_file_; }
    const std::string& directory() const { return directory_; }
    // A CRL that revokes the certificates with these files' serial numbers.
    std::string make_crl(const std::vector<CertificateFiles>& revoked);
    // A copy of the CA certificate under its subject hash, in a directory of its own.
    std::string make_hashed_directory();
    // A key file that needs a password.
    std::string encrypt_key(const CertificateFiles& files, const std::string& password);

private:
    struct Keys;
    std::string directory_;
    std::string ca_file_;
    std::unique_ptr<Keys> keys_;
    int next_serial_ = 2;
};

}  // namespace mqtt::test
