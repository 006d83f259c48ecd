// MQTT 5.0, chapter 3.1: CONNECT as a server receives it.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

namespace {

// Name and level, flags, keep alive 60, no properties, and the payload in hex.
std::vector<std::uint8_t> raw_connect(std::string_view flags, std::string_view payload,
                                      std::string_view name_and_level = "00044d51545405") {
    return frame(
        0x10, std::string(name_and_level) + std::string(flags) + "003c00" + std::string(payload));
}

// Everything until the broker closes.
std::vector<std::uint8_t> answer_until_end(const RawClient& client) {
    std::vector<std::uint8_t> bytes;
    std::uint8_t buffer[64];
    ssize_t n = 0;
    while ((n = ::recv(client.fd(), buffer, sizeof buffer, 0)) > 0)
        bytes.insert(bytes.end(), buffer, buffer + n);
    CHECK(n == 0);
    return bytes;
}

}  // namespace

TEST_CASE(
    "5.0 server: the first packet must be CONNECT, and there is only one "
    "[MQTT-3.1.0-1] [MQTT-3.1.0-2] [MQTT-3.2.0-2]") {
    SpecBroker broker;
    for (const std::string packet : {"c0 00", "30 04 00 01 61 00", "e0 00", "f0 02 18 00"}) {
        RawClient client = broker.client();
        client.send_hex(packet).expect_closed();
    }
    RawClient client = broker.client("c");
    client.send_connect({.client_id = broker.id("c")});
    expect_ended(client, {R::protocol_error});
}

TEST_CASE("5.0 server: another protocol name or version is refused [MQTT-3.1.2-1] [MQTT-3.1.2-2]") {
    SpecBroker broker;
    for (const std::string start : {"00044d51545805", "00044d51545406", "00044d5154547f"}) {
        CAPTURE(start);
        RawClient client = broker.client();
        client.send_raw(raw_connect("02", "0000", start));
        // Neither side can know the other's format: a CONNACK of any version, or none.
        const std::vector<std::uint8_t> said = answer_until_end(client);
        if (said.empty()) continue;
        REQUIRE(said.size() >= 4);
        CHECK(said[0] == 0x20);
        CHECK(said[3] != 0);
    }
}

TEST_CASE(
    "5.0 server: wrong connect flags are malformed "
    "[MQTT-3.1.2-3] [MQTT-3.1.2-11] [MQTT-3.1.2-12] [MQTT-3.1.2-13]") {
    SpecBroker broker;
    for (const std::string flags : {"03", "0a", "12", "22"}) {
        CAPTURE(flags);
        RawClient client = broker.client();
        client.send_raw(raw_connect(flags, "000163"));
        expect_refused(client, {R::malformed_packet, R::protocol_error});
    }
    RawClient client = broker.client();
    client.send_raw(raw_connect("1e",
                                "000163"
                                "00"
                                "000174"
                                "0001"
                                "78"));
    expect_refused(client, {R::malformed_packet, R::protocol_error});
}

TEST_CASE(
    "5.0 server: the payload has what the flags announce and nothing else "
    "[MQTT-3.1.2-9] [MQTT-3.1.2-16] [MQTT-3.1.2-17] [MQTT-3.1.2-18] [MQTT-3.1.2-19] "
    "[MQTT-3.1.3-1] [MQTT-3.1.3-3] [MQTT-3.1.4-1]") {
    SpecBroker broker;
    const struct {
        std::string_view flags;
        std::string_view payload;
    } kWrong[] = {
        {"02", ""},        // no client id
        {"06", "000163"},  // no will
        {"06",
         "000163"
         "00"
         "000174"},        // no will payload
        {"82", "000163"},  // no user name
        {"42", "000163"},  // no password
        {"02",
         "000163"
         "000175"},  // a user name without flag
        {"82",
         "000163"
         "000175"
         "000170"},  // a password without flag
        {"02",
         "0003"
         "63"},  // a client id that is not all there
    };
    for (const auto& wrong : kWrong) {
        CAPTURE(wrong.flags);
        CAPTURE(wrong.payload);
        RawClient client = broker.client();
        client.send_raw(raw_connect(wrong.flags, wrong.payload));
        expect_refused(client, {R::malformed_packet, R::protocol_error});
    }
}

TEST_CASE("5.0 server: a password needs no user name [MQTT-3.1.2-19]") {
    SpecBroker broker;
    RawClient client = broker.client();
    client.connect({.client_id = broker.id("c"), .password = "secret"});
}

TEST_CASE(
    "5.0 server: strings of CONNECT are UTF-8 "
    "[MQTT-3.1.3-4] [MQTT-3.1.3-11] [MQTT-3.1.3-12]") {
    SpecBroker broker;
    const struct {
        std::string_view flags;
        std::string_view payload;
    } kWrong[] = {
        {"02", "0001ff"},  // client id
        {"06",
         "000163"
         "00"
         "0001ff"
         "0001"
         "78"},  // will topic
        {"82",
         "000163"
         "0001ff"},  // user name
    };
    for (const auto& wrong : kWrong) {
        CAPTURE(wrong.payload);
        RawClient client = broker.client();
        client.send_raw(raw_connect(wrong.flags, wrong.payload));
        expect_refused(client, {R::malformed_packet, R::client_identifier_not_valid,
                                R::topic_name_invalid, R::bad_user_name_or_password});
    }
}

TEST_CASE("5.0 server: properties of CONNECT are checked [MQTT-3.1.4-1] [MQTT-4.13.1-1]") {
    SpecBroker broker;
    for (const std::string properties : {
             "03210000",                // Receive Maximum 0
             "052700000000",            // Maximum Packet Size 0
             "021702",                  // Request Problem Information 2
             "021902",                  // Request Response Information 2
             "0a11000000001100000000",  // twice
             "022300",                  // not all there
             "020100",                  // Payload Format Indicator does not belong here
             "0416000161",              // data without method
         }) {
        CAPTURE(properties);
        RawClient client = broker.client();
        client.send_raw(frame(0x10, "00044d5154540502003c" + std::string(properties) + "000163"));
        expect_refused(client, {R::malformed_packet, R::protocol_error});
    }
}

TEST_CASE(
    "5.0 server: Clean Start 1 throws an existing session away, 0 resumes it "
    "[MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT-3.1.2-23] [MQTT-3.1.3-2] "
    "[MQTT-3.1.4-4] [MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT-4.1.0-1]") {
    SpecBroker broker;
    const std::string id = broker.id("c");
    const std::string topic = broker.topic("t");
    PropertyList kept;
    kept.add(PropertyId::session_expiry_interval, 300u);
    const auto connect = [&](std::string_view name, bool clean_start, bool expected) {
        RawClient client = broker.client();
        const Connack connack = client.connect(
            {.client_id = name, .clean_start = clean_start, .properties = kept.view()});
        CHECK(connack.session_present == expected);
        return client;
    };
    RawClient publisher = broker.client("p");
    RawClient first = connect(id, false, false);
    first.subscribe(topic, QoS::at_least_once);
    first.send(Disconnect{}).expect_closed();
    publisher.publish_acked(topic, "queued");
    connect(broker.id("other"), false, false).expect_silence();
    RawClient second = connect(id, false, true);
    finish(second, second.expect_publish(topic, "queued"));
    publisher.publish_acked(topic, "live");
    finish(second, second.expect_publish(topic, "live"));
    second.send(Disconnect{}).expect_closed();
    publisher.publish_acked(topic, "lost");
    RawClient third = connect(id, true, false);
    publisher.publish_acked(topic, "lost");
    third.expect_silence();
    third.send(Disconnect{}).expect_closed();
    RawClient fourth = connect(id, false, true);
    fourth.expect_silence();
}

TEST_CASE(
    "5.0 server: ids of 1 to 23 letters and digits are accepted, an empty one assigned "
    "[MQTT-3.1.3-5] [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]") {
    SpecBroker broker;
    RawClient short_id = broker.client();
    short_id.connect({.client_id = "Z"});
    RawClient long_id = broker.client();
    long_id.connect({.client_id = "0123456789abcXYZABCxyz9"});
    PropertyList kept;
    kept.add(PropertyId::session_expiry_interval, 60u);
    RawClient one = broker.client();
    const Connack first = one.connect({.client_id = "", .properties = kept.view()});
    const std::string assigned(
        first.properties.text(PropertyId::assigned_client_identifier).value_or(""));
    CHECK_FALSE(assigned.empty());
    RawClient two = broker.client();
    const Connack second = two.connect({.client_id = ""});
    CHECK(second.properties.text(PropertyId::assigned_client_identifier) != assigned);
    one.expect_silence();
    one.send(Disconnect{}).expect_closed();
    RawClient back = broker.client();
    CHECK(back.connect({.client_id = assigned, .clean_start = false}).session_present);
}

TEST_CASE("5.0 server: an id that is not wanted is refused [MQTT-3.1.3-8]" * only_own_broker()) {
    BrokerConfig config = loopback();
    config.client_id_prefix = "device-";
    SpecBroker broker(std::move(config));
    RawClient client = broker.client();
    client.send_connect({.client_id = "other"});
    expect_refused(client, {R::client_identifier_not_valid, R::not_authorized});
}

TEST_CASE(
    "5.0 server: a failed login ends the connection, and nothing behind it is looked at "
    "[MQTT-3.1.4-2] [MQTT-3.1.4-6] [MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT-4.13.2-1]" *
    only_own_broker()) {
    BrokerConfig config = loopback();
    config.authenticate = [](const LoginRequest& request) {
        return request.user_name == "good" ? R::success : R::bad_user_name_or_password;
    };
    SpecBroker broker(std::move(config));
    RawClient watcher = broker.client("w", {.user_name = "good"});
    watcher.subscribe("t");
    RawClient keeper = broker.client();
    PropertyList kept;
    kept.add(PropertyId::session_expiry_interval, 60u);
    keeper.connect({.client_id = "k", .properties = kept.view(), .user_name = "good"});
    keeper.send(Disconnect{}).expect_closed();
    RawClient client = broker.client();
    Connect connect;
    connect.client_id = "k";
    connect.clean_start = false;
    connect.user_name = "bad";
    std::vector<std::uint8_t> bytes = encoded(ProtocolVersion::v5, connect);
    const auto publish = encoded(ProtocolVersion::v5, Publish{.topic = "t"});
    bytes.insert(bytes.end(), publish.begin(), publish.end());
    client.send_bytes(bytes);
    expect_refused(client, {R::bad_user_name_or_password});
    watcher.expect_silence();
}

TEST_CASE("5.0 server: a second connection of an id takes the first one's place [MQTT-3.1.4-3]") {
    SpecBroker broker;
    RawClient first = broker.client("c");
    RawClient second = broker.client("c");
    expect_ended(first, {R::session_taken_over});
    second.expect_silence();
}

TEST_CASE(
    "5.0 server: CONNECT is answered by CONNACK before anything else "
    "[MQTT-3.1.4-5] [MQTT-3.2.0-1]") {
    SpecBroker broker;
    RawClient client = broker.client();
    Connect connect;
    const std::string id = broker.id("c");
    connect.client_id = id;
    std::vector<std::uint8_t> bytes = encoded(ProtocolVersion::v5, connect);
    FilterListBuilder filters(true);
    const std::string topic = broker.topic("t");
    filters.add(topic, {});
    const auto subscribe = encoded(ProtocolVersion::v5, Subscribe{1, {}, filters.view()});
    bytes.insert(bytes.end(), subscribe.begin(), subscribe.end());
    client.send_bytes(bytes);
    CHECK(client.expect<Connack>().reason == R::success);
    CHECK(client.expect<Suback>().id == 1);
}

TEST_CASE(
    "5.0 server: silence of one and a half Keep Alives ends the connection, and not less "
    "[MQTT-3.1.2-22] [MQTT-3.2.2-22]") {
    SpecBroker broker;
    RawClient client = broker.client();
    client.connect({.client_id = broker.id("c"), .keep_alive = 1});
    const auto begin = Clock::now();
    if (is_foreign())
        client.receive_unless_closed();  // some only look now and then
    else
        expect_ended(client, {R::keep_alive_timeout});
    CHECK(Clock::now() - begin >= std::chrono::milliseconds(1'400));
}
