// Replaying a recording: order, gaps, speed, rounds, ranges and topics, on times of the test's making.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "common/cli.hpp"
#include "mqtt-pub/options.hpp"
#include "mqtt-pub/replay/replay_source.hpp"

namespace mqtt_pub {
using namespace std::chrono_literals;
using Clock = ReplaySource::Clock;
using State = ReplaySource::State;

namespace {

class Recording {
public:
    explicit Recording(std::string_view content) {
        const int descriptor = ::mkstemp(path_);
        REQUIRE(descriptor >= 0);
        REQUIRE(::write(descriptor, content.data(), content.size()) ==
                static_cast<ssize_t>(content.size()));
        ::close(descriptor);
    }
    ~Recording() { std::remove(path_); }
    std::string path() const { return path_; }

private:
    char path_[40] = "/tmp/mqtt-replay-test.XXXXXX";
};

Options parse(std::vector<std::string> words) {
    tools::Invocation invocation{.persona = tools::Persona::ours, .name = "mqtt-pub"};
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

// "topic@ms" of every message, waiting for each on a clock that jumps to where it is due.
std::string played(std::vector<std::string> words, std::string_view content, int at_most = 20) {
    const Recording file(content);
    words.insert(words.end(), {"--replay", file.path()});
    const Options options = parse(words);
    ReplaySource source(options.replay);
    const Clock::time_point start(1h);
    Clock::time_point now = start;
    std::string result;
    while (at_most > 0) {
        switch (source.next(now)) {
        case State::later: now = source.due(); continue;
        case State::ended: return result;
        case State::waiting: return result + "waits";
        case State::invalid: result += "invalid "; break;
        case State::ready: {
            const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - start);
            result += source.message().topic + "@" + std::to_string(ms.count()) + " ";
        }
        }
        source.take();
        --at_most;
    }
    return result;
}

constexpr std::string_view kThree =
    "{\"at\":5,\"topic\":\"a\",\"tst\":\"2026-05-06T10:00:05Z\"}\n"
    "{\"at\":6,\"topic\":\"b/c\",\"tst\":\"2026-05-06T10:00:06Z\"}\n"
    "{\"at\":8.5,\"topic\":\"b\",\"tst\":\"2026-05-06T10:00:08.5Z\"}\n";

}  // namespace

TEST_CASE("replay: gaps are those of the recording, by the speed asked for") {
    CHECK(played({}, kThree) == "a@0 b/c@1000 b@3500 ");
    CHECK(played({"--speed", "2x"}, kThree) == "a@0 b/c@500 b@1750 ");
    CHECK(played({"--speed", "0.5"}, kThree) == "a@0 b/c@2000 b@7000 ");
    CHECK(played({"--speed", "max"}, kThree) == "a@0 b/c@0 b@0 ");
    CHECK(played({}, "").empty());
}

TEST_CASE("replay: a part of the recording, by its own time or by the clock on the wall") {
    CHECK(played({"--from", "5.5s"}, kThree) == "b/c@0 b@2500 ");
    CHECK(played({"--from", "5s", "--to", "8500ms"}, kThree) == "a@0 b/c@1000 ");
    CHECK(played({"--from", "2026-05-06T10:00:06Z"}, kThree) == "b/c@0 b@2500 ");
    CHECK(played({"--to", "2026-05-06T12:00:06+02:00"}, kThree) == "a@0 ");
    CHECK(played({"--from", "1h"}, kThree).empty());
}

TEST_CASE("replay: rounds follow each other; an empty round is the last") {
    CHECK(played({"--repeat", "2"}, kThree) == "a@0 b/c@1000 b@3500 a@3500 b/c@4500 b@7000 ");
    CHECK(played({"--loop", "--speed", "max"}, kThree, 5) == "a@0 b/c@0 b@0 a@0 b/c@0 ");
    CHECK(played({"--loop", "--from", "1h"}, kThree).empty());
}

TEST_CASE("replay: --map changes whole levels at the start of topics") {
    CHECK(played({"--map", "b=x/y", "--speed", "max"}, kThree) == "a@0 x/y/c@0 x/y@0 ");
    CHECK(played({"--map", "=lab", "--speed", "max"}, kThree) == "lab/a@0 lab/b/c@0 lab/b@0 ");
    CHECK(played({"--map", "b/=", "--speed", "max"}, kThree) == "a@0 c@0 b@0 ");
    CHECK(played({"--map", "a=1", "--map", "=2", "--speed", "max"}, kThree) ==
          "1@0 2/b/c@0 2/b@0 ");
    CHECK(mapped_topic({.maps = {{"ab", "x"}}}, "abc") == "abc");
    CHECK(played({"--map", "b=", "--speed", "max"}, kThree) == "a@0 c@0 invalid ");
}

TEST_CASE("replay: a line that is no message is passed over") {
    CHECK(played({}, "{\"topic\":\"a\"}\nnonsense\n{\"topic\":\"b\"}\n") == "a@0 invalid b@0 ");
}

TEST_CASE("replay: options") {
    CHECK(error_of({"-t", "a", "-m", "x", "--speed", "2x"}).find("needs '--replay'") !=
          std::string::npos);
    CHECK(error_of({"--replay", "f", "--speed", "fast"}).find("needs max or a factor") !=
          std::string::npos);
    CHECK(error_of({"--replay", "f", "--map", "x"}).find("needs OLD=NEW") != std::string::npos);
    CHECK(error_of({"--replay", "f", "-l"}).find("only one of") != std::string::npos);
    CHECK(error_of({"--replay", "f"}) == "accepted");
}

}  // namespace mqtt_pub
