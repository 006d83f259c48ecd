// How the end of a connection is told to people: a sentence with the peer, what happened, and the
// next thing to try. Used by Link. (Failures before CONNECT was sent are worded in net/connect.)
#pragma once

#include <string>
#include <system_error>

#include "mqtt/endpoint.hpp"
#include "mqtt/error.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::client {

// CONNACK with an error code.
std::string refused_text(const std::string& peer, const Connack& connack, ProtocolVersion version);
// The stream ended before CONNACK.
std::string closed_early_text(const std::string& peer, std::error_code error, Transport transport,
                              ProtocolVersion version);
// `first` are the first bytes that the peer sent instead of CONNACK.
std::string not_mqtt_text(const std::string& peer, Bytes first, Transport transport);
std::string no_connack_text(const std::string& peer, Transport transport);
// The server sent DISCONNECT.
std::string disconnected_text(const std::string& peer, const Disconnect& disconnect);
// The server broke a rule, or did not answer PINGREQ.
std::string protocol_error_text(const std::string& peer, const Error& error);
// The stream ended in the middle of things.
std::string lost_text(const std::string& peer, std::error_code error);
// disconnect() could not write out everything.
std::string unsent_text(const std::string& peer, std::size_t bytes);

}  // namespace mqtt::client
