// -F, escape by escape, as the command-line cases 46 to 59 want it.
#include "common/format.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "common/flags.hpp"
#include "common/json.hpp"
#include "common/message_output.hpp"

using namespace tools;
using mqtt::PropertyId;

namespace {

struct Message {
    std::string topic = "02/sub/format/test";
    std::string payload = "message";
    mqtt::PropertyList properties;
    mqtt::QoS qos = mqtt::QoS::at_most_once;
    bool retain = false;

    mqtt::Publish view() const {
        return {.qos = qos,
                .retain = retain,
                .id = static_cast<mqtt::PacketId>(qos == mqtt::QoS::at_most_once ? 0 : 7),
                .topic = topic,
                .properties = properties.view(),
                .payload = mqtt::as_bytes(payload)};
    }
};

MessageClock noon() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    MessageClock clock;
    clock.set({.tv_sec = 1'700'000'000, .tv_nsec = 123'456'789});  // 2023-11-14T22:13:20Z
    return clock;
}

std::string print(std::string_view format, const Message& message = {}, bool pretty = false) {
    std::string out;
    Format(format, pretty).append(out, message.view(), noon());
    return out;
}

std::string print_payload(std::string_view format, std::string payload) {
    Message message;
    message.payload = std::move(payload);
    return print(format, message);
}

}  // namespace

TEST_CASE("format: lengths are padded by width and zeros (case 46)") {
    CHECK(print("%%") == "%");
    CHECK(print("%l") == "7");
    CHECK(print("%02l") == "07");
    CHECK(print("%2l") == " 7");
    CHECK(print("%-2l") == "7 ");
}

TEST_CASE("format: the width of a payload pads and cuts (case 47)") {
    CHECK(print("%p") == "message");
    CHECK(print("%-12p|") == "message     |");
    CHECK(print("%12p") == "     message");
    CHECK(print_payload("%3p", "hello") == "hel");
    CHECK(print_payload("%08p", "hello") == "000hello");
    CHECK(print_payload("%.2p", "hello") == "hello");
    CHECK(print_payload("%p", std::string("a\0b", 3)) == std::string("a\0b", 3));
}

TEST_CASE("format: topics are padded and cut as printf does (case 48)") {
    CHECK(print("%t") == "02/sub/format/test");
    CHECK(print("%20t") == "  02/sub/format/test");
    CHECK(print("%-20t|") == "02/sub/format/test  |");
    CHECK(print("%10.10t") == "02/sub/for");
    CHECK(print("%20.10t") == "          02/sub/for");
    CHECK(print("%-20.10t|") == "02/sub/for          |");
    CHECK(print("%.20t") == "02/sub/format/test");
}

TEST_CASE("format: hexadecimal, in groups and padded (case 49)") {
    CHECK(print("%x") == "6d657373616765");
    CHECK(print("%X") == "6D657373616765");
    CHECK(print("%.2x") == "6d 65 73 73 61 67 65");
    CHECK(print("%.2:x") == "6d:65:73:73:61:67:65");
    CHECK(print("%.1x") == "6 d 6 5 7 3 7 3 6 1 6 7 6 5");
    CHECK(print("%.4:x") == "6d65:7373:6167:65");
    CHECK(print("%18x") == "    6d657373616765");
    CHECK(print("%-18x|") == "6d657373616765    |");
    CHECK(print("%018x") == "00006d657373616765");
    CHECK(print("%3x") == "6d6573");
}

TEST_CASE("format: QoS, retain flag and packet identifier (case 50)") {
    CHECK(print("%q %r %m") == "0 0 0");
    Message message;
    message.qos = mqtt::QoS::at_least_once;
    message.retain = true;
    CHECK(print("%q %r %m", message) == "1 1 7");
}

TEST_CASE("format: properties, and nothing or blanks where they lack (case 51)") {
    Message message;
    message.properties.add(PropertyId::payload_format_indicator, 1)
        .add(PropertyId::message_expiry_interval, 360)
        .add(PropertyId::content_type, "text/plain")
        .add(PropertyId::response_topic, "r/t")
        .add(PropertyId::correlation_data, std::string_view("\0x", 2))
        .add_user("k", "v")
        .add_user("k", "w")
        .add(PropertyId::subscription_identifier, 99);
    CHECK(print("%C %E %F %P %R %S", message) == "text/plain 360 1 k:v k:w r/t 99");
    CHECK(print("%D", message) == std::string("\0x", 2));
    CHECK(print("%C%E%F%P%R%S%A%D").empty());
    CHECK(print("%2C|%3S|%2E|%2F|%2R|") == "  |   |  |  ||");
}

TEST_CASE("format: floats and doubles in the machine's order (case 52)") {
    CHECK(print_payload("%.3d", "\x58\x39\xB4\xC8\x76\xBE\x05\x40") == "2.718");
    CHECK(print_payload("%.3f", "\xF4\xFD\x34\x3F") == "0.707");
    CHECK(print_payload("%8.3f|", "\xF4\xFD\x34\x3F") == "   0.707|");
    CHECK(print_payload("%08.3f", "\xF4\xFD\x34\xBF") == "-000.707");
    std::string out;
    const Message message;
    CHECK_FALSE(Format("%f", false).append(out, message.view(), noon()).empty());
    CHECK(out.empty());
}

TEST_CASE("format: escapes and times (case 53)") {
    CHECK(print(R"(\\ \a\n\r\t\v\e\0 @@ plain)") == std::string("\\ \a\n\r\t\v\x1b\0 @ plain", 17));
    CHECK(print("@Y-@m-@d @N") == "2023-11-14 123456789");
    CHECK(print("<@L>@L>") ==
          "<%L>%L>");  // which strftime does not know: the L is not that of literals
    CHECK(print("%I") == "2023-11-14T22:13:20+0000");
    CHECK(print("%U") == "1700000000.123456789");
}

TEST_CASE("format: what is no format is refused (case 54)") {
    for (const char* bad :
         {"%", "%0", "%-", "%1", "%.", "%.1", "%Z", "@", "\\", "\\Z", "ok %", "%.1:"}) {
        CAPTURE(bad);
        CHECK_THROWS_WITH_AS(Format(bad, false), doctest::Contains("'-F'"), UsageError);
    }
}

TEST_CASE("format: a separator is one when a letter follows, else it is the letter that is wrong") {
    CHECK(print("%.2-x").starts_with("6d-65"));
    CHECK(print("%.2 x").starts_with("6d 65"));
    CHECK(print("%5-l") == "    7");
    CHECK(print("%:%") == "%");
    for (const char* bad : {"%>", "%0>", "%->", "%5>", "%.5>", "%>Z", "%>5t", "%>>t"}) {
        CAPTURE(bad);
        CHECK_THROWS_WITH_AS(Format(bad, false), doctest::Contains("know '%>'"), UsageError);
    }
    CHECK_THROWS_WITH_AS(Format("%--5t", false), doctest::Contains("know '%-'"), UsageError);
    CHECK_THROWS_WITH_AS(Format("%0-5t", false), doctest::Contains("know '%-'"), UsageError);
}

TEST_CASE("format: what is no time conversion is refused under our names only") {
    for (const char* odd : {"@5", "@-", "@ ", "@\\n", "@\xc3\xa9", "ok @Y@5"}) {
        CAPTURE(odd);
        CHECK(checked_format(odd, Persona::mosquitto_sub) == odd);
        CHECK_THROWS_WITH_AS(checked_format(odd, Persona::ours), doctest::Contains("is no time"),
                             UsageError);
    }
    CHECK(checked_format("@Y@%@+", Persona::ours) == "@Y@%@+");
}

TEST_CASE("format: %j is one JSON object with the fields in their order (cases 55, 56)") {
    Message message;
    message.topic = "t";
    message.payload = "a\"b";
    message.qos = mqtt::QoS::at_least_once;
    message.retain = true;
    message.properties.add(PropertyId::payload_format_indicator, 1)
        .add_user("k", "v")
        .add(PropertyId::content_type, "c")
        .add_user("k", "w");
    CHECK(print("%j", message) ==
          R"({"tst":"2023-11-14T22:13:20.123456+0000","topic":"t","qos":1,"retain":true,)"
          R"("payloadlen":3,"mid":7,"properties":{"payload-format-indicator":1,)"
          R"("user-properties":[{"k":"v"},{"k":"w"}],"content-type":"c"},"payload":"a\"b"})");
    message.payload.clear();
    message.properties.clear();
    CHECK(print("%j", message).ends_with(R"("mid":7,"payload":null})"));
}

TEST_CASE("format: %j of bytes that are no text is valid JSON with base64 (case 57)") {
    for (const std::string& bytes : {std::string("a\0b", 3), std::string("\xff\xfe")}) {
        const std::string out = print_payload("%j", bytes);
        CHECK(is_json(out));
        std::string base64;
        append_base64(base64, bytes);
        CHECK(out.ends_with("\"payload_b64\":\"" + base64 + "\"}"));
    }
}

TEST_CASE("format: %J keeps numbers as they stand, and says when it is no JSON (cases 58, 59)") {
    CHECK(print_payload("%J", "[12345678901234567890, 1.0]")
              .ends_with(R"("payload":[12345678901234567890,1.0]})"));
    const std::string out = print_payload("%J", "no json");
    CHECK(is_json(out));
    CHECK(out.ends_with(R"("payload":"no json","payload_error":"not JSON"})"));
    Message message;
    message.payload = "{\"a\":1}";
    CHECK(print("%J", message, true).ends_with("\t\"payload\":\t{\n\t\t\"a\":\t1\n\t}\n}"));
}

TEST_CASE(
    "format: double-width text is aligned by columns under our name, by bytes under mosquitto's") {
    Message message;
    message.topic = "温度/東京";  // nine columns in thirteen bytes
    message.payload = "é→温";     // four in eight
    const auto by = [&](Widths widths, std::string_view format) {
        std::string out;
        Format(format, false, false, widths).append(out, message.view(), noon());
        return out;
    };
    CHECK(by(Widths::columns, "[%12t]") == "[   温度/東京]");
    CHECK(by(Widths::columns, "[%-12t]") == "[温度/東京   ]");
    CHECK(by(Widths::columns, "[%-12.6t]") == "[温度/       ]");  // never half a character
    CHECK(by(Widths::columns, "[%-6p|%6p|%06p]") == "[é→温  |  é→温|00é→温]");
    CHECK(by(Widths::columns, "[%3p]") == "[ é→]");
    CHECK(by(Widths::columns, "[%t %p]") == "[温度/東京 é→温]");
    CHECK(by(Widths::columns, "%3x") == "c3a9e2");
    CHECK(by(Widths::bytes, "[%14t]") == "[ 温度/東京]");
    CHECK(by(Widths::bytes, "[%-9p]") == "[é→温 ]");
    CHECK(by(Widths::bytes, "[%2p]") == "[é]");
    message.payload = "a\xff\x80";  // no UTF-8: each byte is a column
    CHECK(by(Widths::columns, "[%-4p]") == "[a\xff\x80 ]");
    CHECK(by(Widths::columns, "[%2p]") == "[a\xff]");
    message.payload = "e\u0301";  // a combining mark takes none
    CHECK(by(Widths::columns, "[%-2p]") == "[e\u0301 ]");
}
