// Password files as mosquitto_passwd writes them.
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>

#include "broker/argon2.hpp"
#include "broker/base64.hpp"
#include "mqtt/access.hpp"

namespace mqtt {
namespace {

constexpr std::size_t kDigestBytes = 64;
constexpr std::size_t kSaltBytes = 12;
constexpr unsigned kMaxIterations = 100'000'000;  // a typing error must not stop logins for hours

using broker::from_base64;
using broker::to_base64;

constexpr std::string_view kScram = "SCRAM-SHA-256$";
constexpr std::string_view kArgon2 = "$argon2id$v=19$";
constexpr std::size_t kArgon2SaltBytes = 16;
constexpr std::size_t kArgon2DigestBytes = 32;
// Likewise: what a login may cost, in KiB and in KiB times passes.
constexpr std::uint64_t kMostArgon2Memory = 1 << 20;
constexpr std::uint64_t kMostArgon2Work = 1 << 24;

// The text up to the next separator, which is taken away with it.
std::string_view next_field(std::string_view& text, char separator = '$') {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return field;
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

std::optional<unsigned> parse_iterations(std::string_view number) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
    if (value == 0 || value > kMaxIterations) return std::nullopt;
    return value;
}

// Base64 as PHC strings have it lacks the padding.
std::string padded(std::string_view given) {
    std::string text(given);
    while (text.size() % 4 != 0)
        text += '=';
    return text;
}
std::string unpadded(std::string text) {
    while (text.ends_with('='))
        text.pop_back();
    return text;
}

// ITERATIONS:SALT$STORED_KEY:SERVER_KEY, as RFC 5803 writes it.
std::optional<ScramCredentials> parse_scram(std::string_view text) {
    ScramCredentials made;
    const auto iterations = parse_iterations(next_field(text, ':'));
    const auto salt = from_base64(next_field(text));
    const auto stored = from_base64(next_field(text, ':'));
    const auto server = from_base64(text);
    const std::size_t size = made.stored_key.size();
    if (!iterations || !salt || !stored || !server) return std::nullopt;
    if (stored->size() != size || server->size() != size) return std::nullopt;
    made.iterations = *iterations;
    made.salt = *salt;
    std::copy(stored->begin(), stored->end(), made.stored_key.begin());
    std::copy(server->begin(), server->end(), made.server_key.begin());
    return made;
}

}  // namespace

// m=KIB,t=PASSES,p=LANES$SALT$DIGEST, base64 without padding.
std::optional<PasswordFile::Hash> PasswordFile::parse_argon2(std::string_view text) {
    const auto value_of = [](std::string_view field, std::string_view name) {
        return field.starts_with(name) ? parse_iterations(field.substr(name.size())) : std::nullopt;
    };
    const auto memory = value_of(next_field(text, ','), "m=");
    const auto passes = value_of(next_field(text, ','), "t=");
    const auto lanes = value_of(next_field(text), "p=");
    const auto salt = from_base64(padded(next_field(text)));
    const auto digest = from_base64(padded(text));
    if (!memory || !passes || !lanes || !salt || !digest) return std::nullopt;
    if (*memory > kMostArgon2Memory || std::uint64_t{*memory} * *passes > kMostArgon2Work)
        return std::nullopt;
    if (*lanes > 64 || salt->size() < 8 || digest->size() < 4 || digest->size() > 1024)
        return std::nullopt;
    Hash hash;
    hash.iterations = *passes;
    hash.argon2_memory_kib = *memory;
    hash.argon2_lanes = *lanes;
    hash.salt = *salt;
    hash.digest = *digest;
    return hash;
}

std::optional<PasswordFile::Hash> PasswordFile::parse(std::string_view text) {
    Hash hash;
    if (text.starts_with(kScram)) {
        hash.scram = parse_scram(text.substr(kScram.size()));
        if (!hash.scram) return std::nullopt;
        return hash;
    }
    if (text.starts_with(kArgon2)) return parse_argon2(text.substr(kArgon2.size()));
    if (text.starts_with("$7$")) {
        text.remove_prefix(3);
        const auto iterations = parse_iterations(next_field(text));
        if (!iterations) return std::nullopt;
        hash.iterations = *iterations;
    } else if (text.starts_with("$6$")) {
        text.remove_prefix(3);
    } else {
        return std::nullopt;
    }
    const auto salt = from_base64(next_field(text));
    const auto digest = from_base64(text);
    if (!salt || !digest || digest->size() != kDigestBytes) return std::nullopt;
    hash.salt = *salt;
    hash.digest = *digest;
    return hash;
}

std::vector<std::uint8_t> PasswordFile::digest_of(const Hash& hash, Bytes password) {
    if (hash.argon2_memory_kib != 0) {
        const broker::Argon2Cost cost{hash.argon2_memory_kib, hash.iterations, hash.argon2_lanes};
        const std::size_t size = hash.digest.empty() ? kArgon2DigestBytes : hash.digest.size();
        return broker::argon2id(password, hash.salt, cost, size)
            .value_or(std::vector<std::uint8_t>());
    }
    std::vector<std::uint8_t> digest(kDigestBytes);
    if (hash.iterations == 0) {
        std::vector<std::uint8_t> both(password.begin(), password.end());
        both.insert(both.end(), hash.salt.begin(), hash.salt.end());
        if (EVP_Digest(both.data(), both.size(), digest.data(), nullptr, EVP_sha512(), nullptr) !=
            1) {
            digest.clear();
        }
        OPENSSL_cleanse(both.data(), both.size());
        return digest;
    }
    const char* text = password.empty() ? "" : reinterpret_cast<const char*>(password.data());
    if (PKCS5_PBKDF2_HMAC(text, static_cast<int>(password.size()), hash.salt.data(),
                          static_cast<int>(hash.salt.size()), static_cast<int>(hash.iterations),
                          EVP_sha512(), static_cast<int>(digest.size()), digest.data()) != 1) {
        digest.clear();
    }
    return digest;
}

FileError PasswordFile::load(const std::string& path) {
    std::ifstream in(path);
    if (!in) return {path + ": cannot be read"};
    decltype(users_) users;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        const auto wrong = [&](const char* what) {
            return FileError{path + ":" + std::to_string(number) + ": " + what};
        };
        if (!line.empty() && line.back() == '\r') line.pop_back();
        const std::size_t colon = line.find(':');
        if (line.starts_with('#') || colon == std::string::npos) continue;
        const auto hash = parse(std::string_view(line).substr(colon + 1));
        if (hash && hash->argon2_memory_kib != 0 && !broker::has_argon2id()) {
            return wrong(
                "argon2id needs OpenSSL 3.2; set this password again with mqtt-broker-lite passwd");
        }
        if (!hash) {
            return wrong(
                "not a password of mosquitto_passwd ($6$, $7$ or $argon2id$) or for SCRAM-SHA-256; "
                "make one "
                "with mqtt-broker-lite passwd");
        }
        if (!users.emplace(line.substr(0, colon), *hash).second)
            return wrong("this user is there twice");
    }
    if (in.bad()) return {path + ": cannot be read"};
    users_ = std::move(users);
    return {};
}

bool PasswordFile::has_user(std::string_view user_name) const {
    return users_.find(user_name) != users_.end();
}

bool PasswordFile::check(std::string_view user_name, Bytes password) const {
    const auto found = users_.find(user_name);
    if (found == users_.end()) return false;
    const Hash& hash = found->second;
    if (const auto& scram = hash.scram) {
        const ScramCredentials made =
            derive_scram_credentials(password, Bytes(scram->salt), scram->iterations);
        return CRYPTO_memcmp(made.stored_key.data(), scram->stored_key.data(),
                             made.stored_key.size()) == 0;
    }
    const std::vector<std::uint8_t> digest = digest_of(hash, password);
    return digest.size() == hash.digest.size() &&
           CRYPTO_memcmp(digest.data(), hash.digest.data(), digest.size()) == 0;
}

void PasswordFile::set(const std::string& user_name, Bytes password, unsigned iterations) {
    Hash hash;
    hash.iterations = iterations != 0 ? iterations : kDefaultIterations;
    hash.salt.resize(kSaltBytes);
    RAND_bytes(hash.salt.data(), static_cast<int>(hash.salt.size()));
    hash.digest = digest_of(hash, password);
    users_.insert_or_assign(user_name, std::move(hash));
}

void PasswordFile::set_sha512(const std::string& user_name, Bytes password) {
    Hash hash;
    hash.salt.resize(kSaltBytes);
    RAND_bytes(hash.salt.data(), static_cast<int>(hash.salt.size()));
    hash.digest = digest_of(hash, password);
    users_.insert_or_assign(user_name, std::move(hash));
}

bool PasswordFile::set_argon2id(const std::string& user_name, Bytes password, unsigned passes) {
    const broker::Argon2Cost usual;
    Hash hash;
    hash.iterations = passes != 0 ? passes : usual.passes;
    hash.argon2_memory_kib = usual.memory_kib;
    hash.argon2_lanes = usual.lanes;
    hash.salt.resize(kArgon2SaltBytes);
    RAND_bytes(hash.salt.data(), static_cast<int>(hash.salt.size()));
    hash.digest = digest_of(hash, password);
    if (hash.digest.empty()) return false;
    users_.insert_or_assign(user_name, std::move(hash));
    return true;
}

void PasswordFile::set_scram(const std::string& user_name, Bytes password, unsigned iterations) {
    Hash hash;
    hash.scram = make_scram_credentials(
        password, iterations != 0 ? iterations : ScramCredentials::kDefaultIterations);
    users_.insert_or_assign(user_name, std::move(hash));
}

std::optional<ScramCredentials> PasswordFile::scram(std::string_view user_name) const {
    const auto found = users_.find(user_name);
    return found == users_.end() ? std::nullopt : found->second.scram;
}

bool PasswordFile::remove(std::string_view user_name) {
    const auto found = users_.find(user_name);
    if (found == users_.end()) return false;
    users_.erase(found);
    return true;
}

bool PasswordFile::save(const std::string& path) const {
    std::string text;
    for (const auto& [name, hash] : users_) {
        text += name + ':';
        if (const auto& scram = hash.scram) {
            text += std::string(kScram) + std::to_string(scram->iterations) + ':' +
                    to_base64(scram->salt) + '$' + to_base64(scram->stored_key) + ':' +
                    to_base64(scram->server_key) + '\n';
            continue;
        }
        if (hash.argon2_memory_kib != 0) {
            text += std::string(kArgon2) + "m=" + std::to_string(hash.argon2_memory_kib) +
                    ",t=" + std::to_string(hash.iterations) +
                    ",p=" + std::to_string(hash.argon2_lanes) + '$' +
                    unpadded(to_base64(hash.salt)) + '$' + unpadded(to_base64(hash.digest)) + '\n';
            continue;
        }
        text += hash.iterations == 0 ? "$6$" : "$7$" + std::to_string(hash.iterations) + '$';
        text += to_base64(hash.salt) + '$' + to_base64(hash.digest) + '\n';
    }
    const std::string temporary = path + ".new";
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    const bool written = write_all(fd, text) && ::fsync(fd) == 0;
    return ::close(fd) == 0 && written && std::rename(temporary.c_str(), path.c_str()) == 0;
}

}  // namespace mqtt
