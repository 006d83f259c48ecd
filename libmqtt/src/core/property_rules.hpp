// How one property is laid out after its identifier, shared by validation and reading, and the size
// of a property section. The table itself is behind mqtt/properties.hpp.
#pragma once

#include "core/reader.hpp"
#include "core/writer.hpp"
#include "mqtt/properties.hpp"

namespace mqtt::core {

// Reads the value that `info.type` says. Strings are not checked for UTF-8.
inline PropertyView read_property_value(Reader& reader, const PropertyInfo& info) {
    PropertyView view;
    view.info = &info;
    switch (info.type) {
    case PropertyType::byte: view.number = reader.u8(); break;
    case PropertyType::two_byte_integer: view.number = reader.u16(); break;
    case PropertyType::four_byte_integer: view.number = reader.u32(); break;
    case PropertyType::variable_byte_integer: view.number = reader.varint(); break;
    case PropertyType::utf8_string:
    case PropertyType::binary: view.text = reader.raw_text(); break;
    case PropertyType::utf8_pair:
        view.name = reader.raw_text();
        view.text = reader.raw_text();
        break;
    }
    return view;
}

// Bytes that the properties take in a packet of `version`, length prefix included.
inline std::size_t properties_size(ProtocolVersion version, Properties properties) {
    if (!has_properties(version)) return 0;
    const std::size_t size = properties.raw().size();
    return varint_size(static_cast<std::uint32_t>(size)) + size;
}

// [MQTT-2.2.2-1]: without properties a zero length stands.
inline void write_properties(Writer& writer, ProtocolVersion version, Properties properties) {
    if (!has_properties(version)) return;
    writer.varint(static_cast<std::uint32_t>(properties.raw().size()));
    writer.bytes(properties.raw());
}

// The alias of a list that holds nothing else, or 0: what a client that uses aliases sends with
// nearly every PUBLISH, known here without a walk through the list.
inline std::uint16_t only_topic_alias(Bytes raw) {
    if (raw.size() != 3 || raw[0] != static_cast<std::uint8_t>(PropertyId::topic_alias)) return 0;
    return static_cast<std::uint16_t>(raw[1] << 8 | raw[2]);
}

// Reads a property section and validates it for `place`. On failure `error` is set and the result
// is empty; a failure of `reader` itself is left in it.
inline Properties read_properties(Reader& reader, PropertyPlace place, Error& error) {
    const Bytes raw = reader.bytes(reader.varint());
    if (raw.empty() && (place != PropertyPlace::auth || !reader.ok())) return {};
    if (const Status status = validate_properties(raw, place); !status) {
        error = status.error();
        return {};
    }
    return Properties(raw);
}

}  // namespace mqtt::core
