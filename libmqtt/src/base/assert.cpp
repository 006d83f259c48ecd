// Where a failed MQTT_ASSERT ends. Debug builds only ever call it.
#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace mqtt::base {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    std::abort();
}

}  // namespace mqtt::base
