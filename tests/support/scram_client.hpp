// The client's side of SCRAM-SHA-256 (RFC 5802, 7677), written for tests by itself on OpenSSL, so that it
// does not share the broker's mistakes.
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>
#include <string_view>

namespace test {

class ScramClient {
public:
    ScramClient(std::string user, std::string password,
                std::string nonce = "fyko+d2lbbFgONRv9qkxdawL")
        : user_(std::move(user))
        , password_(std::move(password))
        , nonce_(std::move(nonce)) {}

    std::string first() const { return "n,," + bare(); }
    // Answer to the server's challenge; remembers what the server has to say then.
    std::string last(const std::string& challenge) {
        const std::size_t salt = challenge.find(",s=");
        const std::size_t iterations = challenge.find(",i=");
        const std::string head = "c=biws," + challenge.substr(0, salt);
        const std::string transcript = bare() + ',' + challenge + ',' + head;
        const std::string key = salted(decode(challenge.substr(salt + 3, iterations - salt - 3)),
                                       std::stoi(challenge.substr(iterations + 3)));
        std::string proof = hmac(key, "Client Key");
        const std::string signature = hmac(hash(proof), transcript);
        for (std::size_t i = 0; i < proof.size(); ++i)
            proof[i] = static_cast<char>(proof[i] ^ signature[i]);
        expected_ = "v=" + encode(hmac(hmac(key, "Server Key"), transcript));
        return head + ",p=" + encode(proof);
    }
    const std::string& expected() const { return expected_; }

private:
    using Byte = unsigned char;
    static const Byte* bytes(const std::string& text) {
        return reinterpret_cast<const Byte*>(text.data());
    }
    static Byte* bytes(std::string& text) { return reinterpret_cast<Byte*>(text.data()); }
    std::string bare() const { return "n=" + user_ + ",r=" + nonce_; }
    std::string salted(const std::string& salt, int iterations) const {
        std::string out(32, '\0');
        PKCS5_PBKDF2_HMAC(password_.data(), static_cast<int>(password_.size()), bytes(salt),
                          static_cast<int>(salt.size()), iterations, EVP_sha256(), 32, bytes(out));
        return out;
    }
    static std::string hmac(const std::string& key, const std::string& text) {
        std::string out(32, '\0');
        HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(text), text.size(),
             bytes(out), nullptr);
        return out;
    }
    static std::string hash(const std::string& text) {
        std::string out(32, '\0');
        EVP_Digest(text.data(), text.size(), bytes(out), nullptr, EVP_sha256(), nullptr);
        return out;
    }
    static std::string encode(const std::string& text) {
        std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
        EVP_EncodeBlock(bytes(out), bytes(text), static_cast<int>(text.size()));
        out.pop_back();
        return out;
    }
    static std::string decode(const std::string& text) {
        std::string out(text.size() / 4 * 3, '\0');
        EVP_DecodeBlock(bytes(out), bytes(text), static_cast<int>(text.size()));
        out.resize(out.size() - (text.ends_with("==") ? 2u : text.ends_with('=') ? 1u : 0u));
        return out;
    }

    std::string user_, password_, nonce_, expected_;
};

}  // namespace test
