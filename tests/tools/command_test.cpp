// Commands that messages are given to: what they get, their exit codes, how many run at once.
#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "mqtt-sub/command/command_pool.hpp"
#include "mqtt-sub/command/line_command.hpp"
#include "mqtt-sub/command/message_environment.hpp"

namespace mqtt_sub {

namespace {

// Runs until `done`, a minute at most.
template <class F>
bool run_until(asio::io_context& context, F done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!done() && std::chrono::steady_clock::now() < deadline)
        context.run_one_for(std::chrono::seconds(1));
    return done();
}

struct Result {
    int status;
    std::string output;
};

}  // namespace

TEST_CASE("commands: input, environment and output pass byte for byte, exit codes are told") {
    asio::io_context context;
    CommandPool pool(context, "printf '%s|' \"$MQTT_A\"; cat; exit $MQTT_CODE", 2, true);
    std::vector<Result> results(3, Result{-2, {}});
    int ended = 0;
    const std::string large(300'000, 'x');  // more than a pipe holds
    const std::vector<std::string> payloads{std::string("a\0b", 3), "", large};
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        pool.run({{"MQTT_A=v " + std::to_string(i), "MQTT_CODE=" + std::to_string(i)}, payloads[i]},
                 [&, i](int status, std::string output) {
                     results[i] = {status, std::move(output)};
                     ++ended;
                 });
    }
    CHECK(pool.running() == 2);
    CHECK(pool.waiting() == 1);
    REQUIRE(run_until(context, [&] { return ended == 3; }));
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        CHECK(results[i].status == static_cast<int>(i));
        CHECK(results[i].output == "v " + std::to_string(i) + "|" + payloads[i]);
    }
    pool.stop();
}

TEST_CASE("commands: one that does not read its input, and one that is killed") {
    std::signal(SIGPIPE, SIG_IGN);  // as the tools do
    asio::io_context context;
    CommandPool pool(context, "kill -9 $$", 1, false);
    int status = -2;
    pool.run({{}, std::string(1'000'000, 'x')},
             [&](int code, const std::string&) { status = code; });
    REQUIRE(run_until(context, [&] { return status != -2; }));
    CHECK(status == 128 + 9);
    pool.run({{}, {}}, [](int, const std::string&) {});
    pool.run({{}, {}}, [](int, const std::string&) { FAIL("was dropped"); });
    pool.drop_waiting();
    REQUIRE(run_until(context, [&] { return pool.running() == 0; }));
    pool.stop();
}

TEST_CASE(
    "commands: a long-lived one answers lines, its last words count, it may be started again") {
    asio::io_context context;
    std::vector<std::string> lines;
    int exits = 0, last_status = -1;
    LineCommand command(context,
                        "while read -r x; do echo \"<$x>\"; [ \"$x\" != end ] || exit 7; done",
                        {[&](std::string_view line) { lines.emplace_back(line); },
                         [&](int status) {
                             ++exits;
                             last_status = status;
                         }});
    command.start();
    command.write("one\n");
    command.write("two\n");
    REQUIRE(run_until(context, [&] { return lines.size() == 2; }));
    command.write("end\n");
    REQUIRE(run_until(context, [&] { return exits == 1; }));
    CHECK(last_status == 7);
    CHECK(!command.is_running());
    CHECK(lines == std::vector<std::string>{"<one>", "<two>", "<end>"});
    command.start();
    command.write("again\n");
    command.close_input();
    REQUIRE(run_until(context, [&] { return exits == 2; }));
    CHECK(lines.back() == "<again>");
    command.stop();
}

TEST_CASE("commands: a message as environment: names are tamed, nothing else is") {
    mqtt::PropertyList properties;
    properties.add(mqtt::PropertyId::content_type, "a=b\nc");
    properties.add(mqtt::PropertyId::correlation_data, std::string_view("\0\xFF", 2));
    properties.add_user("room no.", "4; rm");
    mqtt::Publish message;
    message.topic = "a/$(b)";
    message.qos = mqtt::QoS::at_least_once;
    message.retain = true;
    message.properties = properties.view();
    const Environment environment = message_environment(message);
    const auto has = [&](std::string_view entry) {
        return std::find(environment.begin(), environment.end(), entry) != environment.end();
    };
    CHECK(has("MQTT_TOPIC=a/$(b)"));
    CHECK(has("MQTT_QOS=1"));
    CHECK(has("MQTT_RETAIN=1"));
    CHECK(has("MQTT_DUP=0"));
    CHECK(has("MQTT_CONTENT_TYPE=a=b\nc"));
    CHECK(has("MQTT_CORRELATION_DATA=00ff"));
    CHECK(has("MQTT_USER_ROOM_NO_=4; rm"));
}

}  // namespace mqtt_sub
