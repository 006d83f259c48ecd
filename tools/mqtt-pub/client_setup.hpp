// The client of mqtt-pub: how much it stores, when it reconnects, how long its session lives.
// Used by publisher and requester.
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

// A stream with QoS 2 by a version before 5.0: its session must outlive a lost connection, or messages come
// twice, and what begins clean ends with its connection there.
bool needs_kept_session(const Options& options, mqtt::ProtocolVersion version);
// The same client, with a session that is kept, by the version that the server speaks.
mqtt::ClientOptions with_kept_session(mqtt::ClientOptions client, const Options& options,
                                      mqtt::ProtocolVersion version);

}  // namespace mqtt_pub
