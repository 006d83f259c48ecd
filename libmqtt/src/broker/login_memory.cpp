// Keys and the two tables.
#include "broker/login_memory.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>
#include <vector>

namespace mqtt::broker {
namespace {

template <class Number>
void put(std::vector<std::uint8_t>& out, Number number) {
    std::uint8_t bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    out.insert(out.end(), bytes, bytes + sizeof number);
}

}  // namespace

LoginMemory::LoginMemory(std::size_t capacity) : right_(capacity), wrong_(capacity / 8) {
    if (capacity == 0) return;
    if (RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1) {
        throw std::runtime_error("OpenSSL gives no random numbers");
    }
}

// No two logins have the same text: the name's length stands before it.
LoginMemory::Key LoginMemory::key_of(const LoginRequest& request) const {
    const std::string_view user = request.user_name.value_or(std::string_view());
    std::vector<std::uint8_t> text;
    text.reserve(17 + user.size() + request.password->size());
    put(text, std::uint64_t{request.listener});
    put(text, std::uint64_t{user.size()});
    put(text, static_cast<std::uint8_t>(request.user_name.has_value()));
    text.insert(text.end(), user.begin(), user.end());
    text.insert(text.end(), request.password->begin(), request.password->end());
    std::uint8_t digest[32] = {};
    HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), text.data(), text.size(),
         digest, nullptr);
    OPENSSL_cleanse(text.data(), text.size());
    Key key;
    std::memcpy(key.data(), digest, sizeof key);
    return key;
}

std::optional<ReasonCode> LoginMemory::recall(const Key& key) {
    const std::lock_guard lock(mutex_);
    if (right_.has(key)) return ReasonCode::success;
    if (wrong_.has(key)) return ReasonCode::not_authorized;
    return std::nullopt;
}

void LoginMemory::remember(const Key& key, ReasonCode verdict, std::uint64_t generation) {
    const std::lock_guard lock(mutex_);
    if (generation != generation_) return;
    if (verdict == ReasonCode::success) right_.add(key);
    if (verdict == ReasonCode::not_authorized) wrong_.add(key);
}

std::uint64_t LoginMemory::generation() const {
    const std::lock_guard lock(mutex_);
    return generation_;
}

void LoginMemory::forget() {
    const std::lock_guard lock(mutex_);
    ++generation_;
    right_.clear();
    wrong_.clear();
}

bool LoginMemory::Recent::has(const Key& key) {
    if (young_.contains(key)) return true;
    if (old_.erase(key) == 0) return false;
    add(key);
    return true;
}

void LoginMemory::Recent::add(const Key& key) {
    if (half_ == 0) return;
    if (young_.size() >= half_) {
        old_ = std::move(young_);
        young_.clear();
    }
    young_.insert(key);
}

void LoginMemory::Recent::clear() {
    young_.clear();
    old_.clear();
}

}  // namespace mqtt::broker
