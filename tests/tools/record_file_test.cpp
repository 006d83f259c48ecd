// Recordings: what --record writes comes back with its times; other NDJSON is understood, too.
#include "common/record_file.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "common/app.hpp"

using namespace tools;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

// A file that is gone at the end of the test.
class TemporaryFile {
public:
    explicit TemporaryFile(std::string_view content) {
        const int descriptor = ::mkstemp(path_);
        REQUIRE(descriptor >= 0);
        REQUIRE(::write(descriptor, content.data(), content.size()) ==
                static_cast<ssize_t>(content.size()));
        ::close(descriptor);
    }
    ~TemporaryFile() { std::remove(path_); }
    std::string path() const { return path_; }

private:
    char path_[40] = "/tmp/mqtt-record-test.XXXXXX";
};

std::vector<RecordedMessage> read_all(std::string_view content) {
    const TemporaryFile file(content);
    RecordReader reader(file.path());
    std::vector<RecordedMessage> messages;
    while (auto message = reader.next())
        messages.push_back(std::move(*message));
    return messages;
}

std::string error_of(std::string_view content) {
    try {
        read_all(content);
        return "none";
    } catch (const ToolError& error) {
        return error.what();
    }
}

std::vector<nanoseconds> times_of(std::string_view content) {
    std::vector<nanoseconds> times;
    for (const RecordedMessage& message : read_all(content))
        times.push_back(message.at);
    return times;
}

}  // namespace

TEST_CASE("record: times, QoS, retain, properties and binary payloads come back") {
    mqtt::PropertyList properties;
    properties.add(mqtt::PropertyId::content_type, "c").add_user("k", "v");
    const std::string payload("\0\xff", 2);
    const mqtt::Publish message{.qos = mqtt::QoS::at_least_once,
                                .retain = true,
                                .id = 3,
                                .topic = "a/b",
                                .properties = properties.view(),
                                .payload = mqtt::as_bytes(payload)};
    MessageClock clock;
    clock.set({1'700'000'000, 5'000'000});
    std::string line;
    append_record_line(line, message, 1'234'567'890ns, clock);
    CHECK(line.starts_with(R"({"at":1.234567,"tst":")"));
    const auto back = read_all(line);
    REQUIRE(back.size() == 1);
    CHECK(back[0].at == 1'234'567us);
    CHECK(back[0].tst == 1'700'000'000'005ms);
    CHECK(back[0].topic == "a/b");
    CHECK(back[0].qos == mqtt::QoS::at_least_once);
    CHECK(back[0].retain);
    CHECK(back[0].payload == payload);
    CHECK(back[0].properties.view().text(mqtt::PropertyId::content_type) == "c");
}

TEST_CASE("record: time goes on where 'at' goes back, and counts by 'tst' where there is none") {
    using Times = std::vector<nanoseconds>;
    CHECK(times_of("{\"at\":1,\"topic\":\"a\"}\n\n{\"at\":3.5,\"topic\":\"a\"}\n"
                   "{\"at\":0.5,\"topic\":\"a\"}\n{\"at\":2,\"topic\":\"a\"}") ==
          Times{1s, 3500ms, 3500ms, 5s});
    CHECK(times_of("{\"tst\":\"2024-05-06T21:48:00.5+0200\",\"topic\":\"a\"}\n"
                   "{\"tst\":\"2024-05-06T19:48:02Z\",\"topic\":\"a\"}\n{\"topic\":\"a\"}") ==
          Times{0s, 1500ms, 1500ms});
    CHECK(times_of("").empty());
}

TEST_CASE("record: errors name the file and the line") {
    CHECK(error_of("{\"topic\":\"a\"}\nno json\n").find(", line 2: not a JSON object") !=
          std::string::npos);
    CHECK(error_of("{\"payload\":\"a\"}").find(", line 1: no topic") != std::string::npos);
    CHECK(error_of("{\"topic\":\"a/#\"}").find("'a/#' is no valid topic") != std::string::npos);
    CHECK(error_of("{\"topic\":\"a\",\"at\":\"x\"}").find("\"at\" needs seconds") !=
          std::string::npos);
    CHECK_THROWS_AS(RecordReader("/nonexistent/file"), ToolError);
}

TEST_CASE("record: a file is read again from its start, a pipe is not") {
    const TemporaryFile file("{\"at\":2,\"topic\":\"a\"}\n{\"at\":1,\"topic\":\"b\"}\n");
    RecordReader reader(file.path());
    while (reader.next()) {
    }
    REQUIRE(reader.rewind());
    const auto first = reader.next();
    REQUIRE(first);
    CHECK(first->topic == "a");
    CHECK(first->at == 2s);
    CHECK(reader.line() == 1);
}

TEST_CASE("time: ISO 8601 as --json and people write it") {
    CHECK(parse_iso_time("1970-01-01T00:00:01Z") == 1s);
    CHECK(parse_iso_time("1970-01-01T02:00:00.000001+02:00") == 1us);
    CHECK(parse_iso_time("1970-01-01T00:00:00-0130") == 5400s);
    CHECK(!parse_iso_time("3024-01-01T00:00:00Z"));  // beyond 64 bits of nanoseconds
    CHECK_FALSE(parse_iso_time("1970-01-01"));
    CHECK_FALSE(parse_iso_time("1970-01-01T00:00:00Q"));
    CHECK_FALSE(parse_iso_time(""));
    CHECK_FALSE(parse_iso_time("2026-13-01T00:00:00Z"));
    CHECK_FALSE(parse_iso_time("2026-12-01T24:00:00Z"));
}
