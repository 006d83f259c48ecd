// What to tell a person when connecting failed: one sentence that names what, where and what to try.
// Used by connect.
#pragma once

#include <string>
#include <system_error>

#include "mqtt/endpoint.hpp"
#include "mqtt/error.hpp"

namespace mqtt::net {

struct Failure {
    Error error;
    std::error_code system_error;
    std::string message;
};

// "broker.example port 1883", "unix:/run/mqtt.sock".
std::string place_of(const Endpoint& endpoint);

// `error` is one of getaddrinfo's EAI_*.
Failure resolve_failure(const std::string& host, int error, bool timed_out);

// TLS, the upgrade or the proxy did not come about; `why` ends the sentence.
Failure layer_failure(const Endpoint& endpoint, std::string_view layer, Errc code,
                      std::string_view why);

// `address` is the one that was tried, when it says more than the host's name.
Failure connect_failure(const Endpoint& endpoint, const std::string& address,
                        std::error_code error);

}  // namespace mqtt::net
