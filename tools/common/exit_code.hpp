// Exit codes: one table for all tools, printed in help and man pages. The numbers are the ones that
// scripts know from mosquitto's clients; where those give 1 to everything we tell causes apart, and
// under mosquitto's names we give 1 again.
#pragma once

#include <span>
#include <string_view>

#include "common/flags.hpp"
#include "mqtt/error.hpp"
#include "mqtt/types.hpp"

namespace tools {

inline constexpr int kExitDone = 0;
inline constexpr int kExitUsage = 1;
inline constexpr int kExitLinkLost = 7;
inline constexpr int kExitOutput = 6;
inline constexpr int kExitFull = 9;
inline constexpr int kExitCommand = 12;
inline constexpr int kExitTimedOut = 27;
inline constexpr int kExitNeverConnected = 255;

struct ExitRow {
    int code;
    std::string_view text;
};
std::span<const ExitRow> exit_rows();

// What to exit with after `error` ended the run.
int exit_code(const mqtt::Error& error, Persona persona);

// A refusal by CONNACK: the reason code for 5.0, the return code 1..5 for 3.x.
int connack_exit_code(mqtt::ReasonCode reason, mqtt::ProtocolVersion version);

}  // namespace tools
