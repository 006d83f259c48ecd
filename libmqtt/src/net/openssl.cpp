// See openssl.hpp.
#ifdef MQTT_LAZY_OPENSSL

#include "net/openssl.hpp"

#include <dlfcn.h>

#include <stdexcept>
#include <string>

namespace mqtt::net {

namespace {

#define MQTT_TEXT_OF(x) #x
#define MQTT_TEXT(x) MQTT_TEXT_OF(x)
constexpr const char* kLibrary = "libssl.so." MQTT_TEXT(OPENSSL_SHLIB_VERSION);

[[noreturn]] void fail() {
    const char* why = ::dlerror();
    throw std::runtime_error(std::string("TLS and WebSocket need OpenSSL: ") +
                             (why ? why : kLibrary));
}

// libcrypto comes along. Never unloaded: it cleans up at exit.
void* library() {
    static void* const handle = ::dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL);
    if (!handle) fail();
    return handle;
}

}  // namespace

void* find_in_openssl(const char* name) {
    void* const found = ::dlsym(library(), name);
    if (!found) fail();
    return found;
}

}  // namespace mqtt::net

#endif
