// Copies a property list without some of its properties. Used by mqtt-pub.
#pragma once

#include "mqtt/properties.hpp"

namespace tools {

// All but `left_out`, in their order.
mqtt::PropertyList without(mqtt::Properties properties, mqtt::PropertyId left_out);

}  // namespace tools
