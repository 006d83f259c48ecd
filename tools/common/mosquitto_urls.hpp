// -L and --proxy as mosquitto's clients read them. Used under mosquitto's names only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/connect_settings.hpp"
#include "common/flags.hpp"
#include "mqtt/endpoint.hpp"

namespace tools {

// A URL as they read it: % is a character as any other; of a port what follows a number is not looked at, no number is
// 0, and -1 is none. `port`: that of a later option, which counts; `has_host`: -h says it, so that none is needed here.
std::string mosquitto_url(const std::string& url, std::optional<std::uint16_t> port = {},
                          bool has_host = false);

// What stands behind the first slash, of a ws URL, too: their request's path is always /mqtt.
std::optional<std::string> mosquitto_url_topic(const std::string& url);

// Of -L when it is read: the scheme, and a topic that is there and right. Throws UsageError.
void check_mosquitto_url(Persona persona, const std::string& url);

// Of --proxy. Throws UsageError with a sentence of theirs, which is empty where they have none, or are quiet.
mqtt::ProxyOptions read_mosquitto_proxy(const std::string& url, bool quiet);

}  // namespace tools
