// What a reason code means for the client that gets it, in a sentence: the Reason String of refusals
// (5.0). Nothing in it tells more than the code about users, passwords or other clients.
#pragma once

#include <string_view>

#include "mqtt/reason_code.hpp"

namespace mqtt::broker {

// Static text; empty: the code says it all.
std::string_view connect_refusal_text(ReasonCode reason);
std::string_view publish_refusal_text(ReasonCode reason);
std::string_view subscribe_refusal_text(ReasonCode reason);

}  // namespace mqtt::broker
