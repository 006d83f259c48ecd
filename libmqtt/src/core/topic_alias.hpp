// Topic aliases of one connection, each direction by itself. Used by Exchange.
// They live and die with the connection [MQTT-3.3.2-7]; nothing here knows a packet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt::core {

// What the peer has defined. `maximum` is what we announced.
class InboundAliases {
public:
    explicit InboundAliases(std::uint16_t maximum) : maximum_(maximum) {}

    bool in_range(std::uint16_t alias) const { return alias != 0 && alias <= maximum_; }
    // `alias` must be in range. The topic is copied.
    void define(std::uint16_t alias, std::string_view topic);
    // Empty: not defined. Valid until the alias is defined again.
    std::string_view find(std::uint16_t alias) const;

private:
    std::vector<std::string> topics_;  // by alias - 1, as far as used
    std::uint16_t maximum_;
};

// Which of our topics get an alias. A topic hashes to one slot (slot + 1 is the alias) and holds it
// as long as it is used more than its rivals: one that comes again earns credit, another topic at
// the same slot takes it away. So a stream of ever new topics costs no alias bytes, and no search.
class OutboundAliases {
public:
    // Topics shorter than this gain nothing: the alias property costs three bytes itself.
    static constexpr std::size_t kShortestTopic = 6;
    // Slots that we keep at most, however many the peer allows.
    static constexpr std::uint16_t kMaxSlots = 64;

    explicit OutboundAliases(std::uint16_t peer_maximum) : maximum_(peer_maximum) {}

    struct Choice {
        std::uint16_t alias = 0;  // 0: none
        bool defined = false;     // the peer knows it: the topic may be left out
    };
    Choice choose(std::string_view topic);
    // The alias of the last choice was really sent with its topic.
    void sent(std::uint16_t alias, std::string_view topic);

private:
    struct Slot {
        std::string topic;            // what the peer knows under this alias
        std::uint32_t candidate = 0;  // hash of the topic that would like the slot
        std::uint8_t credit = 0;
    };
    std::vector<Slot> slots_;  // made when the first topic comes
    std::uint16_t maximum_;
};

struct TopicAliases {
    InboundAliases in;
    OutboundAliases out;
};

}  // namespace mqtt::core
