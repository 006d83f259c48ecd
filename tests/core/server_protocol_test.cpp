// The server's role, packet by packet, on fake time: CONNECT and its answers, requests, keep-alive,
// errors. PUBLISH and its acknowledgements, which both roles share, are in exchange_test.cpp.
#include "core/server_protocol.hpp"

#include <doctest/doctest.h>

#include "protocol_fixture.hpp"

using namespace test;

namespace {

constexpr std::array kVersions{ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5};
constexpr std::array kOldVersions{ProtocolVersion::v3_1, ProtocolVersion::v3_1_1};

Connect named(ProtocolVersion version) {
    Connect connect = connect_packet(version);
    connect.client_id = "c";
    return connect;
}

// After `bytes` the connection is over: what was sent, and the error.
std::string answer_to(Server& server, Bytes bytes) {
    server.feed(bytes);
    CHECK(server.protocol.is_closing());
    const std::string sent = server.sent();
    const std::string events = server.events();
    server.feed(raw({0xC0, 0}));  // nothing is parsed any more
    CHECK(server.sent() == "");
    CHECK(server.events() == "");
    return sent + " / " + events;
}

}  // namespace

TEST_CASE("server: CONNECT is answered with CONNACK 0 [MQTT-3.1.4-5] [MQTT311-3.1.4-4]") {
    for (const auto version : kVersions) {
        Server server;
        server.feed(version, named(version));
        CHECK(server.sent() == "CONNACK success");
        CHECK(server.protocol.is_connected());
    }
}

TEST_CASE(
    "server: only CONNECT may come first, and no word is said to anything else "
    "[MQTT-3.1.0-1] [MQTT311-3.1.0-1] [MQTT-3.14.0-1]") {
    for (int type = 0; type <= 15; ++type) {
        if (type == 1) continue;
        CAPTURE(type);
        Server server;
        server.feed(raw({type << 4, 0}));
        CHECK(server.protocol.is_closing());
        CHECK(server.out.empty());
        CHECK(server.events() == (type == 0 ? "error malformed_packet" : "error protocol_error"));
    }
}

TEST_CASE(
    "server: a second CONNECT ends the connection "
    "[MQTT-3.1.0-2] [MQTT-3.2.0-2] [MQTT311-3.1.0-2]") {
    Server server;
    server.connect();
    CHECK(answer_to(server, to_bytes(ProtocolVersion::v5, named(ProtocolVersion::v5))) ==
          "DISCONNECT protocol_error / error protocol_error");
    for (const auto version : kOldVersions) {
        Server old;
        old.connect(named(version));
        CHECK(answer_to(old, to_bytes(version, named(version))) == " / error protocol_error");
    }
}

TEST_CASE(
    "server: packets that only a server sends are a protocol error "
    "[MQTT311-4.8.0-1] [MQTT-4.13.1-1]") {
    const Packet packets[] = {Connack{}, Suback{1, {}, as_bytes("\x01")},
                              Unsuback{1, {}, as_bytes("\x11")}, Pingresp{}};
    for (const Packet& packet : packets) {
        Server server;
        server.connect();
        CHECK(answer_to(server, to_bytes(ProtocolVersion::v5, packet)) ==
              "DISCONNECT protocol_error / error protocol_error");
        for (const auto version : kOldVersions) {
            Server old;
            old.connect(named(version));
            CHECK(answer_to(old, to_bytes(version, packet)) == " / error protocol_error");
        }
    }
}

TEST_CASE("server: packet types 0 and (in 3.x) 15 are malformed [MQTT311-4.8.0-1]") {
    Server server;
    server.connect();
    CHECK(answer_to(server, raw({0x00, 0})) ==
          "DISCONNECT malformed_packet / error malformed_packet");
    for (const auto version : kOldVersions) {
        Server old;
        old.connect(named(version));
        CHECK(answer_to(old, raw({0xF0, 0})) == " / error malformed_packet");
    }
}

TEST_CASE(
    "server: reserved flags end the connection [MQTT-2.1.3-1] [MQTT311-2.2.2-2] "
    "[MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] [MQTT-3.14.1-1] [MQTT-3.15.1-1]") {
    const ByteVector broken[] = {
        raw({0xC1, 0}),       raw({0x41, 2, 0, 1}), raw({0x60, 2, 0, 1}),
        raw({0x80, 2, 0, 1}), raw({0xA0, 2, 0, 1}), raw({0xE1, 0}),
        raw({0xF1, 0}),       raw({0xC0, 1, 0}),    raw({0x36, 4, 0, 1, 't', 'p'})};
    for (const ByteVector& bytes : broken) {
        Server server;
        server.connect();
        CHECK(answer_to(server, bytes) == "DISCONNECT malformed_packet / error malformed_packet");
        Server old;
        old.connect(named(ProtocolVersion::v3_1_1));
        CHECK(answer_to(old, bytes) == " / error malformed_packet");
    }
}

TEST_CASE(
    "server: an unknown level is refused with return code 1 "
    "[MQTT311-3.1.2-2] [MQTT-3.1.2-2] [MQTT31-2]") {
    for (const int level : {0, 6, 127}) {
        Server server;
        server.feed(raw({0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', level, 2, 0, 60, 0, 1, 'c'}));
        CHECK(server.protocol.is_closing());
        CHECK(take(server.out) == raw({0x20, 2, 0, 1}));
        CHECK(server.events() == "error unsupported_protocol_version");
    }
    Server server;
    server.feed(raw({0x10, 15, 0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 9, 2, 0, 60, 0, 1, 'c'}));
    CHECK(take(server.out) == raw({0x20, 2, 0, 1}));
}

TEST_CASE("server: a name that is not MQTT is never accepted [MQTT-3.1.2-1] [MQTT311-3.1.2-1]") {
    Server server;
    server.feed(raw({0x10, 13, 0, 4, 'M', 'Q', 'T', 'X', 4, 2, 0, 60, 0, 1, 'c'}));
    CHECK(server.protocol.is_closing());
    CHECK(take(server.out) == raw({0x20, 2, 0, 1}));
}

TEST_CASE(
    "server: a broken CONNECT is answered in 5.0 only, never with DISCONNECT "
    "[MQTT-3.1.4-1] [MQTT-3.14.0-1] [MQTT-3.1.2-3] [MQTT311-3.1.4-1] [MQTT311-3.2.2-6]") {
    Server server;  // reserved flag set
    server.feed(raw({0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 5, 3, 0, 60, 0, 0, 1, 'c'}));
    CHECK(server.sent() == "CONNACK malformed_packet");
    CHECK(server.events() == "error malformed_packet");
    Server old;
    old.feed(raw({0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 3, 0, 60, 0, 1, 'c'}));
    CHECK(old.protocol.is_closing());
    CHECK(old.out.empty());
    CHECK(old.events() == "error malformed_packet");
}

TEST_CASE(
    "server: a client id that is not taken is refused with return code 2 "
    "[MQTT311-3.1.3-8] [MQTT311-3.1.3-9] [MQTT31-4] [MQTT31-5]") {
    Server server;
    server.feed(ProtocolVersion::v3_1_1, connect_packet(ProtocolVersion::v3_1_1, false));
    CHECK(take(server.out) == raw({0x20, 2, 0, 2}));
    CHECK(server.protocol.is_closing());
    Server older;
    older.feed(raw({0x10, 14, 0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 3, 2, 0, 60, 0, 0}));
    CHECK(take(older.out) == raw({0x20, 2, 0, 2}));
}

TEST_CASE(
    "server: a will that cannot be published as asked for is refused "
    "[MQTT-3.2.2-12] [MQTT-3.2.2-13]") {
    const auto connack_code = [](QoS qos, bool retain, ProtocolVersion version) {
        Server server;
        server.limits.announced.maximum_qos = QoS::at_most_once;
        server.limits.announced.retain_available = false;
        Connect connect = named(version);
        connect.will = WillView{.qos = qos, .retain = retain, .topic = "w", .payload = {}};
        server.feed(version, connect);
        CHECK(server.protocol.is_closing());
        return server.sent();
    };
    CHECK(connack_code(QoS::at_least_once, false, ProtocolVersion::v5) ==
          "CONNACK qos_not_supported");
    CHECK(connack_code(QoS::at_most_once, true, ProtocolVersion::v5) ==
          "CONNACK retain_not_supported");
    CHECK(connack_code(QoS::at_least_once, false, ProtocolVersion::v3_1_1) == "");
}

TEST_CASE(
    "server: nothing behind CONNECT is read before it is answered, CONNACK comes first "
    "[MQTT-3.2.0-1] [MQTT311-3.2.0-1] [MQTT-3.1.4-6] [MQTT311-3.1.4-5]") {
    const ByteVector both =
        to_bytes(ProtocolVersion::v5, named(ProtocolVersion::v5)) +
        to_bytes(ProtocolVersion::v5, incoming("t", "p", QoS::at_least_once, 1));
    SUBCASE("accepted later") {
        Server server;
        server.auto_accept = false;
        server.feed(both);
        CHECK(server.events() == "CONNECT 5.0 client 'c' clean keep-alive 60");
        CHECK_FALSE(server.tail.empty());
        server.feed(Bytes());
        CHECK(server.events() == "");
        server.protocol.accept(server.session, server.accept, server.now);
        server.feed(Bytes());
        CHECK(server.sent() == "CONNACK success | PUBACK id 1");
        CHECK(server.events() == "PUBLISH q1 r0 d0 id 1 't' 1 bytes = p");
    }
    SUBCASE("refused") {
        Server server;
        server.sink.connect_hook = [&](const Connect&) {
            server.protocol.refuse(ReasonCode::bad_user_name_or_password);
        };
        server.feed(both);
        CHECK(server.sent() == "CONNACK bad_user_name_or_password");
        CHECK(server.events() == "CONNECT 5.0 client 'c' clean keep-alive 60");
        CHECK(server.protocol.is_closing());
        CHECK_FALSE(server.protocol.is_connected());
    }
}

TEST_CASE(
    "server: a refusal has session present 0 and a code of CONNACK [MQTT-3.2.2-6] "
    "[MQTT-3.2.2-7] [MQTT-3.2.2-8] [MQTT311-3.2.2-4] [MQTT311-3.2.2-5] [MQTT31-12]") {
    const auto refuse = [](ProtocolVersion version, ReasonCode reason) {
        Server server;
        server.auto_accept = false;
        server.feed(version, named(version));
        server.protocol.refuse(reason);
        CHECK(server.protocol.is_closing());
        return take(server.out);
    };
    const auto v3 = ProtocolVersion::v3_1_1;
    CHECK(refuse(ProtocolVersion::v5, ReasonCode::not_authorized) == raw({0x20, 3, 0, 0x87, 0}));
    CHECK(refuse(ProtocolVersion::v5, ReasonCode::keep_alive_timeout) ==
          raw({0x20, 3, 0, 0x80, 0}));
    CHECK(refuse(v3, ReasonCode::bad_user_name_or_password) == raw({0x20, 2, 0, 4}));
    CHECK(refuse(v3, ReasonCode::not_authorized) == raw({0x20, 2, 0, 5}));
    CHECK(refuse(v3, ReasonCode::client_identifier_not_valid) == raw({0x20, 2, 0, 2}));
    CHECK(refuse(v3, ReasonCode::server_unavailable) == raw({0x20, 2, 0, 3}));
    CHECK(refuse(ProtocolVersion::v3_1, ReasonCode::bad_user_name_or_password) ==
          raw({0x20, 2, 0, 4}));
}

TEST_CASE(
    "server: CONNACK says whether there was a session, 3.1 has no bit for it "
    "[MQTT-3.2.2-3] [MQTT311-3.2.2-2] [MQTT311-3.2.2-3] [MQTT-3.2.2-1] [MQTT31-6]") {
    for (const bool present : {false, true}) {
        const auto connack = [&](ProtocolVersion version) {
            Server server;
            server.accept.session_present = present;
            Connect connect = named(version);
            connect.clean_start = false;
            server.feed(version, connect);
            return take(server.out);
        };
        CHECK(connack(ProtocolVersion::v5) == raw({0x20, 3, present, 0, 0}));
        CHECK(connack(ProtocolVersion::v3_1_1) == raw({0x20, 2, present, 0}));
        CHECK(connack(ProtocolVersion::v3_1) == raw({0x20, 2, 0, 0}));
    }
}

TEST_CASE(
    "server: CONNACK tells what differs from the defaults "
    "[MQTT-3.2.2-9] [MQTT-3.2.2-22] [MQTT-3.1.3-7]") {
    Server server;
    PeerLimits& own = server.limits.announced;
    own.receive_maximum = 10;
    own.maximum_qos = QoS::at_least_once;
    own.retain_available = false;
    own.maximum_packet_size = 5000;
    own.topic_alias_maximum = 8;
    own.wildcard_subscription_available = false;
    own.subscription_identifiers_available = false;
    own.shared_subscription_available = false;
    PropertyList assigned;
    assigned.add(PropertyId::assigned_client_identifier, "auto-1");
    server.accept.properties = assigned;
    server.sink.connect_hook = [&](const Connect&) {
        server.accept.keep_alive = 30;
        server.protocol.accept(server.session, server.accept, server.now);
    };
    server.feed(ProtocolVersion::v5, connect_packet(ProtocolVersion::v5));
    CHECK(server.sent() ==
          "CONNACK success assigned-client-identifier 'auto-1' receive-maximum 10 maximum-qos 1 "
          "retain-available 0 maximum-packet-size 5000 topic-alias-maximum 8 "
          "wildcard-subscription-available 0 subscription-identifier-available 0 "
          "shared-subscription-available 0 server-keep-alive 30");
    CHECK(server.protocol.keep_alive() == 30);
}

TEST_CASE(
    "server: Reason String and User Properties never make a packet too large "
    "[MQTT-3.2.2-19] [MQTT-3.2.2-20] [MQTT-3.14.2-3] [MQTT-3.14.2-4] [MQTT-3.9.2-1] "
    "[MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2]") {
    PropertyList wordy;
    wordy.add(PropertyId::reason_string, std::string(100, 'r')).add_user("name", "value");
    Server server;
    server.auto_accept = false;
    Connect connect = named(ProtocolVersion::v5);
    const PropertyList small = list(PropertyId::maximum_packet_size, 40);
    connect.properties = small;
    server.feed(ProtocolVersion::v5, connect);
    SUBCASE("CONNACK that refuses") {
        server.protocol.refuse(ReasonCode::not_authorized, wordy);
        CHECK(server.sent() == "CONNACK not_authorized");
    }
    SUBCASE("SUBACK, UNSUBACK, DISCONNECT") {
        server.accept.properties = wordy;
        server.protocol.accept(server.session, server.accept, server.now);
        CHECK(server.sent() == "CONNACK success");
        const std::array granted{ReasonCode::granted_qos_1};
        server.protocol.suback(1, granted, wordy);
        server.protocol.unsuback(2, std::array{ReasonCode::success}, wordy);
        server.protocol.disconnect(ReasonCode::server_shutting_down, wordy);
        CHECK(
            server.sent() ==
            "SUBACK id 1 granted_qos_1 | UNSUBACK id 2 success | DISCONNECT server_shutting_down");
    }
}

TEST_CASE(
    "server: Request Problem Information 0 silences what is not PUBLISH, CONNACK, DISCONNECT "
    "[MQTT-3.1.2-29]") {
    PropertyList wordy;
    wordy.add(PropertyId::reason_string, "why").add_user("name", "value");
    Server server;
    server.accept.properties = wordy;
    Connect connect = named(ProtocolVersion::v5);
    const PropertyList quiet = list(PropertyId::request_problem_information, 0);
    connect.properties = quiet;
    server.feed(ProtocolVersion::v5, connect);
    CHECK(server.sent() == "CONNACK success reason-string 'why' user-property 'name' = 'value'");
    server.protocol.suback(1, std::array{ReasonCode::not_authorized}, wordy);
    server.protocol.unsuback(2, std::array{ReasonCode::no_subscription_existed}, wordy);
    CHECK(server.sent() == "SUBACK id 1 not_authorized | UNSUBACK id 2 no_subscription_existed");
    server.protocol.disconnect(ReasonCode::administrative_action, wordy);
    CHECK(server.sent() ==
          "DISCONNECT administrative_action reason-string 'why' user-property 'name' = 'value'");
}

TEST_CASE(
    "server: SUBSCRIBE and UNSUBSCRIBE are answered with their id and a code per filter "
    "[MQTT-2.2.1-6] [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-6] [MQTT-3.9.3-1] "
    "[MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.11.3-1] "
    "[MQTT311-2.3.1-7] [MQTT311-3.8.4-2] [MQTT311-3.9.3-1] [MQTT311-3.10.4-4]") {
    Server server;
    server.connect();
    FilterListBuilder filters(true);
    filters.add("a").add("b/+", {.qos = QoS::exactly_once, .no_local = true});
    server.feed(Subscribe{65'535, {}, filters.view()});
    CHECK(server.events() == "SUBSCRIBE id 65535 'a' q0 'b/+' q2 no-local");
    server.protocol.suback(65'535,
                           std::array{ReasonCode::success, ReasonCode::topic_filter_invalid});
    CHECK(server.sent() == "SUBACK id 65535 success topic_filter_invalid");
    FilterListBuilder names(false);
    names.add("a").add("x");
    server.feed(Unsubscribe{1, {}, names.view()});
    CHECK(server.events() == "UNSUBSCRIBE id 1 'a' 'x'");
    server.protocol.unsuback(1,
                             std::array{ReasonCode::success, ReasonCode::no_subscription_existed});
    CHECK(server.sent() == "UNSUBACK id 1 success no_subscription_existed");
}

TEST_CASE(
    "server: in 3.x SUBACK knows one failure, UNSUBACK no code "
    "[MQTT311-3.9.3-2] [MQTT31-7]") {
    const std::array codes{ReasonCode::not_authorized, ReasonCode::granted_qos_2};
    Server server;
    server.connect(named(ProtocolVersion::v3_1_1));
    server.protocol.suback(3, codes);
    server.protocol.unsuback(4, codes);
    CHECK(take(server.out) == raw({0x90, 4, 0, 3, 0x80, 2, 0xB0, 2, 0, 4}));
    Server older;
    older.connect(named(ProtocolVersion::v3_1));
    older.protocol.suback(3, codes);
    CHECK(take(older.out) == raw({0x90, 4, 0, 3, 0, 2}));
}

TEST_CASE(
    "server: broken requests end the connection [MQTT-3.8.3-2] [MQTT-3.10.3-2] "
    "[MQTT-3.8.3-4] [MQTT-3.8.3-5] [MQTT-2.2.1-3]") {
    const auto answer = [](const ByteVector& bytes) {
        Server server;
        server.connect();
        server.feed(bytes);
        CHECK(server.protocol.is_closing());
        return server.sent();
    };
    CHECK(answer(raw({0x82, 3, 0, 1, 0})) == "DISCONNECT protocol_error");
    CHECK(answer(raw({0xA2, 3, 0, 1, 0})) == "DISCONNECT protocol_error");
    CHECK(answer(raw({0x82, 7, 0, 1, 0, 0, 1, 'a', 0x40})) == "DISCONNECT malformed_packet");
    CHECK(answer(raw({0x82, 7, 0, 0, 0, 0, 1, 'a', 0})) == "DISCONNECT protocol_error");
    CHECK(answer(raw({0x82, 16, 0, 1, 0, 0, 10, '$', 's', 'h', 'a', 'r', 'e', '/', 'g', '/', 't',
                      4})) == "DISCONNECT protocol_error");
    CHECK(answer(raw({0x82, 8, 0, 1, 0, 0, 2, 'a', '#', 0})) == "DISCONNECT topic_filter_invalid");
}

TEST_CASE("server: a Subscription Identifier where there are none is refused") {
    Server server;
    server.limits.announced.subscription_identifiers_available = false;
    server.connect();
    FilterListBuilder filters(true);
    filters.add("a");
    const PropertyList id = list(PropertyId::subscription_identifier, 5);
    server.feed(Subscribe{1, id, filters.view()});
    CHECK(server.sent() == "DISCONNECT subscription_identifiers_not_supported");
    CHECK(server.events() == "error protocol_error");
}

TEST_CASE("server: PINGREQ is answered with PINGRESP [MQTT-3.12.4-1] [MQTT311-3.12.4-1]") {
    Server server;
    server.connect();
    ByteVector pings;
    ByteVector answers;
    for (int i = 0; i < 1000; ++i) {
        pings = pings + raw({0xC0, 0});
        answers = answers + raw({0xD0, 0});
    }
    server.feed(pings);
    CHECK(take(server.out) == answers);
}

TEST_CASE(
    "server: DISCONNECT is told with its reason, nothing is sent after it "
    "[MQTT-3.14.4-1] [MQTT-3.14.4-3] [MQTT311-3.14.4-3]") {
    Server server;
    server.connect();
    server.feed(Disconnect{ReasonCode::disconnect_with_will_message, {}});
    CHECK(server.events() == "DISCONNECT disconnect_with_will_message");
    CHECK(server.protocol.is_closing());
    CHECK(publish_kept(server.protocol, "t", "p", QoS::at_most_once) == "not connected");
    server.protocol.suback(1, std::array{ReasonCode::success});
    server.protocol.disconnect(ReasonCode::server_busy);
    server.feed(raw({0xC0, 0}));
    CHECK(server.out.empty());
    CHECK(server.events() == "");
}

TEST_CASE("server: DISCONNECT of its own goes to 5.0 only [MQTT-3.14.4-1] [MQTT-3.1.4-3]") {
    Server server;
    server.connect();
    server.protocol.disconnect(ReasonCode::session_taken_over);
    server.protocol.disconnect(ReasonCode::server_busy);
    CHECK(server.sent() == "DISCONNECT session_taken_over");
    Server old;
    old.connect(named(ProtocolVersion::v3_1_1));
    old.protocol.disconnect(ReasonCode::session_taken_over);
    CHECK(old.out.empty());
    CHECK(old.protocol.is_closing());
}

TEST_CASE(
    "server: DISCONNECT with a reason of the server, or a session kept at last, is an error "
    "[MQTT-3.14.2-1]") {
    Server server;
    server.connect();
    CHECK(answer_to(server, raw({0xE0, 1, 0x05})) ==
          "DISCONNECT protocol_error / error protocol_error");
    Server other;
    other.connect();
    CHECK(answer_to(other, raw({0xE0, 1, 0x8B})) ==
          "DISCONNECT protocol_error / error protocol_error");
    Server third;
    third.connect();
    const PropertyList longer = list(PropertyId::session_expiry_interval, 60);
    CHECK(
        answer_to(third, to_bytes(ProtocolVersion::v5, Disconnect{ReasonCode::success, longer})) ==
        "DISCONNECT protocol_error / error protocol_error");
}

TEST_CASE(
    "server: one and a half keep-alives of silence end the connection "
    "[MQTT-3.1.2-22] [MQTT311-3.1.2-24]") {
    Server server;
    Connect connect = named(ProtocolVersion::v5);
    connect.keep_alive = 10;
    server.connect(connect);
    CHECK(server.protocol.on_time(kStart, server.sink) == kStart + 15s);
    server.now = kStart + 12s;
    server.feed(raw({0xC0, 0}));
    CHECK(server.sent() == "PINGRESP");
    CHECK(server.protocol.on_time(kStart + 15s, server.sink) == kStart + 27s);
    server.now = kStart + 20s;
    server.feed(raw({0xC0}));  // half a packet is none
    CHECK(server.protocol.on_time(kStart + 27s - 1ms, server.sink) == kStart + 27s);
    CHECK_FALSE(server.protocol.is_closing());
    CHECK(server.protocol.on_time(kStart + 27s, server.sink) == TimePoint::max());
    CHECK(server.sent() == "DISCONNECT keep_alive_timeout");
    CHECK(server.events() == "error keep_alive_timeout");
    CHECK(server.protocol.on_time(kStart + 28s, server.sink) == TimePoint::max());
    CHECK(server.events() == "");
}

TEST_CASE(
    "server: keep-alive 0 is off, a long packet under way counts, 3.x is closed silently "
    "[MQTT-3.1.2-22] [MQTT311-3.1.2-24]") {
    Server off;
    Connect connect = named(ProtocolVersion::v3_1_1);
    connect.keep_alive = 0;
    off.connect(connect);
    CHECK(off.protocol.on_time(kStart + 24h * 365, off.sink) == TimePoint::max());
    CHECK_FALSE(off.protocol.is_closing());

    Server old;
    connect.keep_alive = 1;
    old.connect(connect);
    old.protocol.on_received(kStart + 1s);
    CHECK(old.protocol.on_time(kStart + 2s, old.sink) == kStart + 2500ms);
    CHECK(old.protocol.on_time(kStart + 2500ms, old.sink) == TimePoint::max());
    CHECK(old.out.empty());
    CHECK(old.events() == "error keep_alive_timeout");
}

TEST_CASE(
    "server: sizes are limited before the body comes, more tightly before CONNECT "
    "[MQTT-3.2.2-15]") {
    Server server;
    server.limits.maximum_connect_packet_size = 100;
    server.feed(raw({0x10, 0xFF, 0xFF, 0xFF, 0x7F}));
    CHECK(server.out.empty());
    CHECK(server.events() == "error packet_too_large");

    Server connected;
    connected.limits.announced.maximum_packet_size = 50;
    connected.connect();
    connected.feed(incoming("t", std::string(44, 'p')));  // 50 bytes
    CHECK_FALSE(connected.protocol.is_closing());
    connected.feed(raw({0x30, 49}));
    CHECK(connected.sent() == "DISCONNECT packet_too_large");
}

TEST_CASE("server: says how many bytes it needs") {
    Server server;
    server.connect();
    const auto fed = [&](std::initializer_list<int> values) {
        const ByteVector bytes = raw(values);
        return server.protocol.feed(bytes, server.now, server.sink);
    };
    CHECK(fed({0x30}).needed == 0);
    CHECK(fed({0x30, 0x80}).needed == 0);
    CHECK(fed({0x30, 0x80, 1}).needed == 131);
    const base::Consumed consumed = fed({0xC0, 0, 0x30, 20, 1});
    CHECK(consumed.bytes == 2);
    CHECK(consumed.needed == 22);
}

TEST_CASE(
    "server: AUTH goes back and forth before CONNACK, nothing else does "
    "[MQTT-3.1.2-30] [MQTT-4.12.0-2] [MQTT-3.14.0-1]") {
    Server server;
    server.auto_accept = false;
    PropertyList method;
    method.add(PropertyId::authentication_method, "SCRAM");
    Connect connect = named(ProtocolVersion::v5);
    connect.properties = method;
    server.feed(ProtocolVersion::v5, connect);
    server.protocol.auth(ReasonCode::continue_authentication, method);
    CHECK(server.sent() == "AUTH continue_authentication authentication-method 'SCRAM'");
    server.events();
    SUBCASE("answered") {
        server.feed(Auth{ReasonCode::continue_authentication, method});
        CHECK(server.events() == "AUTH continue_authentication authentication-method 'SCRAM'");
        server.protocol.accept(server.session, server.accept, server.now);
        CHECK(server.sent() == "CONNACK success");
        server.feed(Auth{ReasonCode::re_authenticate, method});
        CHECK(server.events() == "AUTH re_authenticate authentication-method 'SCRAM'");
    }
    SUBCASE("something else comes") {
        server.feed(incoming("t", "p"));
        CHECK(server.sent() == "CONNACK protocol_error");
        CHECK(server.events() == "error protocol_error");
    }
    SUBCASE("a code of the server comes") {
        server.feed(Auth{ReasonCode::success, method});
        CHECK(server.sent() == "CONNACK protocol_error");
    }
}

TEST_CASE(
    "server: without a method in CONNECT there is no AUTH "
    "[MQTT-4.12.0-6] [MQTT-4.12.0-7]") {
    Server server;
    server.connect();
    server.protocol.auth(ReasonCode::continue_authentication);
    CHECK(server.out.empty());
    PropertyList method;
    method.add(PropertyId::authentication_method, "SCRAM");
    server.feed(Auth{ReasonCode::re_authenticate, method});
    CHECK(server.sent() == "DISCONNECT protocol_error");
}

TEST_CASE("server: pause() leaves the rest unread until it is fed again") {
    Server server;
    server.connect();
    server.sink.publish_hook = [&](const Publish&) {
        server.protocol.pause();
        return AckDecision::now();
    };
    const ByteVector three = to_bytes(ProtocolVersion::v5, incoming("t", "1")) +
                             to_bytes(ProtocolVersion::v5, incoming("t", "2")) +
                             to_bytes(ProtocolVersion::v5, incoming("t", "3"));
    server.feed(three);
    CHECK(server.events() == "PUBLISH q0 r0 d0 't' 1 bytes = 1");
    server.feed(Bytes());
    CHECK(server.events() == "PUBLISH q0 r0 d0 't' 1 bytes = 2");
    server.feed(Bytes());
    CHECK(server.events() == "PUBLISH q0 r0 d0 't' 1 bytes = 3");
    CHECK(server.tail.empty());
}

TEST_CASE("server: a sink may disconnect within any callback; nothing follows") {
    Server server;
    server.connect();
    server.sink.publish_hook = [&](const Publish&) {
        server.protocol.disconnect(ReasonCode::administrative_action);
        return AckDecision::now();
    };
    server.feed(to_bytes(ProtocolVersion::v5, incoming("t", "1", QoS::exactly_once, 1)) +
                to_bytes(ProtocolVersion::v5, incoming("t", "2", QoS::exactly_once, 2)));
    CHECK(server.sent() == "DISCONNECT administrative_action");
    CHECK(server.events() == "PUBLISH q2 r0 d0 id 1 't' 1 bytes = 1");
}
