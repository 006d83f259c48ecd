// Variables in topics, filters, ids and payloads; and filters made of them.
#include <doctest/doctest.h>

#include <map>
#include <stdexcept>

#include "common/flags.hpp"
#include "mqtt-bench/emqtt_words.hpp"
#include "mqtt-bench/pattern.hpp"
#include "mqtt-bench/shapes.hpp"
#include "mqtt-bench/stream_map.hpp"

namespace mqtt::bench {

namespace {

std::string expand(std::string_view text, Pattern::Values values = {}) {
    return expand_pattern(text, values);
}

}  // namespace

TEST_CASE("pattern: letters and arithmetic") {
    Pattern::Values v;
    v.number = 7;
    v.clients = 8;
    v.run_id = 0xAB;
    v.message = 42;
    v.client_id = "me";
    v.user_name = "you";
    CHECK(expand("a/%i/%r/%n/%c/%u/%%", v) == "a/7/000000ab/42/me/you/%");
    CHECK(expand("%{i+1}-%{i+3}-%{i/3}-%{i%3}", v) == "0-2-2-1");
    CHECK(expand("%x 100%", v) == "%x 100%");
}

TEST_CASE("pattern: seq goes round, rand and zipf stay the same for the same seed") {
    Pattern::Values v;
    v.seed = 5;
    const Pattern seq("%{seq:3-5}");
    const Pattern random("%{rand:10-19}");
    const Pattern zipf("%{zipf:100,1.2}");
    CHECK(seq.variants() == 3);
    CHECK(random.variants() == 10);
    CHECK(zipf.variants() == 100);
    std::map<std::string, int> seen;
    int small = 0;
    for (v.message = 0; v.message < 3000; ++v.message) {
        CHECK(seq.expand(v) == std::to_string(3 + v.message % 3));
        ++seen[random.expand(v)];
        CHECK(random.expand(v) == random.expand(v));
        if (zipf.choose(v) == 0) ++small;
    }
    CHECK(seen.size() == 10);
    for (const auto& [value, count] : seen)
        CHECK(count > 200);
    CHECK(small > 600);  // P(0) is 0.28
    CHECK(small < 1100);
    v.choice = 4;
    CHECK(random.expand(v) == "14");
}

TEST_CASE("pattern: what it cannot read is refused") {
    for (const char* text : {"%{", "%{what}", "%{i*2}", "%{i/0}", "%{seq:5}", "%{rand:9-1}",
                             "%{rand:0-99999999}", "%{zipf:0,1}", "%{zipf:5,x}", "%{i+x}"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(Pattern{text}, std::invalid_argument);
    }
}

TEST_CASE("pattern: filters for topics") {
    CHECK(filter_for("bench/%i", false) == "bench/+");
    CHECK(filter_for("bench/%i", true) == "bench/%i");
    CHECK(filter_for("a/x-%{i/200}/%{rand:0-9}/%r", true) == "a/x-%{i/200}/+/%r");
    CHECK(filter_for("a/x-%{i/200}/b", false) == "a/+/b");
    CHECK(filter_for("a/%n", true) == "a/+");
}

TEST_CASE("stream map: the same answers as the rules of topic filters") {
    StreamMap map;
    const char* topics[] = {"a", "a/b", "a/b/c", "b", "$x/a", "a//c", "/a"};
    for (std::uint32_t i = 0; i < std::size(topics); ++i)
        map.add(topics[i], i);
    using Streams = std::vector<std::uint32_t>;
    CHECK(map.matches("a") == Streams{0});
    CHECK(map.matches("a/#") == Streams{0, 1, 2, 5});
    CHECK(map.matches("#") == Streams{0, 1, 2, 3, 5, 6});
    CHECK(map.matches("+/a") == Streams{6});
    CHECK(map.matches("$x/+") == Streams{4});
    CHECK(map.matches("a/+/c") == Streams{2, 5});
    CHECK(map.matches("a/+/#") == Streams{1, 2, 5});
    CHECK(map.matches("c/#").empty());
}

TEST_CASE("emqtt-bench: its command lines become ours") {
    const auto ours = [](std::string_view line) {
        std::vector<std::string> words;
        for (const std::string_view word : tools::split_words(line))
            words.emplace_back(word);
        std::string out;
        for (const std::string& word : from_emqtt_words(words).words)
            out += (out.empty() ? "" : " ") + word;
        return out;
    };
    const std::string_view same =
        "-h 10.0.0.5 -c 5 -I 10 -t bench/%i -s 256 -S -C false -x 60 -V 5 -m true --ws -- -r true";
    CHECK(ours(same) == same);
    CHECK(ours("-V 4 -V3 --version 5 --version=4") == "-V 311 -V 31 -V 5 -V 311");
    CHECK(ours("-r true -S false --ws=true --shortids=false -l true -w") == "-r --ws -l -w");
    CHECK(ours("--reconnect 5 -k 10 --reconnect 0 --reconnect=3 --reconnect") ==
          "--reconnect -k 10 --reconnect --reconnect");
    CHECK(ours("--log_to null --log_to console --prometheus --restapi 8080") ==
          "--silent --prometheus :8080");
    CHECK(ours("--prometheus :9090 --restapi=127.0.0.1:80 --restapi disabled") ==
          "--prometheus :9090 --prometheus 127.0.0.1:80");
    CHECK(ours("--ssl-version tlsv1.3_nocompat -S") == "--tls --tls-version tlsv1.3 -S");
    CHECK(ours("--payload-hdrs cnt64,ts --qoe true -Q --force-major-gc-interval 5 --quic false "
               "--retry-interval 2 --min-random-wait 1 --dist --max-random-wait 2") ==
          "--max-random-wait 2");
    const std::vector<std::string> quic{"--quic", "true"};
    CHECK_THROWS_AS(from_emqtt_words(quic), std::invalid_argument);
    const std::vector<std::string> topics{"--topics-payload", "x.json"};
    CHECK_THROWS_AS(from_emqtt_words(topics), std::invalid_argument);
    const std::vector<std::string> cut{"--payload-hdrs"};
    CHECK_THROWS_AS(from_emqtt_words(cut), std::invalid_argument);
    const std::vector<std::string> noted{"--retry-interval", "2"};
    REQUIRE(from_emqtt_words(noted).notes.size() == 1);
    CHECK(from_emqtt_words(noted).notes.front().starts_with("--retry-interval does nothing: "));
}

}  // namespace mqtt::bench
