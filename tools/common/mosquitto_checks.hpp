// What mosquitto's clients refuse before they connect and ours do not: characters that the standard only advises
// against, files that cannot be opened. Used under mosquitto's names only, where scripts count on the refusal.
// Nothing of it is in mosquitto_words: sentences of ours that stand for theirs are told there.
#pragma once

#include <string>
#include <string_view>

#include "common/connect_settings.hpp"
#include "common/flags.hpp"

namespace tools {

// A name that no file has, and no key is spelled like.
inline constexpr std::string_view kNoFile = "/dev/null/";

// UTF-8 without control characters and non-characters: what their library takes in topics, names and properties.
bool is_mosquitto_text(std::string_view text);

// Of an option with a topic. Throws UsageError.
void check_mosquitto_topic(const FlagUse& use);

// After all words are known to be right: names, and what TLS needs; the address of -A may be a name.
// Throws UsageError, or ToolError when nobody has that name.
void check_mosquitto_setup(const ConnectSettings& settings, mqtt::ConnectOptions& options);

// Theirs read certificates when somebody has answered, ours before anybody is asked. What theirs say when nobody
// answers, as a line; empty when the TCP connection comes up.
std::string unreachable_in_mosquitto_words(const mqtt::ConnectOptions& options);

}  // namespace tools
