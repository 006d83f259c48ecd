// Telling systemd how far we are: what sd_notify of libsystemd does, without the library.
#pragma once

#include <string>
#include <string_view>

namespace tools::broker_lite {

// "READY=1", reloading_state(), "STOPPING=1". Nothing happens when nobody asked for it
// ($NOTIFY_SOCKET), or when nobody hears.
void notify_supervisor(std::string_view state);
std::string reloading_state();  // with the time, as Type=notify-reload wants it

}  // namespace tools::broker_lite
