// Random valid packets of any version, for property-based tests. What a packet views lives in the maker
// until the next make().
#pragma once

#include <deque>
#include <random>
#include <string>

#include "mqtt/packet.hpp"

namespace mqtt::test {

class PacketMaker {
public:
    explicit PacketMaker(std::uint32_t seed) : random_(seed) {}

    // Any packet that `version` has, with whatever properties it may carry.
    Packet make(ProtocolVersion version);
    Packet make(ProtocolVersion version, PacketType type);

    std::size_t below(std::size_t limit) { return random_() % limit; }
    bool chance() { return below(2) == 0; }

    std::string_view text(std::size_t longest = 20);    // UTF-8 of all lengths, without U+0000
    std::string_view binary(std::size_t longest = 20);  // any bytes
    std::string_view topic_name();
    std::string_view topic_filter();
    Properties properties(ProtocolVersion version, PropertyPlace place);

private:
    std::string_view keep(std::string text);
    void append_character(std::string& text);
    PacketId id() { return static_cast<PacketId>(1 + below(65535)); }
    QoS qos() { return static_cast<QoS>(below(3)); }
    ReasonCode reason(PropertyPlace place);
    std::uint32_t number(const PropertyInfo& info);
    void add_property(PropertyList& list, const PropertyInfo& info);
    FilterList filters(ProtocolVersion version, bool with_options);
    Bytes codes(ProtocolVersion version, PropertyPlace place);
    Connect connect(ProtocolVersion version);
    Connack connack(ProtocolVersion version);
    Publish publish(ProtocolVersion version);
    Ack ack(ProtocolVersion version, PacketType type);

    std::mt19937 random_;
    std::deque<std::string> texts_;
    std::deque<PropertyList> lists_;
    std::deque<FilterListBuilder> filters_;
};

}  // namespace mqtt::test
