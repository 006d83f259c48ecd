// DNS SRV records for -S. Used by connect_settings only.
#pragma once

#include "mqtt/endpoint.hpp"

namespace tools {

// Replaces host and port by those of the best record of _mqtt._tcp.HOST (_secure-mqtt._tcp.HOST with
// TLS): lowest priority, then highest weight. Throws ToolError when there is none.
void lookup_srv(mqtt::Endpoint& endpoint);

}  // namespace tools
