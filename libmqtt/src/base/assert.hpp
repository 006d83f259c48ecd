// MQTT_ASSERT: our own assertion, on in debug builds (no NDEBUG), gone in release builds.
// It guards our own misuse only: a condition that a peer's bytes can reach is an Error instead.
// Used by every layer; the condition must have no side effects.
#pragma once

namespace mqtt::base {

// Prints the place and the condition to stderr, then aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace mqtt::base

#ifdef NDEBUG
#define MQTT_ASSERT(condition) static_cast<void>(sizeof((condition) ? 1 : 0))
#else
#define MQTT_ASSERT(condition)          \
    ((condition) ? static_cast<void>(0) \
                 : ::mqtt::base::assertion_failed(#condition, __FILE__, __LINE__))
#endif
