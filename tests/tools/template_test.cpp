// Templates and the pace of messages.
#include "mqtt-pub/template.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <set>

#include "common/flags.hpp"
#include "mqtt-pub/pacer.hpp"

namespace mqtt_pub {

namespace {

std::string made(std::string_view text, std::uint64_t number = 1) {
    static std::mt19937_64 random(1);
    std::string out;
    Template("-m", text).append(out, number, random);
    return out;
}

}  // namespace

TEST_CASE("template: text stays, numbers count, the environment is read") {
    CHECK(made("plain {x} }}") == "plain {x} }}");
    CHECK(made("") == "");
    CHECK(made("n={{seq}};", 7) == "n=7;");
    CHECK(made("{{ seq 100 }}{{seq 0}}", 3) == "1022");
    ::setenv("TEMPLATE_TEST", "v {{seq}}", 1);
    CHECK(made("a {{env TEMPLATE_TEST}} b") == "a v {{seq}} b");  // a value is no template
    CHECK(Template("-m", "x {{env TEMPLATE_TEST}}").is_constant());
    CHECK(!Template("-m", "x {{seq}}").is_constant());
}

TEST_CASE("template: random numbers stay within their bounds and reach them") {
    std::set<std::string> seen;
    for (int i = 0; i < 400; ++i)
        seen.insert(made("{{rand 1 9}}"));
    CHECK(seen == std::set<std::string>{"1", "2", "3", "4", "5", "6", "7", "8", "9"});
    for (int i = 0; i < 100; ++i) {
        const std::string text = made("{{rand -1 1.25}}");
        const double value = std::stod(text);
        CHECK(value >= -1);
        CHECK(value <= 1.25);
        CHECK(text.size() - text.find('.') == 3);
    }
}

TEST_CASE("template: identifiers are of version 4 and all different; times are of now") {
    const std::string one = made("{{uuid}}");
    CHECK(one.size() == 36);
    CHECK(one[14] == '4');
    CHECK(std::string("89ab").find(one[19]) != std::string::npos);
    CHECK(made("{{uuid}}") != one);
    CHECK(made("{{now}}").size() == 31);
    CHECK(made("{{now ms}}").size() == made("{{now unix}}").size() + 3);
    CHECK(made("{{now ns}}").size() == made("{{now unix}}").size() + 9);
}

TEST_CASE("template: what it does not know is an error that names it") {
    for (const char* bad : {"{{", "{{seq", "{{}}", "{{sequence}}", "{{rand 1}}", "{{rand 9 1}}",
                            "{{now x}}", "{{env}}", "{{env NO_SUCH_VARIABLE_HERE}}", "{{uuid 1}}"})
        CHECK_THROWS_AS(made(bad), tools::UsageError);
}

TEST_CASE("pacer: messages leave on a schedule, lateness is made up for, but not much of it") {
    using namespace std::chrono_literals;
    Pacer pacer(50);
    Pacer::Clock::time_point now{1h};
    CHECK(pacer.wait_at(now) == 0s);
    pacer.sent_at(now);
    CHECK(pacer.wait_at(now) == 20ms);
    now += 50ms;  // late: the second and third are due
    CHECK(pacer.wait_at(now) == 0s);
    pacer.sent_at(now);
    CHECK(pacer.wait_at(now) == 0s);
    pacer.sent_at(now);
    CHECK(pacer.wait_at(now) == 10ms);
    now += 10s;  // much too late: a new schedule
    pacer.sent_at(now);
    CHECK(pacer.wait_at(now) == 20ms);
    CHECK(Pacer(0).wait_at(now) == 0s);
}

}  // namespace mqtt_pub
