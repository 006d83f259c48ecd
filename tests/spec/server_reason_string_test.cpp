// MQTT 5.0: Reason String, where it helps: every refusal says in a sentence what the code means here.
// Request Problem Information and Maximum Packet Size are respected.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

namespace {

std::string said(Properties properties) {
    return std::string(properties.text(PropertyId::reason_string).value_or(std::string_view()));
}

BrokerConfig strict_config() {
    BrokerConfig config = loopback();
    config.authorize = [](const AccessRequest& request) {
        return request.topic.starts_with("open") || request.access == Access::deliver;
    };
    config.authenticate = [](const LoginRequest& request) {
        return request.user_name == "stranger" ? R::bad_user_name_or_password : R::success;
    };
    return config;
}

PropertyList without_problem_information() {
    PropertyList list;
    list.add(PropertyId::request_problem_information, 0);
    return list;
}

Suback subscribe_both(RawClient& client) {
    FilterListBuilder filters(true);
    filters.add("open/#", {});
    filters.add("closed/x", {});
    client.send(Subscribe{7, {}, filters.view()});
    return client.expect<Suback>();
}

}  // namespace

TEST_CASE("5.0 server: CONNACK with an error says why" * only_own_broker()) {
    SpecBroker broker(strict_config());
    RawClient client = broker.client();
    client.send_connect({.client_id = "c", .user_name = "stranger"});
    const Connack connack = client.expect<Connack>();
    CHECK(connack.reason == R::bad_user_name_or_password);
    CHECK(said(connack.properties) == "unknown user or wrong password");
    client.expect_closed();
}

TEST_CASE("5.0 server: a CONNECT that breaks a rule is told which" * only_own_broker()) {
    SpecBroker broker;
    RawClient client = broker.client();
    client.send_hex("10 10 0004 4D515454 05 03 003C 00 0003 616263");  // reserved flag
    const Connack connack = client.expect<Connack>();
    CHECK(connack.reason == R::malformed_packet);
    CHECK_FALSE(said(connack.properties).empty());
}

TEST_CASE(
    "5.0 server: PUBACK, PUBREC and SUBACK with an error say why, unless the client does not want "
    "to "
    "know [MQTT-3.1.2-29]" *
    only_own_broker()) {
    SpecBroker broker(strict_config());
    RawClient curious = broker.client("curious");
    curious.publish("closed/x", "1", QoS::at_least_once, 1);
    CHECK(said(curious.expect<Ack>().properties) == "not allowed to publish to this topic");
    curious.publish("closed/x", "1", QoS::exactly_once, 2);
    const Ack pubrec = curious.expect<Ack>();
    CHECK(pubrec.type == PacketType::pubrec);
    CHECK(pubrec.reason == R::not_authorized);
    CHECK(said(pubrec.properties) == "not allowed to publish to this topic");
    CHECK(said(subscribe_both(curious).properties) ==
          "closed/x: it can match nothing that this client may read");
    curious.publish("open/x", "1", QoS::at_least_once, 3);
    curious.expect_publish("open/x", "1");
    CHECK(curious.expect<Ack>().properties.empty());  // nothing to explain

    RawClient busy = broker.client();
    const PropertyList properties = without_problem_information();
    busy.connect({.client_id = "busy", .properties = properties.view()});
    busy.publish("closed/x", "1", QoS::at_least_once, 1);
    const Ack puback = busy.expect<Ack>();
    CHECK(puback.reason == R::not_authorized);
    CHECK(puback.properties.empty());
    const Suback suback = subscribe_both(busy);
    CHECK(suback.codes.size() == 2);
    CHECK(suback.properties.empty());
}

TEST_CASE("5.0 server: DISCONNECT says why [MQTT-4.13.1-1]" * only_own_broker()) {
    SpecBroker broker;
    RawClient old = broker.client("same");
    RawClient next = broker.client("same");
    const Disconnect taken = old.expect<Disconnect>();
    CHECK(taken.reason == R::session_taken_over);
    CHECK(said(taken.properties) == "session taken over");
    next.send_hex("30 05 0001 2B 00 78");  // a wildcard in a topic name
    const Disconnect wrong = next.expect<Disconnect>();
    CHECK(wrong.reason == R::topic_name_invalid);
    CHECK_FALSE(said(wrong.properties).empty());
}

TEST_CASE(
    "5.0 server: a Reason String that would not fit into the client's Maximum Packet Size is left "
    "out "
    "[MQTT-3.14.2-3] [MQTT-3.4.2-2] [MQTT-3.9.2-1]" *
    only_own_broker()) {
    SpecBroker broker(strict_config());
    RawClient client = broker.client();
    PropertyList properties;
    properties.add(PropertyId::maximum_packet_size, 24);
    client.connect({.client_id = "small", .properties = properties.view()});
    client.publish("closed/x", "1", QoS::at_least_once, 1);
    const Ack puback = client.expect<Ack>();
    CHECK(puback.reason == R::not_authorized);
    CHECK(puback.properties.empty());
    const Suback suback = subscribe_both(client);
    CHECK(suback.codes.size() == 2);
    CHECK(suback.properties.empty());
    client.send_hex("30 05 0001 2B 00 78");
    const Disconnect disconnect = client.expect<Disconnect>();
    CHECK(disconnect.reason == R::topic_name_invalid);
    CHECK(disconnect.properties.empty());
}
