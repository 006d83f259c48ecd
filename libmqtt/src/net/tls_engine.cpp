// See tls_engine.hpp.
#define MQTT_WITH_ENGINES
#include "net/tls_engine.hpp"

#include <memory>
#include <vector>

#include "net/openssl.hpp"
#include "net/psk_file.hpp"
#include "net/tls_error.hpp"

namespace mqtt::net {

#ifdef OPENSSL_NO_ENGINE

std::string use_engine(const TlsOptions& options) {
    return "cannot use the engine '" + options.engine + "': this OpenSSL is built without engines";
}

bool load_engine_key(SSL_CTX*, const TlsOptions& options, std::string& problem) {
    problem = use_engine(options);
    return false;
}

#else

namespace {

struct Release {
    void operator()(ENGINE* engine) const {
        ENGINE_finish(engine);
        ENGINE_free(engine);
    }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

// Found, or loaded from the directory of engines (OPENSSL_ENGINES names another one), and started.
using Engine = std::unique_ptr<ENGINE, Release>;

Engine open_engine(const std::string& id, std::string& problem) {
    ENGINE* const found = ENGINE_by_id(id.c_str());
    if (!found) {
        problem = tls_failure("cannot load the engine", id);
        return nullptr;
    }
    if (!ENGINE_init(found)) {
        problem = tls_failure("cannot start the engine", id);
        ENGINE_free(found);
        return nullptr;
    }
    return Engine(found);
}

// The commands that engines with passwords have agreed on.
std::string give_pin(ENGINE* engine, const TlsOptions& options) {
    constexpr long kSha1 = 0x1000;
    std::vector<unsigned char> pin;
    if (!decode_psk(options.engine_pin_sha1, pin) || pin.size() != 20) {
        return "the SHA-1 of the engine's password has not 40 hexadecimal digits";
    }
    pin.push_back(0);
    if (!ENGINE_ctrl_cmd(engine, "SECRET_MODE", kSha1, nullptr, nullptr, 0) ||
        !ENGINE_ctrl_cmd(engine, "PIN", 0, pin.data(), nullptr, 0)) {
        return tls_failure("cannot give its password to the engine", options.engine);
    }
    return {};
}

}  // namespace

std::string use_engine(const TlsOptions& options) {
    std::string problem;
    const Engine engine = open_engine(options.engine, problem);
    if (engine && !ENGINE_set_default(engine.get(), ENGINE_METHOD_ALL)) {
        problem = tls_failure("cannot use the engine", options.engine);
    }
    return problem;
}

bool load_engine_key(SSL_CTX* context, const TlsOptions& options, std::string& problem) {
    const Engine engine = open_engine(options.engine, problem);
    if (engine && !options.engine_pin_sha1.empty()) problem = give_pin(engine.get(), options);
    if (!problem.empty()) return false;
    const std::unique_ptr<EVP_PKEY, Release> key(
        ENGINE_load_private_key(engine.get(), options.key_file.c_str(), nullptr, nullptr));
    if (key) return SSL_CTX_use_PrivateKey(context, key.get()) == 1;
    problem =
        tls_failure("the engine '" + options.engine + "' has no private key", options.key_file);
    return false;
}

#endif

}  // namespace mqtt::net
