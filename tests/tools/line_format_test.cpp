// Lines of -l with topic, payload, QoS and retain flag in them.
#include "mqtt-pub/line_format.hpp"

#include <doctest/doctest.h>

#include "common/flags.hpp"

namespace mqtt_pub {

namespace {

// "topic|payload|qos|retain", or the problem.
std::string parsed(std::string_view format, std::string_view line) {
    LineFormat compiled(format);
    std::string problem;
    const auto result = compiled.parse(line, problem);
    if (!result) return problem;
    return std::string(result->topic.value_or("-")) + "|" + std::string(result->payload) + "|" +
           (result->qos ? std::to_string(static_cast<int>(*result->qos)) : "-") + "|" +
           (result->retain ? std::to_string(*result->retain) : "-");
}

std::string error_of(std::string_view format) {
    try {
        const LineFormat compiled(format);
        return "accepted";
    } catch (const tools::UsageError& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("line format: fields reach to their separators, the last one to the end") {
    CHECK(parsed("%t %p", "a/b c d") == "a/b|c d|-|-");
    CHECK(parsed("%t %p", "a ") == "a||-|-");
    CHECK(parsed("%t\\t%p", "a b\tc") == "a b|c|-|-");
    CHECK(parsed("%p;%t", "x y;a") == "a|x y|-|-");
    CHECK(parsed("%q,%r,%t: %p", "1,0,a/b: c: d") == "a/b|c: d|1|0");
    CHECK(parsed("<%t>%p", "<a>b") == "a|b|-|-");
    CHECK(parsed("%t%%%p", "a%b") == "a|b|-|-");
    CHECK(parsed("%t\\x1f%x",
                 "a\x1f"
                 "0041fF") == std::string("a|\0A\xff|-|-", 9));
    CHECK(parsed("%p", "all of it") == "-|all of it|-|-");
    CHECK(parsed("%p\\0", std::string_view("x\0", 2)) == "-|x|-|-");
}

TEST_CASE("line format: what does not fit is said") {
    CHECK(parsed("%t %p", "nothing") == "no ' ' where --line-format has it");
    CHECK(parsed("<%t>%p", "a>b") == "no '<' where --line-format has it");
    CHECK(parsed("%q %t", "3 a") == "the QoS is not 0, 1 or 2");
    CHECK(parsed("%r %t", "x a") == "the retain flag is not 0 or 1");
    CHECK(parsed("%t %x", "a 123") == "the payload is not hexadecimal");
    CHECK(parsed("%t;", "a;b") == "text behind the end of --line-format");
}

TEST_CASE("line format: bad formats are refused") {
    CHECK(error_of("%t %p") == "accepted");
    CHECK(error_of("%t%p").find("needs a separator") != std::string::npos);
    CHECK(error_of("%t %t").find("a field twice") != std::string::npos);
    CHECK(error_of("%p %x").find("a field twice") != std::string::npos);
    CHECK(error_of("%z").find("unknown field") != std::string::npos);
    CHECK(error_of("%").find("ends with a percent") != std::string::npos);
    CHECK(error_of("\\q%t").find("unknown escape") != std::string::npos);
    CHECK(error_of("text").find("has no field") != std::string::npos);
}

TEST_CASE("line format: delimiters of messages") {
    CHECK(parse_delimiter("--delimiter", ";") == ';');
    CHECK(parse_delimiter("--delimiter", "\\x1e") == '\x1e');
    CHECK(parse_delimiter("--delimiter", "\\0") == '\0');
    CHECK_THROWS_AS(parse_delimiter("--delimiter", "ab"), tools::UsageError);
    CHECK_THROWS_AS(parse_delimiter("--delimiter", ""), tools::UsageError);
}

}  // namespace mqtt_pub
