// Topic names, topic filters, matching.
#include "mqtt/topic.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "support/naive_topic.hpp"

using namespace mqtt;
using mqtt::test::matches_naively;

namespace {

bool is_name(std::string_view name) {
    const Status status = validate_topic_name(name);
    if (!status) CHECK(status.error().code == Errc::topic_name_invalid);
    return status.ok();
}

bool is_filter(std::string_view filter) {
    const Status status = validate_topic_filter(filter);
    if (!status) CHECK(status.error().code == Errc::topic_filter_invalid);
    return status.ok();
}

}  // namespace

TEST_CASE(
    "topic: a name has 1 to 65535 bytes [MQTT-4.7.3-1] [MQTT-4.7.3-3] [MQTT311-4.7.3-1] "
    "[MQTT311-4.7.3-3]") {
    CHECK_FALSE(is_name(""));
    CHECK(is_name("a"));
    CHECK(is_name("/"));
    CHECK(is_name(" "));
    CHECK(is_name(std::string(65535, 'a')));
    CHECK_FALSE(is_name(std::string(65536, 'a')));
    CHECK_FALSE(is_filter(""));
    CHECK(is_filter(std::string(65535, 'a')));
    CHECK_FALSE(is_filter(std::string(65536, 'a')));
}

TEST_CASE("topic: a name has no wildcard wherever it stands [MQTT-3.3.2-2] [MQTT311-3.3.2-2]") {
    for (const std::size_t size :
         {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 12u, 15u, 16u, 17u, 23u, 24u, 25u, 40u}) {
        for (std::size_t at = 0; at < size; ++at) {
            for (const char bad : {'+', '#', '\0', '\x80', '\xFF'}) {
                std::string name(size, 'a');
                CHECK(is_name(name));
                name[at] = bad;
                CHECK_FALSE(is_name(name));
            }
            for (const char good :
                 {'*', ',', '"', '$', '\x01', '\x7F', ' ', '/', '3', ';', 'c', 'k'}) {
                std::string name(size, 'a');
                name[at] = good;
                CHECK(is_name(name));
            }
        }
    }
    CHECK_FALSE(is_name("楼/+/温度"));
    CHECK(is_name("楼/三层/温度"));
}

TEST_CASE("topic: # stands alone in its level and last [MQTT-4.7.1-1] [MQTT311-4.7.1-2]") {
    for (const auto* good : {"#", "/#", "a/#", "+/#", "a//#"})
        CHECK(is_filter(good));
    for (const auto* bad : {"a#", "#/a", "a/#/b", "a/b#", "##", "#+", "a/#b"}) {
        CHECK_FALSE(is_filter(bad));
    }
}

TEST_CASE("topic: + fills a whole level [MQTT-4.7.1-2] [MQTT311-4.7.1-3]") {
    for (const auto* good : {"+", "+/+", "/+", "+/", "a/+/b", "+//+"})
        CHECK(is_filter(good));
    for (const auto* bad : {"a+", "+a", "a/+b", "a/b+/c", "++"})
        CHECK_FALSE(is_filter(bad));
}

TEST_CASE("topic: a shared filter names a group and a filter [MQTT-4.8.2-1] [MQTT-4.8.2-2]") {
    for (const auto* good : {"$share/g/a", "$share/g/#", "$share/g//", "$share/组/+/a", "$share",
                             "$shared/x", "$share/g/$SYS/#"}) {
        CHECK(is_filter(good));
    }
    for (const auto* bad : {"$share/", "$share//x", "$share/g", "$share/g/", "$share/a+b/t",
                            "$share/#/t", "$share/+/t", "$share/g/a#", "$share//"}) {
        CHECK_FALSE(is_filter(bad));
    }
    const auto shared = parse_shared_filter("$share/group/a/+/b");
    REQUIRE(shared);
    CHECK(shared->share_name == "group");
    CHECK(shared->filter == "a/+/b");
    CHECK_FALSE(parse_shared_filter("$share"));
    CHECK_FALSE(parse_shared_filter("a/$share/b/c"));
}

TEST_CASE("topic: U+FEFF is an ordinary character [MQTT-1.5.4-3] [MQTT311-1.5.3-3]") {
    CHECK(
        is_name("\xEF\xBB\xBF"
                "a"));
    CHECK(is_filter("\xEF\xBB\xBF"));
    CHECK_FALSE(topic_matches("a",
                              "\xEF\xBB\xBF"
                              "a"));
    CHECK(
        topic_matches("\xEF\xBB\xBF"
                      "a",
                      "\xEF\xBB\xBF"
                      "a"));
}

TEST_CASE("topic: a leading wildcard does not match $ [MQTT-4.7.2-1] [MQTT311-4.7.2-1]") {
    CHECK_FALSE(topic_matches("#", "$SYS/a"));
    CHECK_FALSE(topic_matches("+/monitor/Clients", "$SYS/monitor/Clients"));
    CHECK_FALSE(topic_matches("+/#", "$SYS"));
    CHECK(topic_matches("$SYS/#", "$SYS/a"));
    CHECK(topic_matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
    CHECK(topic_matches("a/+", "a/$SYS"));
}

TEST_CASE("topic: the examples of the standard match [MQTT-4.7.3-4] [MQTT311-4.7.3-4]") {
    for (const auto* name : {"sport/tennis/player1", "sport/tennis/player1/ranking",
                             "sport/tennis/player1/score/wimbledon"}) {
        CHECK(topic_matches("sport/tennis/player1/#", name));
        CHECK(topic_matches("sport/#", name));
    }
    CHECK(topic_matches("sport/#", "sport"));
    CHECK_FALSE(topic_matches("sport/+", "sport"));
    CHECK(topic_matches("sport/+", "sport/"));
    CHECK(topic_matches("+/+", "/finance"));
    CHECK(topic_matches("/+", "/finance"));
    CHECK_FALSE(topic_matches("+", "/finance"));
    CHECK_FALSE(topic_matches("ACCOUNTS", "Accounts"));
    CHECK_FALSE(topic_matches("a/b", "a//b"));
    CHECK_FALSE(topic_matches("caf\xC3\xA9", "cafe\xCC\x81"));  // composed or not
}

TEST_CASE("topic: matching equals the level-by-level definition for random topics") {
    std::mt19937 random(4711);
    constexpr std::string_view kLevels[] = {"a", "b", "ab", "", "$x", "+", "#"};
    const auto topic = [&](std::size_t choices) {
        std::string text;
        const std::size_t levels = 1 + random() % 5;
        for (std::size_t i = 0; i < levels; ++i) {
            if (i > 0) text += '/';
            text += kLevels[random() % choices];
        }
        return text;
    };
    int compared = 0;
    int matched = 0;
    while (compared < 100'000) {
        const std::string name = topic(5);
        const std::string filter = topic(7);
        if (!validate_topic_name(name) || !validate_topic_filter(filter)) continue;
        const bool expected = matches_naively(filter, name);
        if (topic_matches(filter, name) != expected) FAIL_CHECK(filter << " and " << name);
        matched += expected;
        ++compared;
    }
    CHECK(matched > 5'000);
}

TEST_CASE("topic: matching a filter of 32,768 levels needs no stack") {
    std::string filter;
    std::string name;
    for (int i = 0; i < 32'767; ++i) {
        filter += "+/";
        name += "/";
    }
    CHECK(topic_matches(filter, name));
    CHECK(topic_levels(name) == 32'768);
}
