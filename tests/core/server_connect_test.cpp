// The server's role until a client is let in, packet by packet, on fake time: CONNECT, AUTH, CONNACK.
#include "core/server_protocol.hpp"

#include <doctest/doctest.h>

#include "closing_answer.hpp"

using namespace ::test;

namespace {

constexpr std::array kServed{ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5};
constexpr std::array kOldVersions{ProtocolVersion::v3_1, ProtocolVersion::v3_1_1};

}  // namespace

TEST_CASE("server: CONNECT is answered with CONNACK 0 [MQTT-3.1.4-5] [MQTT311-3.1.4-4]") {
    for (const auto version : kServed) {
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
