// What may come when: the tables, row by row.
#include "core/legality.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mqtt;
using namespace mqtt::core;

namespace {

// One letter for each packet type 1 to 15: l legal, - protocol error, m malformed.
std::string row(Role receiver, Phase phase, ProtocolVersion version) {
    std::string letters;
    for (int type = 1; type <= 15; ++type) {
        switch (legality(receiver, phase, static_cast<PacketType>(type), version)) {
        case Verdict::legal: letters += 'l'; break;
        case Verdict::protocol_error: letters += '-'; break;
        case Verdict::malformed_packet: letters += 'm'; break;
        }
    }
    return letters;
}

std::string codes(PacketType type, Role sender) {
    std::string text;
    for (int code = 0; code < 256; ++code) {
        if (!is_reason_valid(type, sender, static_cast<ReasonCode>(code))) continue;
        constexpr char kHex[] = "0123456789ABCDEF";
        text += {kHex[code >> 4], kHex[code & 15], ' '};
    }
    return text;
}

}  // namespace

TEST_CASE(
    "legality: every packet in every phase of both roles "
    "[MQTT-3.1.0-1] [MQTT-3.1.0-2] [MQTT-3.2.0-1] [MQTT-3.2.0-2] [MQTT311-4.8.0-1]") {
    // clang-format off
    const auto v5 = ProtocolVersion::v5;
    //                                                     C C P P P P P S S U U P P D A
    //                                                     o a u a r r c u u n u q r i u
    CHECK(row(Role::server, Phase::opening, v5) ==        "l--------------");
    CHECK(row(Role::server, Phase::authenticating, v5) == "-------------ll");
    CHECK(row(Role::server, Phase::connected, v5) ==      "--llllll-l-l-ll");
    CHECK(row(Role::client, Phase::opening, v5) ==        "-l-------------");
    CHECK(row(Role::client, Phase::authenticating, v5) == "-l------------l");
    CHECK(row(Role::client, Phase::connected, v5) ==      "--lllll-l-l-lll");
    for (const auto v3 : {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1}) {
        CHECK(row(Role::server, Phase::opening, v3) ==   "l-------------m");
        CHECK(row(Role::server, Phase::connected, v3) == "--llllll-l-l-lm");
        CHECK(row(Role::client, Phase::opening, v3) ==   "-l------------m");
        CHECK(row(Role::client, Phase::connected, v3) == "--lllll-l-l-l-m");
    }
    // clang-format on
}

TEST_CASE(
    "legality: reason codes belong to packets and senders [MQTT-3.2.2-8] [MQTT-3.4.2-1] "
    "[MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] [MQTT-3.14.2-1] [MQTT-3.15.2-1]") {
    CHECK(codes(PacketType::connack, Role::server) ==
          "00 80 81 82 83 84 85 86 87 88 89 8A 8C 90 95 97 99 9A 9B 9C 9D 9F ");
    CHECK(codes(PacketType::puback, Role::client) == "00 10 80 83 87 90 91 97 99 ");
    CHECK(codes(PacketType::pubrec, Role::server) == "00 10 80 83 87 90 91 97 99 ");
    CHECK(codes(PacketType::pubrel, Role::client) == "00 92 ");
    CHECK(codes(PacketType::pubcomp, Role::client) == "00 92 ");
    CHECK(codes(PacketType::suback, Role::server) == "00 01 02 80 83 87 8F 91 97 9E A1 A2 ");
    CHECK(codes(PacketType::unsuback, Role::server) == "00 11 80 83 87 8F 91 ");
    CHECK(codes(PacketType::disconnect, Role::client) ==
          "00 04 80 81 82 83 90 93 94 95 96 97 98 99 ");
    CHECK(
        codes(PacketType::disconnect, Role::server) ==
        "00 80 81 82 83 87 89 8B 8C 8D 8E 8F 90 93 94 95 96 97 98 99 9A 9B 9C 9D 9E 9F A0 A1 A2 ");
    CHECK(codes(PacketType::auth, Role::client) == "18 19 ");
    CHECK(codes(PacketType::auth, Role::server) == "00 18 ");
    CHECK(codes(PacketType::pingreq, Role::client) == "");
}

TEST_CASE("legality: a reason that may not be sent is replaced by one that may") {
    for (const auto type : {PacketType::connack, PacketType::puback, PacketType::pubrel,
                            PacketType::suback, PacketType::unsuback, PacketType::disconnect}) {
        for (const auto sender : {Role::client, Role::server}) {
            for (int code = 0; code < 256; ++code) {
                const auto reason = static_cast<ReasonCode>(code);
                CHECK(is_reason_valid(type, sender, nearest_valid_reason(type, sender, reason)));
            }
        }
    }
    CHECK(nearest_valid_reason(PacketType::disconnect, Role::client,
                               ReasonCode::topic_filter_invalid) == ReasonCode::protocol_error);
    CHECK(nearest_valid_reason(PacketType::connack, Role::server,
                               ReasonCode::topic_alias_invalid) == ReasonCode::protocol_error);
}
