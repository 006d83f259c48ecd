// What mqtt-sub takes of what it receives, and filters with options of their own.
#include <doctest/doctest.h>

#include "common/cli.hpp"
#include "common/message_id.hpp"
#include "mqtt-sub/options.hpp"

namespace mqtt_sub {
using namespace std::chrono_literals;

namespace {

Options parse(std::vector<std::string> words) {
    tools::Invocation invocation{.persona = tools::Persona::ours, .name = "mqtt-sub"};
    invocation.uses = tools::parse_words(words, tool_info().flags, invocation.persona);
    return parse_options(invocation);
}

std::string error_of(std::vector<std::string> words) {
    try {
        parse(std::move(words));
        return "accepted";
    } catch (const tools::UsageError& error) {
        return error.what();
    }
}

// Feeds messages at times of the test's making.
class Feed {
public:
    explicit Feed(std::vector<std::string> words) : selection_(parse(std::move(words)).selection) {}
    bool wants(std::string_view topic, std::string_view payload, std::chrono::milliseconds at = 0ms,
               mqtt::Properties properties = {}) {
        const mqtt::Publish message{
            .topic = topic, .properties = properties, .payload = mqtt::as_bytes(payload)};
        return selection_.wants(message, Selection::Clock::time_point(1h + at));
    }

private:
    Selection selection_;
};

}  // namespace

TEST_CASE("select: every --where must hold, one --grep must match") {
    Feed where({"-t", "#", "--where", "payload > 20", "--where", "topic ~ /kitchen/"});
    CHECK(where.wants("a/kitchen", "21"));
    CHECK_FALSE(where.wants("a/kitchen", "19"));
    CHECK_FALSE(where.wants("a/bath", "21"));
    Feed grep({"-t", "#", "--grep", "^on", "--grep", "(?i)alarm$"});
    CHECK(grep.wants("a", "on!"));
    CHECK(grep.wants("a", "the ALARM"));
    CHECK_FALSE(grep.wants("on", "off"));
}

TEST_CASE("select: --on-change compares with the last payload of the same topic") {
    Feed feed({"-t", "#", "--on-change"});
    CHECK(feed.wants("a", "1"));
    CHECK_FALSE(feed.wants("a", "1"));
    CHECK(feed.wants("b", "1"));
    CHECK(feed.wants("a", "2"));
    CHECK(feed.wants("a", "1"));
    CHECK(feed.wants("c", ""));
    CHECK_FALSE(feed.wants("c", ""));
}

TEST_CASE("select: --throttle takes the first message of a topic in its time") {
    Feed feed({"-t", "#", "--throttle", "1s"});
    CHECK(feed.wants("a", "1", 0ms));
    CHECK_FALSE(feed.wants("a", "2", 999ms));
    CHECK(feed.wants("b", "3", 999ms));
    CHECK(feed.wants("a", "4", 1000ms));
    CHECK_FALSE(feed.wants("a", "5", 1500ms));
}

TEST_CASE("select: --dedupe knows messages again by id or by content") {
    Feed by_id({"-t", "#", "--dedupe", "id"});
    mqtt::PropertyList one, two;
    one.add_user("message-id", "1");
    two.add_user("x", "y").add_user("message-id", "2");
    CHECK(by_id.wants("a", "x", 0ms, one.view()));
    CHECK_FALSE(by_id.wants("b", "y", 0ms, one.view()));
    CHECK(by_id.wants("a", "x", 0ms, two.view()));
    CHECK(by_id.wants("a", "x"));
    CHECK(by_id.wants("a", "x"));
    Feed by_payload({"-t", "#", "--dedupe"});
    CHECK(by_payload.wants("a", "x"));
    CHECK(by_payload.wants("b", "x"));
    CHECK_FALSE(by_payload.wants("a", "x"));
}

TEST_CASE("select: what is remembered is bounded, and the last half of it is kept") {
    RecentSet set(10);
    RecentTopics<int> topics(10);
    for (int i = 0; i <= 10; ++i) {
        CHECK(set.add(static_cast<std::uint64_t>(i)));
        topics["t" + std::to_string(i)] = i + 1;
    }
    CHECK_FALSE(set.add(10));
    CHECK_FALSE(set.add(6));
    CHECK(set.add(2));
    CHECK(topics["t10"] == 11);
    CHECK(topics["t6"] == 7);
    CHECK(topics["t2"] == 0);
}

TEST_CASE("select: --subscribe gives a filter its own QoS and options") {
    const Options options = parse({"-t", "a", "--subscribe", "qos=2,no-local:b:c/#", "-t", "d",
                                   "--subscribe", "retain-handling=new:e", "-q", "1"});
    REQUIRE(options.filters == std::vector<std::string>{"a", "b:c/#", "d", "e"});
    CHECK(subscription_options(options, 0).qos == mqtt::QoS::at_least_once);
    CHECK(subscription_options(options, 1).qos == mqtt::QoS::exactly_once);
    CHECK(subscription_options(options, 1).no_local);
    CHECK_FALSE(subscription_options(options, 2).no_local);
    CHECK(subscription_options(options, 3).retain_handling == mqtt::RetainHandling::if_new);
    CHECK(subscription_options(options, 3).qos == mqtt::QoS::at_least_once);
    CHECK(error_of({"--subscribe", "qos=2"}).find("a colon") != std::string::npos);
    CHECK(error_of({"--subscribe", "qos=3:a"}).find("0 to 2") != std::string::npos);
    CHECK(error_of({"--subscribe", "quick:a"}).find("'quick' is none of") != std::string::npos);
    CHECK(error_of({"--subscribe", "qos=1:a#"}).find("'a#' is not a valid") != std::string::npos);
    CHECK(error_of({"-t", "a", "--grep", "("}).find("option '--grep'") != std::string::npos);
    CHECK(error_of({"-t", "a", "--where", "x"}).find("no field is called x") != std::string::npos);
}

TEST_CASE("message id: a random UUID for messages that have none") {
    tools::MessageIdStamp stamp;
    mqtt::PropertyList properties;
    properties.add_user("k", "v");
    const std::string first(*tools::message_id(stamp.stamped(properties.view())));
    const std::string second(*tools::message_id(stamp.stamped({})));
    CHECK(first != second);
    for (const std::string& id : {first, second}) {
        REQUIRE(id.size() == 36);
        CHECK(id[8] == '-');
        CHECK(id[14] == '4');
        CHECK(std::string_view("89ab").find(id[19]) != std::string_view::npos);
    }
    properties.add_user("message-id", "mine");
    CHECK(tools::message_id(stamp.stamped(properties.view())) == "mine");
}

}  // namespace mqtt_sub
