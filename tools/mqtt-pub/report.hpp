// What became of the messages, as numbers; and as text and JSON. Used by publisher.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "mqtt/reason_code.hpp"
#include "mqtt/types.hpp"

namespace mqtt_pub {

struct Report {
    std::uint64_t accepted = 0;                         // taken from the input
    std::uint64_t sent = 0;                             // QoS 0: handed to the connection
    std::uint64_t acknowledged = 0;                     // QoS 1 and 2, with success
    std::uint64_t invalid = 0;                          // input that is no message
    std::map<mqtt::ReasonCode, std::uint64_t> refused;  // by the server, or by its limits
    bool provable = true;                               // every denial would have been reported
    double seconds = 0;

    std::uint64_t refused_count() const;
    std::uint64_t answered() const;  // with success or not
    std::uint64_t unfinished() const;
};

// "12 messages: 7 acknowledged, 3 refused (Not authorized), 2 unfinished"
std::string report_text(const Report& report);
std::string report_json(const Report& report, int exit_code);

}  // namespace mqtt_pub
