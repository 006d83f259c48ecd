// MQTT 5.0, chapters 3.8 and 3.9: SUBSCRIBE and SUBACK.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

namespace {

// SUBSCRIBE of "a" with these options in hex.
std::vector<std::uint8_t> subscribe_a(std::string_view options) {
    return frame(0x82,
                 "0001"
                 "00"
                 "0001"
                 "61" +
                     std::string(options));
}

}  // namespace

TEST_CASE(
    "5.0 server: a SUBSCRIBE that is not as it should be ends the connection "
    "[MQTT-3.8.3-1] [MQTT-3.8.3-2] [MQTT-3.8.3-5] [MQTT-4.13.1-1]") {
    SpecBroker broker;
    for (const std::string body : {
             "000100",  // no filter
             "0001"
             "00"
             "0001"
             "61",  // no options
             "0001"
             "00"
             "0001"
             "ff"
             "00",  // no UTF-8
             "0001"
             "020b00"
             "000161"
             "00",  // Subscription Identifier 0
             "0001"
             "040b010b02"
             "000161"
             "00",  // two of them
             "0001"
             "020100"
             "000161"
             "00",  // a property of PUBLISH
         }) {
        CAPTURE(body);
        RawClient client = broker.client("c");
        client.send_raw(frame(0x82, body));
        expect_ended(client, {R::malformed_packet, R::protocol_error, R::topic_filter_invalid});
    }
    for (const std::string options : {"40", "80", "c0", "03", "30"}) {
        CAPTURE(options);
        RawClient client = broker.client("c");
        client.send_raw(subscribe_a(options));
        expect_ended(client, {R::malformed_packet, R::protocol_error});
    }
}

TEST_CASE(
    "5.0 server: filters that are none are refused "
    "[MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1]") {
    SpecBroker broker;
    for (const std::string filter : {"a#", "#/a", "a/#/b", "a+", "+a/b", "a/b+", ""}) {
        CAPTURE(filter);
        RawClient client = broker.client("c");
        client.send_raw(raw_subscribe(filter));
        const auto packet = client.receive_unless_closed();
        if (!packet) {
            CHECK(client.has_ended());
            CHECK(is_foreign());
        } else if (const auto* suback = std::get_if<Suback>(&*packet)) {
            CHECK(suback->codes[0] >= 0x80);
        } else {
            CHECK(is_one_of(std::get<Disconnect>(*packet).reason,
                            {R::topic_filter_invalid, R::malformed_packet, R::protocol_error}));
            client.expect_closed();
        }
    }
}

TEST_CASE(
    "5.0 server: SUBACK has a code for each filter, in order, and the same identifier "
    "[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] "
    "[MQTT-3.9.3-1] [MQTT-3.9.3-2]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    FilterListBuilder filters(true);
    constexpr int kFilters = 300;
    for (int i = 0; i < kFilters; ++i) {
        filters.add(broker.topic(std::to_string(i)),
                    SubscriptionOptions{.qos = static_cast<QoS>(i % 3)});
    }
    client.send(Subscribe{4711, {}, filters.view()});
    const Suback suback = client.expect<Suback>();
    CHECK(suback.id == 4711);
    REQUIRE(suback.codes.size() == kFilters);
    for (int i = 0; i < kFilters; ++i)
        CHECK(suback.codes[static_cast<std::size_t>(i)] == i % 3);
    client.publish(broker.topic("299"), "x").expect_publish(broker.topic("299"), "x");
}

TEST_CASE("5.0 server: good and bad filters get their codes in order [MQTT-3.9.3-1]" *
          only_own_broker()) {
    BrokerConfig config = loopback();
    config.authorize = [](const AccessRequest& request) { return request.topic != "secret"; };
    SpecBroker broker(std::move(config));
    RawClient client = broker.client("c");
    FilterListBuilder filters(true);
    filters.add("a", SubscriptionOptions{.qos = QoS::at_least_once})
        .add("secret", {})
        .add("b", SubscriptionOptions{.qos = QoS::exactly_once});
    client.send(Subscribe{1, {}, filters.view()});
    const Suback suback = client.expect<Suback>();
    REQUIRE(suback.codes.size() == 3);
    CHECK(suback.codes[0] == 1);
    CHECK(suback.codes[1] == 0x87);
    CHECK(suback.codes[2] == 2);
}

TEST_CASE("5.0 server: the same filter again replaces options and identifier [MQTT-3.8.4-3]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.client("c");
    client.subscribe(topic, SubscriptionOptions{.qos = QoS::exactly_once}, 1);
    client.subscribe(topic, SubscriptionOptions{.qos = QoS::at_most_once}, 2);
    broker.client("p").publish_acked(topic, "x");
    const Publish got = client.expect_publish(topic, "x");
    CHECK(got.qos == QoS::at_most_once);
    CHECK(got.properties.number(PropertyId::subscription_identifier) == 2u);
    client.expect_silence();
}

TEST_CASE("5.0 server: delivery has the lower one of both QoS [MQTT-3.8.4-8] [MQTT-4.3.1-1]") {
    SpecBroker broker;
    RawClient publisher = broker.client("p");
    for (const QoS granted : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
        const std::string topic = broker.topic(std::to_string(static_cast<int>(granted)));
        RawClient client = broker.client("c" + std::to_string(static_cast<int>(granted)));
        client.subscribe(topic, granted);
        publisher.publish(topic, "0");
        publisher.publish_acked(topic, "1");
        publish_qos2(publisher, topic, "2");
        for (const QoS sent : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
            const Publish got = client.expect<Publish>();
            CHECK(got.qos == std::min(sent, granted));
            finish(client, got);
        }
    }
}

TEST_CASE(
    "5.0 server: overlapping subscriptions deliver at their highest QoS with all identifiers "
    "[MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4] [MQTT-3.3.4-5]") {
    SpecBroker broker;
    const std::string topic = broker.topic("a/b");
    RawClient client = broker.client("c");
    client.subscribe(broker.topic("a/#"), SubscriptionOptions{.qos = QoS::exactly_once}, 2);
    client.subscribe(broker.topic("a/+"), SubscriptionOptions{.qos = QoS::at_least_once}, 3);
    client.subscribe(topic, QoS::at_most_once);
    RawClient publisher = broker.client("p");
    publish_qos2(publisher, topic, "x");
    std::vector<std::uint32_t> ids;
    QoS highest = QoS::at_most_once;
    int copies = 0;
    while (ids.size() < 2) {
        const Publish got = client.expect_publish(topic, "x");
        ++copies;
        highest = std::max(highest, got.qos);
        std::size_t of_this_one = 0;
        for (const PropertyView& property : got.properties) {
            if (property.info->id != PropertyId::subscription_identifier) continue;
            ids.push_back(property.number);
            ++of_this_one;
        }
        if (copies > 1) CHECK(of_this_one <= 1);
        finish(client, got);
    }
    std::sort(ids.begin(), ids.end());
    CHECK(ids == std::vector<std::uint32_t>{2, 3});
    CHECK(highest == QoS::exactly_once);
    if (!is_foreign()) {
        CHECK(copies == 1);
        client.expect_silence();
    }
}

TEST_CASE(
    "5.0 server: No Local keeps a client's messages from itself, over connections too "
    "[MQTT-3.8.3-3]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.keeping_client("c");
    client.subscribe(topic, SubscriptionOptions{.qos = QoS::at_least_once, .no_local = true});
    client.publish_acked(topic, "own");
    client.expect_silence();
    RawClient other = broker.client("o");
    other.publish_acked(topic, "other's");
    finish(client, client.expect_publish(topic, "other's"));
}
