// What --until and --expect wait for.
#include "mqtt-sub/expectation.hpp"

#include <doctest/doctest.h>

#include "common/flags.hpp"

namespace mqtt_sub {

namespace {

mqtt::Publish publish(std::string_view topic, std::string_view payload, int qos = 0,
                      bool retain = false, mqtt::Properties properties = {}) {
    mqtt::Publish made;
    made.topic = topic;
    made.payload = mqtt::as_bytes(payload);
    made.qos = static_cast<mqtt::QoS>(qos);
    made.retain = retain;
    made.properties = properties;
    return made;
}

bool meets(std::string_view line, const mqtt::Publish& message) {
    return Expectation::from_lines("f", line).take(message);
}

}  // namespace

TEST_CASE("expectation: nothing is asked for") {
    Expectation none;
    CHECK(!none.is_active());
    CHECK(none.is_met());
    CHECK(!none.take(publish("a", "b")));
    CHECK(none.missing().empty());
}

TEST_CASE("expectation: --until is met by the first message for which it holds") {
    Expectation until = Expectation::until("payload.temp > 20 && topic == 'a'");
    CHECK(!until.take(publish("a", R"({"temp":20})")));
    CHECK(!until.take(publish("b", R"({"temp":30})")));
    CHECK(!until.take(publish("a", "no json")));
    CHECK(until.missing() == "not seen: payload.temp > 20 && topic == 'a'");
    CHECK(until.take(publish("a", R"({"temp":21})")));
    CHECK(until.is_met());
    CHECK(!until.take(publish("a", R"({"temp":21})")));  // once
}

TEST_CASE("expectation: an object asks for the fields that it has, and for no others") {
    CHECK(meets(R"({"topic":"a"})", publish("a", "x", 2, true)));
    CHECK(!meets(R"({"topic":"a"})", publish("a/b", "x")));
    CHECK(meets(R"({"payload":"x"})", publish("a", "x")));
    CHECK(!meets(R"({"payload":"x"})", publish("a", "xy")));
    CHECK(meets(R"({"payload":""})", publish("a", "")));
    CHECK(!meets(R"({"payload":null})", publish("a", "x")));
    CHECK(meets(R"({"payload_b64":"/wA="})", publish("a", std::string_view("\xFF\0", 2))));
    CHECK(!meets(R"({"qos":1})", publish("a", "x", 0)));
    CHECK(!meets(R"({"retain":true})", publish("a", "x")));
    CHECK(meets("{}", publish("a", "x")));

    mqtt::PropertyList properties;
    properties.add(mqtt::PropertyId::content_type, "t");
    properties.add_user("k", "v");
    const mqtt::Publish with = publish("a", "x", 0, false, properties.view());
    CHECK(meets(R"({"properties":{"content-type":"t"}})", with));
    CHECK(!meets(R"({"properties":{"content-type":"u"}})", with));
    CHECK(!meets(R"({"properties":{"content-type":"t"}})", publish("a", "x")));
}

TEST_CASE("expectation: a file is met in its order, with anything in between") {
    const std::string file =
        "# comment\n\n{\"payload\":\"1\"}\r\n  payload == '2'\n{\"payload\":\"3\"}";
    Expectation expected = Expectation::from_lines("f", file);
    CHECK(!expected.take(publish("a", "2")));  // too early
    CHECK(!expected.take(publish("a", "1")));
    CHECK(!expected.take(publish("a", "other")));
    CHECK(!expected.take(publish("a", "3")));  // too early
    CHECK(expected.missing() == "not seen, 2 of 3: payload == '2'");
    CHECK(!expected.take(publish("a", "2")));
    CHECK(expected.take(publish("a", "3")));
}

TEST_CASE("expectation: what does not parse is told with its line") {
    CHECK_THROWS_AS(Expectation::until("payload =="), tools::UsageError);
    CHECK_THROWS_WITH_AS(Expectation::from_lines("f", "{}\n{\"qos\":7}"), doctest::Contains("f:2"),
                         tools::UsageError);
    CHECK_THROWS_WITH_AS(Expectation::from_lines("f", "{}\n\n= 1"), doctest::Contains("f:3"),
                         tools::UsageError);
    CHECK_THROWS_AS(Expectation::from_lines("f", "# nothing\n"), tools::UsageError);
    CHECK_THROWS_AS(Expectation::from_file("/nonexistent/file"), tools::UsageError);
}

}  // namespace mqtt_sub
