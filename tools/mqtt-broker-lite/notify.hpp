// Telling systemd how far we are: what sd_notify of libsystemd does, without the library.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace tools::broker_lite {

// "READY=1", reloading_state(), "WATCHDOG=1", "STOPPING=1". Nothing happens when nobody asked for it
// ($NOTIFY_SOCKET), or when nobody hears.
void notify_supervisor(std::string_view state);
// How long we may be silent before we are taken for dead ($WATCHDOG_USEC); zero: for ever.
std::chrono::microseconds watchdog_time();
std::string reloading_state();  // with the time, as Type=notify-reload wants it

}  // namespace tools::broker_lite
