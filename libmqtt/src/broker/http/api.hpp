// What the broker answers over HTTP, and to whom. The routes are a table in api.cpp; each subject has a
// file: messages (retained, topics, publish, subscribe), clients, explain, figures. Used by connection.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/http/connection.hpp"

namespace mqtt::broker::http {

// The page, the probes and the listener's files. False: it is something else.
bool answer_to_anybody(Connection& connection);
// The rest; the caller is known.
void answer_api(Connection& connection);

// Handlers. `rest`: of the path behind the route's.
void get_retained(Connection& connection, std::string_view rest);
void get_topics(Connection& connection, std::string_view rest);
void post_publish(Connection& connection, std::string_view rest);
void get_subscribe(Connection& connection, std::string_view rest);
void get_clients(Connection& connection, std::string_view rest);
void get_client(Connection& connection, std::string_view rest);
void delete_client(Connection& connection, std::string_view rest);
void get_explain(Connection& connection, std::string_view rest);
void get_metrics(Connection& connection, std::string_view rest);
void get_stats(Connection& connection, std::string_view rest);
void get_config(Connection& connection, std::string_view rest);

// Parameters. Refused values are answered, and then nothing comes back.
std::optional<std::uint64_t> number_parameter(Connection& connection, std::string_view name,
                                              std::uint64_t usual, std::uint64_t most);
std::optional<bool> flag_parameter(Connection& connection, std::string_view name);
std::optional<QoS> qos_parameter(Connection& connection);
// HTTP's word for a reason of MQTT's.
Response failure(ReasonCode reason, std::string_view what);

}  // namespace mqtt::broker::http
