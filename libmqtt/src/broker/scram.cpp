// Messages and keys of SCRAM-SHA-256.
#include "broker/scram.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "broker/base64.hpp"

namespace mqtt {
namespace {

using ScramKey = ScramCredentials::Key;
constexpr std::size_t kScramSaltBytes = 16;

ScramKey hmac(Bytes key, Bytes text) {
    ScramKey out{};
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), text.data(), text.size(),
         out.data(), &size);
    return out;
}

ScramKey hash(Bytes text) {
    ScramKey out{};
    EVP_Digest(text.data(), text.size(), out.data(), nullptr, EVP_sha256(), nullptr);
    return out;
}

// The same for the whole run of the process, so that asking twice for an unknown user tells nothing.
Bytes process_secret() {
    static const ScramKey secret = [] {
        ScramKey bytes{};
        RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
        return bytes;
    }();
    return secret;
}

// The part up to the next comma, which is taken away with it.
std::string_view next_part(std::string_view& text) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

// "x=value" to its value.
std::optional<std::string_view> value_of(std::string_view part, char name) {
    if (part.size() < 2 || part[0] != name || part[1] != '=') return std::nullopt;
    return part.substr(2);
}

// "=2C" and "=3D" stand for a comma and an equals sign.
std::optional<std::string> unescaped(std::string_view name) {
    std::string text;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] != '=') {
            text += name[i];
            continue;
        }
        const std::string_view code = name.substr(i, 3);
        if (code != "=2C" && code != "=3D") return std::nullopt;
        text += code == "=2C" ? ',' : '=';
        i += 2;
    }
    return text;
}

}  // namespace

ScramCredentials derive_scram_credentials(Bytes password, Bytes salt, unsigned iterations) {
    ScramCredentials made;
    made.iterations = iterations;
    made.salt.assign(salt.begin(), salt.end());
    ScramKey salted{};
    const char* text = password.empty() ? "" : reinterpret_cast<const char*>(password.data());
    PKCS5_PBKDF2_HMAC(text, static_cast<int>(password.size()), salt.data(),
                      static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
                      static_cast<int>(salted.size()), salted.data());
    ScramKey client_key = hmac(salted, as_bytes("Client Key"));
    made.stored_key = hash(client_key);
    made.server_key = hmac(salted, as_bytes("Server Key"));
    OPENSSL_cleanse(salted.data(), salted.size());
    OPENSSL_cleanse(client_key.data(), client_key.size());
    return made;
}

ScramCredentials make_scram_credentials(Bytes password, unsigned iterations) {
    std::uint8_t salt[kScramSaltBytes];
    RAND_bytes(salt, sizeof salt);
    return derive_scram_credentials(password, salt, iterations);
}

namespace broker {

// n,,n=user,r=nonce
std::optional<std::string> ScramServer::first(std::string_view message, const Find& find) {
    const std::string_view whole = message;
    const std::string_view flag = next_part(message);
    if (flag != "n" && flag != "y") return std::nullopt;  // "p=": channel binding
    const std::string_view authorize_as = next_part(message);
    const std::string_view header = whole.substr(0, whole.size() - message.size());
    const std::string_view bare = message;
    const auto name = value_of(next_part(message), 'n');
    const auto nonce = value_of(next_part(message), 'r');
    if (!name || name->empty() || !nonce || nonce->empty()) return std::nullopt;
    const auto user = unescaped(*name);
    if (!user) return std::nullopt;
    if (!authorize_as.empty() && authorize_as != "a=" + std::string(*name)) return std::nullopt;
    user_ = *user;
    binding_ = to_base64(as_bytes(header));
    if (auto found = find(user_)) {
        credentials_ = std::move(*found);
        is_known_ = true;
    } else {
        const ScramKey salt = hmac(process_secret(), as_bytes(user_));
        credentials_.salt.assign(salt.begin(), salt.begin() + kScramSaltBytes);
        credentials_.iterations = ScramCredentials::kDefaultIterations;
    }
    std::uint8_t own[18];
    RAND_bytes(own, sizeof own);
    nonce_ = std::string(*nonce) + to_base64(own);
    std::string challenge = "r=" + nonce_ + ",s=" + to_base64(credentials_.salt) +
                            ",i=" + std::to_string(credentials_.iterations);
    transcript_ = std::string(bare) + ',' + challenge;
    return challenge;
}

// c=biws,r=nonce,p=proof
std::optional<std::string> ScramServer::last(std::string_view message) {
    const std::size_t at = message.rfind(",p=");
    if (at == std::string_view::npos) return std::nullopt;
    const auto proof = from_base64(message.substr(at + 3));
    std::string_view without_proof = message.substr(0, at);
    const std::string text = transcript_ + ',' + std::string(without_proof);
    const auto binding = value_of(next_part(without_proof), 'c');
    const auto nonce = value_of(next_part(without_proof), 'r');
    if (!binding || *binding != binding_ || !nonce || *nonce != nonce_) return std::nullopt;
    ScramKey key = hmac(credentials_.stored_key, as_bytes(text));  // the client's signature
    if (!proof || proof->size() != key.size()) return std::nullopt;
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = static_cast<std::uint8_t>(key[i] ^ (*proof)[i]);
    const ScramKey stored = hash(key);
    const bool is_right =
        CRYPTO_memcmp(stored.data(), credentials_.stored_key.data(), stored.size()) == 0;
    if (!is_right || !is_known_) return std::nullopt;
    return "v=" + to_base64(hmac(credentials_.server_key, as_bytes(text)));
}

}  // namespace broker
}  // namespace mqtt
