// The expression language over messages; over figures it is tested with --assert (bench_expression_test).
#include "common/expression.hpp"

#include <doctest/doctest.h>

#include "common/flags.hpp"
#include "common/message_fields.hpp"

using namespace tools;
using Outcome = Expression::Outcome;

namespace {

struct SampleMessage {
    std::string topic = "home/kitchen/sensor";
    std::string payload = R"({"temp": 21.5, "on": true, "off": false, "name": "a\"b", "none": null,
        "list": [1, "two", {"x y": 3}], "big": 12345678901234567890, "text": "7", "empty": ""})";
    mqtt::PropertyList properties;
    bool retain = false;

    SampleMessage() {
        properties.add(mqtt::PropertyId::content_type, "text/plain")
            .add(mqtt::PropertyId::message_expiry_interval, 60)
            .add_user("unit", "C")
            .add_user("unit", "F");
    }
    Outcome ask(std::string_view text) const {
        const Expression expression = parse_message_expression("--where", text);
        const mqtt::Publish publish{.qos = mqtt::QoS::at_least_once,
                                    .retain = retain,
                                    .id = 1,
                                    .topic = topic,
                                    .properties = properties.view(),
                                    .payload = mqtt::as_bytes(payload)};
        MessageFields fields;
        fields.set(publish);
        return expression.evaluate(fields);
    }
};

std::string error_of(std::string_view text) {
    try {
        parse_message_expression("--where", text);
        return "none";
    } catch (const UsageError& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("where: conditions that hold") {
    const SampleMessage message;
    for (const char* text : {"payload.temp > 20 && topic ~ \"/kitchen/\"",
                             "payload.temp==21.5",
                             "payload.temp - 1.5 == 20",
                             "-payload.temp < -21",
                             "payload.list[0] == 1",
                             "payload.list[1] == 'two'",
                             "payload.list[-1][\"x y\"] == 3",
                             "payload.on",
                             "payload.on == true",
                             "!payload.off",
                             "!payload.empty",
                             "payload.name == \"a\\\"b\"",
                             "payload.none == null",
                             "payload.missing == null",
                             "payload.temp != null",
                             "payload.text == 7",
                             "payload.text < 10",
                             "payload.big ~ /^1234567890/",
                             "payload.list ~ 'two'",
                             "topic[0] == 'home'",
                             "topic[-1] == 'sensor'",
                             "topic[9] == null",
                             "topic !~ /bath/",
                             "topic ~ /^home\\/k/",
                             "topic >= 'home'",
                             "qos == 1 && !retain && !dup",
                             "payloadlen > 100",
                             "properties.content_type == 'text/plain'",
                             "properties[\"content-type\"] ~ /(?i)TEXT/",
                             "properties.message_expiry_interval <= 60",
                             "user.unit == 'C'",
                             "user.other == null",
                             "payload.x > 1 || qos == 1",
                             "!(payload.temp < 20 || qos == 2)",
                             "(payload.temp > 100 || qos > 0) && topic ~ 'sensor'",
                             "payload.name != 5"}) {
        CHECK_MESSAGE(message.ask(text) == Outcome::pass, std::string(text));
    }
}

TEST_CASE("where: what a message lacks is neither true nor false") {
    const SampleMessage message;
    for (const char* text :
         {"payload.x > 1", "!(payload.x > 1)", "payload.x != 5", "payload.x", "!payload.x",
          "payload.temp.deeper == 1", "payload.list.x == 1", "payload.x ~ /./", "user.x == 'y'",
          "payload.x > 1 && qos == 1", "payload.name < 5", "payload.none + 1 == 1"}) {
        CHECK_MESSAGE(message.ask(text) == Outcome::unknown, std::string(text));
    }
    CHECK(message.ask("payload.x > 1 && qos == 2") == Outcome::fail);
    CHECK(message.ask("payload.temp == 'warm'") == Outcome::fail);
}

TEST_CASE("where: a payload that is no JSON is text and perhaps a number") {
    SampleMessage message;
    message.payload = " 22.5\n";
    CHECK(message.ask("payload > 20") == Outcome::pass);
    CHECK(message.ask("payload.temp > 20") == Outcome::unknown);
    message.payload = "true";
    CHECK(message.ask("payload == true") == Outcome::pass);
    message.payload = "warm";
    CHECK(message.ask("payload == 'warm'") == Outcome::pass);
    CHECK(message.ask("payload > 20") == Outcome::unknown);
    CHECK(message.ask("payload != 20") == Outcome::pass);
    message.payload = "";
    CHECK(message.ask("payload") == Outcome::fail);
    message.payload = R"({"a":)";
    CHECK(message.ask("payload.a == 1") == Outcome::unknown);
    message.payload = std::string(100'000, '[');
    CHECK(message.ask("payload[0][0] == 1") == Outcome::unknown);
}

TEST_CASE("where: errors name option, field and column") {
    CHECK(error_of("payload.temp > ") ==
          "option '--where': 'payload.temp > ': expected a field or a value at column 16");
    CHECK(error_of("qos == 1 && toppic ~ 'x'").find("no field is called toppic") !=
          std::string::npos);
    CHECK(error_of("qos == 1 && toppic ~ 'x'").find("at column 13") != std::string::npos);
    CHECK(error_of("properties.will_delay_interval > 1").find("is no property of a message") !=
          std::string::npos);
    CHECK(error_of("topic.x == 1").find("topic has levels only") != std::string::npos);
    CHECK(error_of("topic = 'x'").find("equality is ==") != std::string::npos);
    CHECK(error_of("topic ~ 'a(b'").find("expected ')'") != std::string::npos);
    CHECK(error_of("topic ~ x").find("expected a pattern") != std::string::npos);
    CHECK(error_of("topic == 'x").find("the text has no end at column 10") != std::string::npos);
    CHECK(error_of("payload > 5ms").find("plain number") != std::string::npos);
    CHECK(error_of("(qos == 1) + 1 == 2").find("a condition is no value") != std::string::npos);
    CHECK(error_of("payload.list[x] == 2").find("expected a number") != std::string::npos);
    CHECK(error_of("5 && qos == 1").find("expected a comparison") != std::string::npos);
    CHECK(error_of(std::string(500, '(')).find("nested too deeply") != std::string::npos);
    CHECK(error_of(std::string(500, '!') + "qos").find("nested too deeply") != std::string::npos);
    CHECK(error_of("qos == " + std::string(500, '-') + "1").find("nested too deeply") !=
          std::string::npos);
}

TEST_CASE("assert: conditions combine, and the side that failed is told") {
    const MetricLookup lookup = [](std::string_view name) -> std::optional<MetricValue> {
        if (name == "loss") return MetricValue{3, false};
        if (name == "e2e.p99") return MetricValue{2e6, true};
        return std::nullopt;
    };
    const auto verdict = Expression::parse("e2e.p99 < 5ms && loss == 0").evaluate(lookup);
    CHECK(verdict.outcome == Outcome::fail);
    CHECK(verdict.left == MetricValue{3, false});
    CHECK(Expression::parse("e2e.p99 > 5ms || loss == 3").evaluate(lookup).outcome ==
          Outcome::pass);
    CHECK(Expression::parse("ack.p99 > 5ms || loss == 3").evaluate(lookup).why.empty());
    CHECK(Expression::parse("-e2e.p99 < -1ms").evaluate(lookup).outcome == Outcome::pass);
    CHECK(Expression::parse("!(loss == 3)").evaluate(lookup).outcome == Outcome::fail);
}
