// What mqtt-sub --json prints, mqtt-pub --json-lines reads: nothing is lost on the way.
#include "common/message_json.hpp"

#include <doctest/doctest.h>

#include "common/json.hpp"

using namespace tools;
using mqtt::PropertyId;

namespace {

std::string problem_of(std::string_view line) {
    std::string problem;
    return parse_message_json(line, problem) ? "none" : problem;
}

}  // namespace

TEST_CASE("message json: topic, QoS, retain, properties and binary payload round-trip") {
    for (const std::string& payload :
         {std::string("plain"), std::string(), std::string("a\0b", 3),
          std::string("\xff\x00\x01", 3), std::string("楼/温度 \" \\ \n \x01")}) {
        mqtt::PropertyList properties;
        properties.add(PropertyId::payload_format_indicator, 0)
            .add(PropertyId::message_expiry_interval, 4'294'967'295)
            .add(PropertyId::content_type, "a\"b")
            .add(PropertyId::response_topic, "r/ä")
            .add(PropertyId::correlation_data, std::string_view("\0\xfe", 2))
            .add_user("k", "1")
            .add_user("k", "2")
            .add_user("", "");
        const mqtt::Publish message{.qos = mqtt::QoS::exactly_once,
                                    .retain = true,
                                    .id = 3,
                                    .topic = "a/温度/b",
                                    .properties = properties.view(),
                                    .payload = mqtt::as_bytes(payload)};
        std::string line;
        append_message_json(line, message, JsonPayload::text, MessageClock());
        REQUIRE(is_json(line));
        std::string problem;
        const auto back = parse_message_json(line, problem);
        REQUIRE_MESSAGE(back.has_value(), problem);
        CHECK(back->topic == "a/温度/b");
        CHECK(back->qos == mqtt::QoS::exactly_once);
        CHECK(back->retain == true);
        CHECK(back->payload == payload);
        const mqtt::Bytes was = properties.view().raw();
        const mqtt::Bytes is = back->properties.view().raw();
        CHECK(std::equal(was.begin(), was.end(), is.begin(), is.end()));
    }
}

TEST_CASE("message json: any JSON value is a payload, what the line lacks stays open") {
    std::string problem;
    CHECK(parse_message_json(R"({"payload":{"t": 1.0}})", problem)->payload == R"({"t":1.0})");
    CHECK(parse_message_json(R"({"payload":20.5})", problem)->payload == "20.5");
    CHECK(parse_message_json(R"({"payload":true,"x":1})", problem)->payload == "true");
    const auto empty = parse_message_json("{}", problem);
    CHECK_FALSE(empty->topic.has_value());
    CHECK_FALSE(empty->qos.has_value());
    CHECK_FALSE(empty->retain.has_value());
    CHECK(parse_message_json(R"({"retain":1,"properties":{"user-properties":{"a":"b"}}})", problem)
              ->retain == true);
    CHECK(parse_message_json(R"({"payload_b64":"/w==","payload":"x"})", problem)->payload ==
          "\xff");
}

TEST_CASE("message json: what is wrong is named") {
    CHECK(problem_of("text") == "not a JSON object");
    CHECK(problem_of("{\"topic\":1}") == "\"topic\" needs a string");
    CHECK(problem_of("{\"qos\":3}") == "\"qos\" needs 0, 1 or 2");
    CHECK(problem_of("{\"retain\":\"yes\"}") == "\"retain\" needs true or false");
    CHECK(problem_of("{\"payload_b64\":\"*\"}") == "\"payload_b64\" needs a base64 string");
    CHECK(problem_of("{\"properties\":[]}") == "\"properties\" needs an object");
    CHECK(problem_of("{\"properties\":{\"receive-maximum\":1}}").find("receive-maximum") !=
          std::string::npos);
}
