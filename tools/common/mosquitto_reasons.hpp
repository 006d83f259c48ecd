// What mosquitto's clients say of what a server refuses, and with which exit code they end when it goes away: the
// sentences of mosquitto 2.0. Used under mosquitto's names by connection_log, mqtt-pub and mqtt-sub.
#pragma once

#include <string>
#include <string_view>

#include "common/flags.hpp"
#include "mqtt/error.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/reason_code.hpp"

namespace tools {

// As they spell it; "Unknown reason" for what is none.
std::string_view mosquitto_reason(int code);

// The lines for a CONNACK that refuses. `reads_lines`: with -l.
std::string refused_connection_in_mosquitto_words(Persona persona, mqtt::ReasonCode reason,
                                                  mqtt::ProtocolVersion version, bool reads_lines);

// The lines for an acknowledgement that refuses a message; empty for every other packet.
std::string refused_publish_in_mosquitto_words(const mqtt::PacketEvent& event);

struct MosquittoEnd {
    std::string words;
    int exit_code;
};
// When a connection ends that was up.
MosquittoEnd lost_in_mosquitto_words(Persona persona, const mqtt::Error& error);

}  // namespace tools
