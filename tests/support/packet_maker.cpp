// Random packets. Edge values come up often: empty strings, 0 and the maximum of numbers.
#include "support/packet_maker.hpp"

#include "core/reason_code.hpp"

namespace mqtt::test {
namespace {

constexpr std::uint64_t bit(PropertyId id) {
    return std::uint64_t{1} << static_cast<unsigned>(id);
}

PropertyPlace place_of(PacketType ack) {
    switch (ack) {
    case PacketType::puback: return PropertyPlace::puback;
    case PacketType::pubrec: return PropertyPlace::pubrec;
    case PacketType::pubrel: return PropertyPlace::pubrel;
    default: return PropertyPlace::pubcomp;
    }
}

}  // namespace

std::string_view PacketMaker::keep(std::string text) {
    texts_.push_back(std::move(text));
    return texts_.back();
}

// One code point of 1 to 4 bytes, the ends of the ranges included; never a surrogate or U+0000.
void PacketMaker::append_character(std::string& text) {
    static constexpr std::uint32_t kEdges[] = {0x01,   0x7F,   0x80,   0x7FF,   0x800,   0xD7FF,
                                               0xE000, 0xFEFF, 0xFFFF, 0x10000, 0x10FFFF};
    const auto push = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    std::uint32_t c = static_cast<std::uint32_t>('a' + below(26));
    if (below(8) == 0) c = kEdges[below(std::size(kEdges))];
    if (c < 0x80) {
        push(c);
    } else if (c < 0x800) {
        push(0xC0 | c >> 6);
        push(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        push(0xE0 | c >> 12);
        push(0x80 | (c >> 6 & 0x3F));
        push(0x80 | (c & 0x3F));
    } else {
        push(0xF0 | c >> 18);
        push(0x80 | (c >> 12 & 0x3F));
        push(0x80 | (c >> 6 & 0x3F));
        push(0x80 | (c & 0x3F));
    }
}

std::string_view PacketMaker::text(std::size_t longest) {
    std::string made;
    for (std::size_t left = below(longest + 1); left > 0; --left)
        append_character(made);
    return keep(made);
}

std::string_view PacketMaker::binary(std::size_t longest) {
    std::string made;
    for (std::size_t left = below(longest + 1); left > 0; --left) {
        made += static_cast<char>(below(256));
    }
    return keep(made);
}

std::string_view PacketMaker::topic_name() {
    std::string made(text());
    for (std::size_t levels = below(4); levels > 0; --levels) {
        made += '/';
        made += text(6);
    }
    if (made.empty()) made = "t";
    return keep(made);
}

std::string_view PacketMaker::topic_filter() {
    std::string made = below(4) == 0 ? "$share/group/" : "";
    for (std::size_t levels = below(4); levels > 0; --levels) {
        made += below(3) == 0 ? std::string_view("+") : text(6);
        made += '/';
    }
    made += chance() ? "#" : "end";
    return keep(made);
}

std::uint32_t PacketMaker::number(const PropertyInfo& info) {
    switch (below(4)) {
    case 0: return info.minimum;
    case 1: return info.maximum;
    default: {
        const std::uint64_t range = std::uint64_t{info.maximum} - info.minimum + 1;
        return info.minimum + static_cast<std::uint32_t>(random_() % range);
    }
    }
}

void PacketMaker::add_property(PropertyList& list, const PropertyInfo& info) {
    switch (info.type) {
    case PropertyType::utf8_pair: list.add_user(text(), text()); break;
    case PropertyType::utf8_string:
        list.add(info.id, info.id == PropertyId::response_topic ? topic_name() : text());
        break;
    case PropertyType::binary: list.add(info.id, binary()); break;
    default: list.add(info.id, number(info));
    }
}

Properties PacketMaker::properties(ProtocolVersion version, PropertyPlace place) {
    if (version != ProtocolVersion::v5) return {};
    PropertyList& list = lists_.emplace_back();
    std::uint64_t seen = 0;
    if (place == PropertyPlace::auth) {
        list.add(PropertyId::authentication_method, text());
        seen |= bit(PropertyId::authentication_method);
    }
    for (std::size_t left = chance() ? below(8) : 0; left > 0; --left) {
        const PropertyInfo& info = property_table()[below(kPropertyCount)];
        if ((info.allowed_in & static_cast<std::uint16_t>(place)) == 0) continue;
        const bool repeats = info.repeatable && place != PropertyPlace::subscribe;
        if ((seen & bit(info.id)) != 0 && !repeats) continue;
        const bool needs_method = info.id == PropertyId::authentication_data &&
                                  (seen & bit(PropertyId::authentication_method)) == 0;
        if (needs_method) continue;
        seen |= bit(info.id);
        add_property(list, info);
    }
    return list;
}

ReasonCode PacketMaker::reason(PropertyPlace place) {
    const auto table = core::reason_table();
    for (;;) {
        const ReasonCode code = table[below(table.size())].code;
        if (core::is_allowed(code, place)) return code;
    }
}

FilterList PacketMaker::filters(ProtocolVersion version, bool with_options) {
    FilterListBuilder& builder = filters_.emplace_back(with_options);
    for (std::size_t left = 1 + below(4); left > 0; --left) {
        const std::string_view filter = topic_filter();
        SubscriptionOptions options;
        options.qos = qos();
        if (version == ProtocolVersion::v5) {
            options.no_local = !filter.starts_with("$share/") && chance();
            options.retain_as_published = chance();
            options.retain_handling = static_cast<RetainHandling>(below(3));
        }
        builder.add(filter, with_options ? options : SubscriptionOptions());
    }
    return builder.view();
}

Bytes PacketMaker::codes(ProtocolVersion version, PropertyPlace place) {
    std::string made;
    for (std::size_t left = 1 + below(5); left > 0; --left) {
        if (version == ProtocolVersion::v5) {
            made += static_cast<char>(reason(place));
        } else {
            const bool fails = version == ProtocolVersion::v3_1_1 && below(4) == 0;
            made += static_cast<char>(fails ? 0x80 : static_cast<int>(qos()));
        }
    }
    return as_bytes(keep(made));
}

Connect PacketMaker::connect(ProtocolVersion version) {
    const bool v5 = version == ProtocolVersion::v5;
    Connect connect;
    connect.version = version;
    connect.clean_start = chance();
    connect.bridge = below(8) == 0;
    connect.keep_alive = static_cast<std::uint16_t>(below(65536));
    connect.properties = properties(version, PropertyPlace::connect);
    connect.client_id = v5 ? text() : keep("id" + std::string(text(16)));
    if (chance()) {
        WillView will;
        will.qos = qos();
        will.retain = chance();
        will.properties = properties(version, PropertyPlace::will);
        will.topic = topic_name();
        will.payload = as_bytes(binary());
        connect.will = will;
    }
    if (chance()) connect.user_name = text();
    if ((v5 || connect.user_name) && chance()) connect.password = as_bytes(binary());
    return connect;
}

Connack PacketMaker::connack(ProtocolVersion version) {
    Connack connack;
    connack.reason = version == ProtocolVersion::v5
                         ? reason(PropertyPlace::connack)
                         : *from_connack_v3(static_cast<std::uint8_t>(below(6)));
    connack.session_present =
        version != ProtocolVersion::v3_1 && connack.reason == ReasonCode::success && chance();
    connack.properties = properties(version, PropertyPlace::connack);
    return connack;
}

Publish PacketMaker::publish(ProtocolVersion version) {
    Publish publish;
    publish.qos = qos();
    publish.retain = chance();
    if (publish.qos != QoS::at_most_once) {
        publish.dup = chance();
        publish.id = id();
    }
    publish.properties = properties(version, PropertyPlace::publish);
    const bool by_alias = publish.properties.number(PropertyId::topic_alias) && chance();
    if (!by_alias) publish.topic = topic_name();
    publish.payload = as_bytes(binary(below(20) == 0 ? 20'000 : 150));
    return publish;
}

Ack PacketMaker::ack(ProtocolVersion version, PacketType type) {
    Ack ack{.type = type, .id = id()};
    if (version == ProtocolVersion::v5) ack.reason = reason(place_of(type));
    ack.properties = properties(version, place_of(type));
    return ack;
}

Packet PacketMaker::make(ProtocolVersion version) {
    const std::size_t types = version == ProtocolVersion::v5 ? 15 : 14;
    return make(version, static_cast<PacketType>(1 + below(types)));
}

Packet PacketMaker::make(ProtocolVersion version, PacketType type) {
    texts_.clear();
    lists_.clear();
    filters_.clear();
    const auto props = [&](PropertyPlace place) { return properties(version, place); };
    const bool v5 = version == ProtocolVersion::v5;
    switch (type) {
    case PacketType::connect: return connect(version);
    case PacketType::connack: return connack(version);
    case PacketType::publish: return publish(version);
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp: return ack(version, type);
    case PacketType::subscribe:
        return Subscribe{id(), props(PropertyPlace::subscribe), filters(version, true)};
    case PacketType::suback:
        return Suback{id(), props(PropertyPlace::suback), codes(version, PropertyPlace::suback)};
    case PacketType::unsubscribe:
        return Unsubscribe{id(), props(PropertyPlace::unsubscribe), filters(version, false)};
    case PacketType::unsuback:
        return Unsuback{id(), props(PropertyPlace::unsuback),
                        v5 ? codes(version, PropertyPlace::unsuback) : Bytes()};
    case PacketType::pingreq: return Pingreq{};
    case PacketType::pingresp: return Pingresp{};
    case PacketType::disconnect:
        if (!v5) return Disconnect{};
        return Disconnect{reason(PropertyPlace::disconnect), props(PropertyPlace::disconnect)};
    case PacketType::auth: break;
    }
    return Auth{reason(PropertyPlace::auth), props(PropertyPlace::auth)};
}

}  // namespace mqtt::test
