// Where a password comes from: file, command, terminal; and how it is fetched anew for a reconnect.
// Used by connect_settings and by the set-up of clients. Shows no secret to anybody.
#pragma once

#include <functional>
#include <string>

#include "common/connect_settings.hpp"

namespace tools {

// Fills `options.password` from what the settings name. Throws UsageError.
void obtain_password(const ConnectSettings& settings, mqtt::ConnectOptions& options);

// For mqtt::ClientOptions::before_attempt: obtains the password again at every attempt but the first
// (which has one already). Null when it cannot change.
std::function<std::string(mqtt::ConnectOptions&)> password_refresher(
    const ConnectSettings& settings);

// The first line that `command` (for /bin/sh) prints. Throws UsageError: it failed, or took longer
// than `settings.connect_timeout`.
std::string run_password_command(const ConnectSettings& settings,
                                 const mqtt::ConnectOptions& options);

// Asks on the terminal, without showing what is typed. Throws UsageError without a terminal.
std::string ask_password(const std::string& prompt);

}  // namespace tools
