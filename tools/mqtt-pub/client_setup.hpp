// The client of mqtt-pub: how much it stores, when it reconnects, how long its session lives.
// Used by publishing_client, outbox and requester.
#pragma once

#include "common/connection_log.hpp"
#include "mqtt-pub/options.hpp"
#include "mqtt/client_types.hpp"

namespace mqtt_pub {

mqtt::ClientOptions make_client_options(const tools::Invocation& invocation, const Options& options,
                                        const tools::ConnectionLog& log);

// Properties of the final DISCONNECT: the command line's, and the end of a session that was only
// kept to survive a lost connection.
mqtt::PropertyList disconnect_properties(const Options& options);

// The prefix and 16 hexadecimal digits: at most 23 characters with one of six, as 3.1 demands.
std::string make_client_id(std::string_view prefix);

// A line of JSON and a recording have a QoS of their own.
bool may_have_qos2(const Options& options);
// Before 5.0 a server does not say how many messages it bears, and mosquitto drops the connection of whoever
// has more than its max_inflight_messages under way with QoS 2.
void limit_window(mqtt::ClientOptions& client, const Options& options,
                  mqtt::ProtocolVersion version);

}  // namespace mqtt_pub
