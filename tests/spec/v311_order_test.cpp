// MQTT 3.1.1, sections 4.6, 6 and 7: order, WebSocket, transports, black-box on raw sockets.
#include <doctest/doctest.h>

#include "v311_target.hpp"

using namespace ::test;

namespace {

constexpr std::string_view kConnectAsW = "10 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 77";  // id "w"

// The next message's number, acknowledged; PUBRELs on the way are answered.
int next_number(RawClient& client) {
    for (;;) {
        const Packet packet = client.receive();
        if (const auto* pubrel = std::get_if<Ack>(&packet)) {
            client.ack(PacketType::pubcomp, pubrel->id);
            continue;
        }
        REQUIRE(std::holds_alternative<Publish>(packet));
        const Publish publish = std::get<Publish>(packet);
        const int number = std::stoi(std::string(as_text(publish.payload)));
        if (publish.qos == QoS::at_least_once) client.ack(PacketType::puback, publish.id);
        if (publish.qos == QoS::exactly_once) client.ack(PacketType::pubrec, publish.id);
        return number;
    }
}

// All that comes until the connection ends, frames of WebSocket and all.
std::vector<std::uint8_t> until_end(RawClient& client) {
    std::vector<std::uint8_t> bytes;
    std::uint8_t byte = 0;
    while (::recv(client.fd(), &byte, 1, 0) == 1)
        bytes.push_back(byte);
    return bytes;
}

// The answer to an upgrade request with these header lines, up to the empty line.
std::string upgrade_answer(RawClient& client, std::string_view lines) {
    std::string request =
        "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    request.append(lines).append("\r\n");
    client.send_raw(as_bytes(request));
    std::string answer;
    char c = 0;
    while (!answer.ends_with("\r\n\r\n") && ::recv(client.fd(), &c, 1, 0) == 1)
        answer += c;
    return answer;
}

}  // namespace

TEST_CASE(
    "3.1.1: messages of a publisher on a topic keep their order at each QoS, after resumption, too "
    "[MQTT311-4.6.0-5] [MQTT311-4.6.0-6]") {
    constexpr int kCount = 200;
    for (const unsigned threads : thread_counts()) {
        V311Broker broker(with_threads(threads));
        for (const QoS qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
            RawClient here = broker.client(k311);
            here.connect({.client_id = "v311-here", .clean_start = false});
            here.subscribe("v311/order", qos);
            RawClient away = broker.client(k311);
            away.connect({.client_id = "v311-away", .clean_start = false});
            away.subscribe("v311/order", qos);
            RawClient pub = broker.client("v311-order-pub", k311);
            for (int i = 0; i < kCount; ++i) {
                pub.publish("v311/order", std::to_string(i), qos,
                            qos == QoS::at_most_once ? PacketId(0) : PacketId(i + 1));
                if (qos == QoS::exactly_once)
                    pub.ack(PacketType::pubrel, static_cast<PacketId>(i + 1));
            }
            // Half of them, then the connection is cut, and the rest comes over another.
            for (int i = 0; i < kCount / 2; ++i)
                CHECK(next_number(away) == i);
            away.reset();
            for (int i = 0; i < kCount; ++i)
                CHECK(next_number(here) == i);
            // Away with both sessions, for the next QoS: what was on its way when the connection was cut may
            // be kept by a broker.
            const auto forget = [&] {
                broker.client("v311-away", k311).unsubscribe("v311/order");
                broker.client("v311-here", k311).unsubscribe("v311/order");
            };
            if (qos == QoS::at_most_once) {
                forget();
                continue;
            }
            RawClient back = broker.client(k311);
            CHECK(back.connect({.client_id = "v311-away", .clean_start = false}).session_present);
            int last = next_number(back);
            CHECK(last <= kCount / 2);
            while (last < kCount - 1) {
                const int number = next_number(back);
                REQUIRE(number == last + 1);
                last = number;
            }
            back.send(Disconnect{}).close();
            forget();
        }
    }
}

TEST_CASE(
    "3.1.1: over WebSocket, a text frame ends the connection, answers are binary "
    "[MQTT311-6.0.0-1]" *
    only_own_broker()) {
    V311Broker broker(loopback(Transport::websocket));
    {
        RawClient client = broker.client(k311);
        client.upgrade().send_hex(kConnectAsW);
        std::uint8_t first = 0;
        REQUIRE(::recv(client.fd(), &first, 1, MSG_PEEK) == 1);
        CHECK(first == 0x82);
        CHECK(client.expect<Connack>().reason == ReasonCode::success);
    }
    for (const unsigned opcode : {0x81u, 0x83u}) {  // text; reserved data frame
        RawClient client = broker.client(k311);
        client.upgrade();
        std::vector<std::uint8_t> frame = from_hex(kConnectAsW);
        const std::uint8_t head[] = {static_cast<std::uint8_t>(opcode),
                                     static_cast<std::uint8_t>(0x80 | frame.size()),
                                     0,
                                     0,
                                     0,
                                     0};
        frame.insert(frame.begin(), std::begin(head), std::end(head));
        client.send_raw(frame);
        const std::vector<std::uint8_t> last = until_end(client);
        CHECK((last.empty() || last[0] == 0x88));  // at most a close frame, no CONNACK
    }
}

TEST_CASE("3.1.1: WebSocket frames and packets need not line up [MQTT311-6.0.0-2]" *
          only_own_broker()) {
    V311Broker broker(loopback(Transport::websocket));
    const std::vector<std::uint8_t> bytes = from_hex(
        std::string(kConnectAsW) + "82 06 00 01 00 01 77 00" + "30 04 00 01 77 78" + "C0 00");
    for (const std::size_t size : {std::size_t(1), std::size_t(7), bytes.size()}) {
        RawClient client = broker.client(k311);
        client.upgrade();
        for (std::size_t at = 0; at < bytes.size(); at += size)
            client.send_bytes(Bytes(bytes).subspan(at, std::min(size, bytes.size() - at)));
        CHECK(client.expect<Connack>().reason == ReasonCode::success);
        CHECK(client.expect<Suback>().id == 1);
        client.expect_publish("w", "x");
        client.expect<Pingresp>();
    }
}

TEST_CASE("3.1.1: the sub-protocol mqtt is selected [MQTT311-6.0.0-4]" * only_own_broker()) {
    V311Broker broker(loopback(Transport::websocket));
    const auto says_mqtt = [](const std::string& answer) {
        return answer.find("\r\nSec-WebSocket-Protocol: mqtt\r\n") != std::string::npos;
    };
    RawClient one = broker.client(k311);
    CHECK(says_mqtt(upgrade_answer(one, "Sec-WebSocket-Protocol: mqtt\r\n")));
    RawClient several = broker.client(k311);
    CHECK(says_mqtt(upgrade_answer(several, "Sec-WebSocket-Protocol: chat, mqtt\r\n")));
    RawClient other = broker.client(k311);
    const std::string answer = upgrade_answer(other, "Sec-WebSocket-Protocol: chat\r\n");
    CHECK_FALSE(says_mqtt(answer));
}

TEST_CASE("3.1.1: a TCP connection carries bytes in order and without loss [MQTT311-7.1.1-1]") {
    V311Broker broker;
    std::string payload(3'000'000, '\0');
    for (std::size_t i = 0; i < payload.size(); ++i)
        payload[i] = static_cast<char>(i * 7 + i / 256);
    RawClient sub = broker.client("v311-bytes", k311);
    sub.subscribe("v311/bytes");
    RawClient pub = broker.client("v311-bytes-pub", k311);
    pub.publish("v311/bytes", payload);
    sub.expect_publish("v311/bytes", payload);
}

TEST_CASE(
    "3.1.1: bytes written from the standard alone are enough to talk to the broker "
    "[MQTT311-7.0.0-2]") {
    V311Broker broker;
    RawClient client = broker.client(k311);
    // CONNECT, SUBSCRIBE w QoS 1, PUBLISH QoS 1 id 2, PINGREQ, UNSUBSCRIBE id 3: all that 3.1.1 knows.
    client.send_hex(kConnectAsW)
        .send_hex("82 06 00 01 00 01 77 01")
        .send_hex("32 06 00 01 77 00 02 78");
    CHECK(client.expect<Connack>().reason == ReasonCode::success);
    CHECK(client.expect<Suback>().codes[0] == 1);
    bool has_puback = false, has_publish = false;
    while (!has_puback || !has_publish) {
        const Packet packet = client.receive();
        if (const auto* publish = std::get_if<Publish>(&packet)) {
            CHECK(as_text(publish->payload) == "x");
            has_publish = true;
        } else {
            REQUIRE(std::holds_alternative<Ack>(packet));
            CHECK(std::get<Ack>(packet).id == 2);
            has_puback = true;
        }
    }
    client.send_hex("C0 00").expect<Pingresp>();
    client.send_hex("A2 05 00 03 00 01 77");
    CHECK(client.expect<Unsuback>().id == 3);
    client.send_hex("E0 00").expect_closed();
}
