// Profiles: named option files that all tools share, and what a command line may not show of them.
// Used by app. The reading of a file is options_file's.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/flags.hpp"

namespace tools {

// $XDG_CONFIG_HOME/mqtt-tools/NAME.conf, else $HOME/.config/mqtt-tools/NAME.conf; a name with a slash
// is a path itself.
std::string profile_path(std::string_view name);

// The options of a profile, as far as this tool has them: connection options of another tool are
// passed over. Throws UsageError: no such profile (with those that there are), or a bad line.
std::vector<FlagUse> read_profile(const std::string& name, std::span<const Flag* const> flags);

// Overwrites what is secret in the program's own arguments, so that `ps` does not show it.
void scrub_arguments(std::span<char* const> arguments, std::span<const FlagUse> uses);

// A URL without its password, for messages.
std::string masked_url(std::string_view url);

inline constexpr std::string_view kProfilesText =
    "A profile is a file of connection options that mqtt-pub, mqtt-sub and mqtt-bench share: "
    "$XDG_CONFIG_HOME/mqtt-tools/NAME.conf, or ~/.config/mqtt-tools/NAME.conf. It is written like "
    "an options file, one option a line, the dashes may be left out:\n"
    "\n"
    "  url mqtts://device7@broker.example\n"
    "  cafile /etc/ssl/example.pem\n"
    "  password-command vault read -field=token mqtt/device7\n"
    "\n"
    "Chosen by --profile NAME or the variable MQTT_PROFILE. Options of the tool's own options file "
    "come first, then the profile, then the command line; the last value wins.\n"
    "\n"
    "The variables MQTT_URL, MQTT_USERNAME, MQTT_PASSWORD and MQTT_PASSWORD_FILE stand in for "
    "options that are not given. --password-file and --password-command are read and run again at "
    "each reconnect, for tokens that expire; the command finds MQTT_HOST, MQTT_PORT, MQTT_USERNAME "
    "and MQTT_CLIENT_ID in its environment, and the first line that it prints is the password. "
    "Passwords and keys on the command line are overwritten at the start, so that other users see "
    "them for a moment only; no message and no log line shows one.";

}  // namespace tools
