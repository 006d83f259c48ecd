// What mosquitto's clients refuse before they connect and ours do not: characters that the standard only advises
// against, files that cannot be opened. Used under mosquitto's names only, where scripts count on the refusal.
// Nothing of it is in mosquitto_words: sentences of ours that stand for theirs are told there.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/connect_settings.hpp"
#include "common/flags.hpp"

namespace tools {

// UTF-8 without control characters and non-characters: what their library takes in topics, names and properties.
bool is_mosquitto_text(std::string_view text);

// The port as they read it: what follows a number is not looked at, and no number is 0.
std::string mosquitto_url(const std::string& url);

// The topics of the command line and of the options files. Throws UsageError.
void check_mosquitto_topics(std::span<const FlagUse> uses);

// After all words are known to be right: names, and what TLS needs; the address of -A may be a name.
// Throws UsageError, or ToolError when nobody has that name.
void check_mosquitto_setup(const ConnectSettings& settings, mqtt::ConnectOptions& options);

// Theirs read certificates when somebody has answered, ours before anybody is asked. What theirs say when nobody
// answers, as a line; empty when the TCP connection comes up.
std::string unreachable_in_mosquitto_words(const mqtt::ConnectOptions& options);

}  // namespace tools
