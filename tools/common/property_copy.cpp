// See property_copy.hpp.
#include "common/property_copy.hpp"

namespace tools {

mqtt::PropertyList without(mqtt::Properties properties, mqtt::PropertyId left_out) {
    using mqtt::PropertyType;
    mqtt::PropertyList copy;
    for (const mqtt::PropertyView& property : properties) {
        if (property.info->id == left_out) continue;
        switch (property.info->type) {
        case PropertyType::utf8_pair: copy.add_user(property.name, property.text); break;
        case PropertyType::utf8_string:
        case PropertyType::binary: copy.add(property.info->id, property.text); break;
        default: copy.add(property.info->id, property.number); break;
        }
    }
    return copy;
}

}  // namespace tools
