// The broker that the tests of tests/spec talk to: our own, started for each test in this process, or the
// one that MQTT_SPEC_TARGET=HOST:PORT names (HOST an IPv4 address), which scripts/spec_check sets. Ids
// and topics are of each test alone, so that tests do not meet on a broker that goes on running.
//
// Where the standard says "should" our broker must and another one may: a reason code before the
// connection ends, for instance. Tests that need a configuration of their own are kOwnBroker.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <optional>

#include "support/test_broker.hpp"

namespace test {

inline bool is_foreign() {
    return std::getenv("MQTT_SPEC_TARGET") != nullptr;
}

// Decorator of a TEST_CASE that only our own broker can be asked.
inline auto only_own_broker() {
    return doctest::skip(is_foreign());
}

class SpecBroker {
public:
    explicit SpecBroker(BrokerConfig config = loopback()) {
        static int tests = 0;
        mark_ = std::to_string(::getpid()) + 'x' + std::to_string(++tests);
        if (const char* target = std::getenv("MQTT_SPEC_TARGET")) {
            const std::string text = target;
            const std::size_t colon = text.rfind(':');
            REQUIRE_MESSAGE(colon != std::string::npos, "MQTT_SPEC_TARGET is HOST:PORT");
            host_ = text.substr(0, colon);
            port_ = static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)));
        } else {
            own_.emplace(std::move(config));
            host_ = "127.0.0.1";
            port_ = own_->port();
        }
    }
    // What was retained is taken away again.
    ~SpecBroker() {
        if (retained_.empty() || !is_foreign()) return;
        RawClient cleaner = client("cleaner");
        for (const std::string& topic : retained_)
            cleaner.publish(topic, "", QoS::at_most_once, 0, true);
        cleaner.expect_silence();
    }

    // "a/b" under a level of this test; "a" as a client id of this test.
    std::string topic(std::string_view name) const { return mark_ + '/' + std::string(name); }
    std::string id(std::string_view name) const { return mark_ + std::string(name); }
    // A topic to retain messages on.
    std::string retained(std::string_view name) { return retained_.emplace_back(topic(name)); }

    RawClient client(ProtocolVersion version = ProtocolVersion::v5) const {
        return RawClient(host_, port_, version);
    }
    // Connected.
    RawClient client(std::string_view name, RawClient::Login login = {}) const {
        RawClient made = client();
        const std::string full = id(name);
        login.client_id = full;
        made.connect(login);
        return made;
    }
    // Connected with a session that outlives its connection; as it was before, unless it is to be clean.
    RawClient keeping_client(std::string_view name, bool clean_start = true,
                             std::uint32_t expiry = 300) const {
        PropertyList kept;
        kept.add(PropertyId::session_expiry_interval, expiry);
        return client(name, {.clean_start = clean_start, .properties = kept.view()});
    }
    TestBroker& own() { return *own_; }

private:
    std::optional<TestBroker> own_;
    std::string host_;
    std::uint16_t port_ = 0;
    std::string mark_;
    std::vector<std::string> retained_;
};

// Another broker may have its own opinion which error it is.
inline bool is_one_of(ReasonCode reason, std::initializer_list<ReasonCode> allowed) {
    if (is_foreign() && static_cast<std::uint8_t>(reason) >= 0x80) return true;
    return std::find(allowed.begin(), allowed.end(), reason) != allowed.end();
}

// "No matching subscribers" is something that a server may say.
inline bool says_nobody_subscribed(ReasonCode reason) {
    return reason == ReasonCode::no_matching_subscribers ||
           (is_foreign() && reason == ReasonCode::success);
}

// The connection ends because of an error of the client, after DISCONNECT with one of these reasons.
inline void expect_ended(RawClient& client, std::initializer_list<ReasonCode> reasons) {
    const auto packet = client.receive_unless_closed();
    if (packet) {
        INFO("packet kind " << packet->index());
        REQUIRE(std::holds_alternative<Disconnect>(*packet));
        CHECK(is_one_of(std::get<Disconnect>(*packet).reason, reasons));
        return client.expect_closed();
    }
    CHECK(client.has_ended());
    CHECK_MESSAGE(is_foreign(), "closed without saying why");
}

// CONNECT is refused with one of these reasons and the connection ends. [MQTT-3.2.2-7]
inline void expect_refused(RawClient& client, std::initializer_list<ReasonCode> reasons) {
    const auto packet = client.receive_unless_closed();
    if (packet) {
        INFO("packet kind " << packet->index());
        REQUIRE(std::holds_alternative<Connack>(*packet));
        const Connack& connack = std::get<Connack>(*packet);
        CHECK(is_one_of(connack.reason, reasons));
        CHECK_FALSE(connack.session_present);
        return client.expect_closed();
    }
    CHECK(client.has_ended());
    CHECK_MESSAGE(is_foreign(), "closed without saying why");
}

// Acknowledges a delivery to the end of its exchange.
inline void finish(RawClient& client, const Publish& publish) {
    const PacketId id = publish.id;
    if (publish.qos == QoS::at_least_once) client.ack(PacketType::puback, id);
    if (publish.qos != QoS::exactly_once) return;
    client.ack(PacketType::pubrec, id);
    CHECK(client.expect<Ack>().type == PacketType::pubrel);
    client.ack(PacketType::pubcomp, id);
}

// Publishes at QoS 2, to the end of the exchange; what PUBREC said.
inline ReasonCode publish_qos2(RawClient& client, std::string_view topic,
                               std::string_view payload) {
    const PacketId id = client.next_id();
    client.publish(topic, payload, QoS::exactly_once, id);
    const Ack received = client.expect<Ack>();
    CHECK(received.type == PacketType::pubrec);
    CHECK(received.id == id);
    const ReasonCode reason = received.reason;
    if (static_cast<std::uint8_t>(reason) >= 0x80) return reason;
    client.ack(PacketType::pubrel, id);
    const Ack complete = client.expect<Ack>();
    CHECK(complete.type == PacketType::pubcomp);
    CHECK(complete.id == id);
    return reason;
}

// A packet of `type_and_flags` with this body.
inline std::vector<std::uint8_t> frame(std::uint8_t type_and_flags, std::string_view body_hex) {
    const std::vector<std::uint8_t> body = from_hex(body_hex);
    std::vector<std::uint8_t> bytes{type_and_flags, static_cast<std::uint8_t>(body.size())};
    REQUIRE(body.size() < 128);
    bytes.insert(bytes.end(), body.begin(), body.end());
    return bytes;
}

// "a/b" as hex, its size of two bytes first.
inline std::string hex_string(std::string_view text) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    const auto append = [&](std::size_t byte) {
        hex += kDigits[byte >> 4 & 15];
        hex += kDigits[byte & 15];
    };
    append(text.size() >> 8);
    append(text.size() & 0xFF);
    for (const char c : text)
        append(static_cast<std::uint8_t>(c));
    return hex;
}

// A PUBLISH of QoS 0 with properties (in hex) as they are, well-formed or not.
inline std::vector<std::uint8_t> raw_publish(std::string_view topic, std::string_view properties) {
    const std::vector<std::uint8_t> bytes = from_hex(properties);
    const std::string sized = hex_string(std::string(as_text(Bytes(bytes))));
    return frame(0x30, hex_string(topic) + sized.substr(2));
}

// A SUBSCRIBE of one filter as it is, packet identifier 1.
inline std::vector<std::uint8_t> raw_subscribe(std::string_view filter) {
    return frame(0x82, "000100" + hex_string(filter) + "00");
}

// Waits until so much time has passed: for what the standard itself counts in seconds.
inline void let_pass(std::chrono::milliseconds time) {
    const auto end = Clock::now() + time;
    CHECK(eventually([&] { return Clock::now() >= end; }, time + kDeadline));
}

}  // namespace test
