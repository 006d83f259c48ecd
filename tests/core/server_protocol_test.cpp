// The server's role once a client is let in, packet by packet, on fake time: requests, keep-alive, sizes,
// errors. CONNECT is in server_connect_test; PUBLISH, which both roles share, in exchange_*_test.
#include "core/server_protocol.hpp"

#include <doctest/doctest.h>

#include "closing_answer.hpp"

using namespace ::test;

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
