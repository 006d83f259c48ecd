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

}  // namespace mqtt_pub
