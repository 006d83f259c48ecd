// By names, which headers of OpenSSL 3.0 do not have yet.
#include "broker/argon2.hpp"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <memory>

namespace mqtt::broker {
namespace {

struct FreeKdf {
    void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
    void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};
using Kdf = std::unique_ptr<EVP_KDF, FreeKdf>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, FreeKdf>;

Kdf find_argon2id() {
    return Kdf(EVP_KDF_fetch(nullptr, "ARGON2ID", nullptr));
}

OSSL_PARAM octets(const char* name, Bytes bytes) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()),
                                             bytes.size());
}

}  // namespace

bool has_argon2id() {
    static const bool has = find_argon2id() != nullptr;
    return has;
}

std::optional<std::vector<std::uint8_t>> argon2id(Bytes password, Bytes salt,
                                                  const Argon2Cost& cost, std::size_t size) {
    if (!has_argon2id()) return std::nullopt;
    const Kdf kdf = find_argon2id();
    const KdfContext context(EVP_KDF_CTX_new(kdf.get()));
    if (!context) return std::nullopt;
    Argon2Cost given = cost;
    const OSSL_PARAM parameters[] = {
        octets(OSSL_KDF_PARAM_PASSWORD, password),
        octets(OSSL_KDF_PARAM_SALT, salt),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ITER, &given.passes),
        OSSL_PARAM_construct_uint32("lanes", &given.lanes),
        OSSL_PARAM_construct_uint32("memcost", &given.memory_kib),
        OSSL_PARAM_construct_end(),
    };
    std::vector<std::uint8_t> out(size);
    if (EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) != 1) return std::nullopt;
    return out;
}

}  // namespace mqtt::broker
