// What the broker does with its process: signals, user, files that others wait for, sockets that a
// supervisor has opened.
#pragma once

#include <signal.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/broker.hpp"

namespace tools::broker_lite {

// Blocked before any thread starts, so that only sigwait sees them.
sigset_t block_signals();

// Appears complete or not at all. Throws ToolError, which begins with `place`.
void write_lines(const std::string& path, const std::vector<std::string>& lines,
                 std::string_view place = {});

// The user's name; of mosquitto, which is the default, nobody when there is no such user, as mosquitto has it.
// Empty: nothing was to be given up. Throws ToolError; `place` is where the name was said.
std::string drop_privileges(const std::string& name, std::string_view place);
// Before that, when the store is open: its files, where root has made them, are that user's from now on, who so can
// open them again without root. Throws ToolError about the user.
void give_store(const std::string& file, const std::string& name, std::string_view place);

// Goes to the background: the parent waits until ready() is called there, and ends with 0, or with 1 when
// the child ends before. Throws ToolError.
class Background {
public:
    void enter();
    // From here on the standard streams are /dev/null.
    void ready();

private:
    int pipe_ = -1;
};

// Listening sockets of socket activation (LISTEN_FDS of systemd), given to the listeners whose address they
// have. Returns a sentence about the first that fits none; empty: all well.
std::string take_activated_sockets(std::vector<mqtt::ListenerConfig>& listeners);

}  // namespace tools::broker_lite
