// The shapes of the command line as groups of clients: who publishes and who subscribes to what.
// Used before a plan is made; a scenario brings its groups along.
#pragma once

#include <string>
#include <string_view>

#include "mqtt-bench/spec.hpp"

namespace mqtt::bench {

// Fills spec.groups unless a scenario has filled it. Throws std::invalid_argument with a sentence
// when the counts contradict each other.
void make_groups(Spec& spec);

std::uint32_t client_count(const Spec& spec);  // of its groups

// Connections per second of every group; 0: as fast as they go.
void set_connect_rate(Spec& spec, double per_second);

// One broker for all connections.
void set_endpoint(Spec& spec, const Endpoint& endpoint);
// So many messages per second of all publishers together; groups keep their shares.
void set_total_rate(Spec& spec, double messages_per_second);

// A filter for what a topic pattern makes: levels with %n, %c, %u or %{...} become +, those with %i
// too unless `keep_number`.
std::string filter_for(std::string_view topic, bool keep_number);

// Messages per second of all publishers of the group, when it has so many.
double group_rate(const Group& group, std::uint32_t publishers);

}  // namespace mqtt::bench
