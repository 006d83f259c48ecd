// What mosquitto's clients say of what a server refuses, and with which exit code they end when it goes away: the
// sentences of mosquitto 2.0. Used under mosquitto's names by connection_log, mqtt-pub and mqtt-sub.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/flags.hpp"
#include "mqtt/error.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/reason_code.hpp"

namespace tools {

// As they spell it; "Unknown reason" for what is none.
std::string_view mosquitto_reason(int code);

// The lines for a CONNACK that refuses with this code. `reads_lines`: with -l.
std::string refused_connection_in_mosquitto_words(Persona persona, int code,
                                                  mqtt::ProtocolVersion version, bool reads_lines);

// A refusal in the form of MQTT 3.x that answers 5.0: the version is all that they read there. Anything else is a
// broken protocol to them; other errors stay as they are.
mqtt::Error as_mosquitto_reads(const mqtt::Error& error);

// Of a CONNACK that refuses in a way that the standard does not know; 0 for every other end.
int reserved_return_code(const mqtt::Error& error);

// The lines for an acknowledgement that refuses a message; empty for every other packet.
std::string refused_publish_in_mosquitto_words(const mqtt::PacketEvent& event);

struct MosquittoEnd {
    std::string words;
    int exit_code;
};
// When a connection ends that was up, or that they took for one.
MosquittoEnd lost_in_mosquitto_words(Persona persona, const mqtt::Error& error);

// Whether mosquitto_sub and mosquitto_pub -l go on, silently and for ever, after an attempt that ended like this:
// when somebody answered it, or an earlier one.
bool mosquitto_tries_again(const mqtt::Error& error, bool was_reached);
inline constexpr std::chrono::seconds kMosquittoPause{1};

}  // namespace tools
