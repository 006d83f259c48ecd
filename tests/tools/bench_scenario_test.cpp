// Scenario files: the part of TOML that is read, what its words become, and the sentences about
// what is wrong. Every preset is read here, too.
#include <doctest/doctest.h>

#include <fstream>

#include "common/cli.hpp"
#include "mqtt-bench/plan.hpp"
#include "mqtt-bench/presets.hpp"
#include "mqtt-bench/scenario.hpp"

namespace mqtt::bench {

namespace {

std::vector<ScenarioRun> runs_of(std::string_view text, std::vector<std::string> words = {}) {
    std::vector<tools::FlagUse> uses;
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        for (const tools::Flag* flag : bench_flags()) {
            if (flag->long_name == words[i]) uses.push_back({flag, {words[i + 1]}, false});
        }
    }
    return make_runs(parse_toml("s.toml", text), uses, "mqtt-bench run s.toml");
}

Spec spec_of(std::string_view text, std::vector<std::string> words = {}) {
    return runs_of(text, std::move(words)).at(0).settings.spec;
}

std::string error_of(std::string_view text, std::vector<std::string> words = {}) {
    try {
        runs_of(text, std::move(words));
    } catch (const std::exception& error) {
        return error.what();
    }
    return "no error";
}

constexpr std::string_view kExample = R"(
# the example of the manual
duration = "30s"
qos = 1
[[group]]
name = "sensors"
role = "pub"
clients = 50_000
topic = "t/%i"
rate = "1/s/client"
size = "64:80,1k:20"
[[group]]
role = "sub"
clients = 500
filter = "$share/b/t/#"
[[stage]]
at = "60s"
action = "drop"
group = "sensors"
fraction = 0.2
mode = "close"
[assert]
e2e.p99 = "<20ms"
)";

}  // namespace

TEST_CASE("toml: values, arrays over lines, comments, quoted and dotted keys") {
    const TomlFile file = parse_toml("x",
                                     "a = 1_000 # one\n'b c'=\"x\\\"y\"\r\nd.e = [1,\n 2.5, # two\n"
                                     " 'z',]\n[t]\nf=true\n[[g]]\n[[g]]\nh = -3e2\n");
    REQUIRE(file.tables.size() == 4);
    const auto& top = file.tables[0].entries;
    CHECK(top[0].values[0] == "1000");
    CHECK(top[1].key == "b c");
    CHECK(top[1].values[0] == "x\"y");
    CHECK(top[2].key == "d.e");
    CHECK(top[2].values == std::vector<std::string>{"1", "2.5", "z"});
    CHECK(top[2].line == 3);
    CHECK(file.tables[1].find("f")->is_bool);
    CHECK(file.tables[3].repeats);
    CHECK(file.tables[3].find("h")->values[0] == "-3e2");
}

TEST_CASE("toml: what is wrong is told with file and line") {
    const std::pair<const char*, const char*> rows[] = {
        {"a = 1\nb", "x:2: '=' is missing"},
        {"a = ", "x:1: a value is expected"},
        {"a = yes", "x:1: 'yes' is no number: text stands in quotes"},
        {"a = 1\na = 2", "x:2: 'a' stands in line 1 already"},
        {"a = \"x", "x:1: a string does not end"},
        {"a = \"\"\"x\"\"\"", "x:1: multi-line strings are not read"},
        {"a = \"\\q\"", "x:1: an unknown escape"},
        {"a = [1 2]", "x:1: ',' or ']' is expected"},
        {"a = [1,", "x:1: ']' is missing"},
        {"a = {b = 1}", "x:1: a value is expected"},
        {"\n[t\nb = 1", "x:2: ']' is missing"},
        {"[[t]\nb = 1", "x:1: ']]' is missing"},
        {"[t]\n[t]", "x:2: table 't' stands in line 1 already"},
        {"a = 1 b = 2", "x:1: 'b = 2' is not expected here"},
        {"= 1", "x:1: a key is expected"},
    };
    for (const auto& [text, expected] : rows) {
        CAPTURE(text);
        std::string got = "no error";
        try {
            parse_toml("x", text);
        } catch (const TomlError& error) {
            got = error.what();
        }
        CHECK_MESSAGE(got.starts_with(expected), got);
    }
}

TEST_CASE("scenario: the words of the flags make groups, stages and assertions") {
    const Spec spec = spec_of(kExample);
    CHECK(spec.duration == std::chrono::seconds(30));
    REQUIRE(spec.groups.size() == 2);
    const Group& pub = spec.groups[0];
    CHECK(pub.name == "sensors");
    CHECK(pub.clients == 50'000);
    CHECK(pub.client_interval_ms == doctest::Approx(1000));
    CHECK(pub.qos == QoS::at_least_once);
    REQUIRE(pub.sizes.size() == 2);
    CHECK(pub.sizes[1].from == 1000);
    CHECK(pub.sizes[1].weight == 20);
    CHECK(pub.payload_bytes == 1000);
    CHECK(spec.groups[1].name == "sub");
    CHECK(spec.groups[1].id_base == 50'000);
    REQUIRE(spec.stages.size() == 1);
    CHECK(spec.stages[0].at == std::chrono::seconds(60));
    CHECK(spec.stages[0].fraction == 0.2);
    CHECK(spec.assertions == std::vector<std::string>{"e2e.p99<20ms"});
}

TEST_CASE("scenario: scale makes clients, total rates and limits smaller, not rates per client") {
    const Spec spec = spec_of(kExample, {"scale", "0.01"});
    CHECK(spec.groups[0].clients == 500);
    CHECK(spec.groups[1].clients == 5);
    CHECK(spec.groups[0].client_interval_ms == doctest::Approx(1000));
    const Spec total = spec_of(
        "[[group]]\nrole=\"pub\"\nrate=5000\nlimit=300\nconn-rate=\"1k/s\"\n", {"scale", "0.1"});
    CHECK(total.groups[0].rate == doctest::Approx(500));
    CHECK(total.groups[0].limit == 30);
    CHECK(total.groups[0].connect_rate == doctest::Approx(100));
    CHECK(total.groups[0].clients == 1);
}

TEST_CASE("scenario: --set reaches the run and every group; the command line beats the file") {
    const Spec spec = spec_of(kExample, {"set", "sensors.clients=7", "set", "duration=2s", "set",
                                         "sub.filter=t/+", "qos", "2", "size", "99"});
    CHECK(spec.groups[0].clients == 7);
    CHECK(spec.duration == std::chrono::seconds(2));
    CHECK(spec.groups[1].filters == std::vector<std::string>{"t/+"});
    CHECK(spec.groups[0].qos == QoS::exactly_once);
    CHECK(spec.groups[0].payload_bytes == 99);
    CHECK(spec.groups[0].sizes.empty());
}

TEST_CASE("scenario: a sweep is a run for every combination") {
    const std::string text =
        std::string(kExample) + "[sweep]\nqos = [0, 2]\nsub.clients = [1, 5]\n";
    const auto runs = runs_of(text);
    REQUIRE(runs.size() == 4);
    CHECK(runs[0].title == "qos=0 sub.clients=1");
    CHECK(runs[3].title == "qos=2 sub.clients=5");
    CHECK(runs[3].settings.spec.groups[0].qos == QoS::exactly_once);
    CHECK(runs[3].settings.spec.groups[1].clients == 5);
    CHECK(runs_of(text, {"set", "sweep.qos=1"}).size() == 2);
}

TEST_CASE("scenario: mistakes are told with file, line and the word that was meant") {
    const std::string group = "[[group]]\nrole = \"pub\"\n";
    const std::pair<std::string, const char*> rows[] = {
        {"duratoin = \"3s\"", "s.toml:1: key 'duratoin' is not known; did you mean 'duration'?"},
        {"[[gruop]]", "s.toml:1: table 'gruop' is not known; did you mean 'group'?"},
        {"[group]", "s.toml:1: write [[group]]"},
        {"[[assert]]", "s.toml:1: write [assert]"},
        {"[[group]]\nname = \"x\"", "s.toml:1: the group has no role"},
        {"[[group]]\nrole = \"bup\"", "s.toml:2: role 'bup' is not known; choose from pub"},
        {group + "tpoic = \"a\"", "s.toml:3: key 'tpoic' is not known; did you mean 'topic'?"},
        {group + "qos = 5", "s.toml:3: option '"},
        {group + "phase = \"odd\"", "s.toml:3: 'phase' does not know 'odd'; choose from spread"},
        {group + "retain = 1", "s.toml:3: 'retain' is true or false"},
        {group + "size = [1, 2]", "s.toml:3: 'size' takes one value; several go into [sweep]"},
        {group + group, "s.toml:3: a second group is called 'pub'"},
        {group + "[[stage]]\nat = \"1s\"\nactoin = \"drop\"",
         "s.toml:5: key of a stage 'actoin' is not known; did you mean 'action'?"},
        {group + "[[stage]]\naction = \"drop\"", "s.toml:3: the stage has no 'at'"},
        {group + "[[stage]]\nat = \"1s\"\naction = \"kill\"",
         "s.toml:5: action 'kill' is not known"},
        {group + "[[stage]]\nat = \"1s\"\nrepeat = 2", "s.toml:3: a repeated stage needs 'every'"},
        {group + "[[stage]]\nat = \"soon\"", "s.toml:4: option"},
        {group + "[assert]\ne2e.p99 = \"5ms\"", "s.toml:4: option"},
    };
    for (const auto& [text, expected] : rows) {
        CAPTURE(text);
        const std::string got = error_of(text);
        CHECK_MESSAGE(got.starts_with(expected), got);
    }
    CHECK(error_of("duration = \"3s\"") == "'s.toml' has no [[group]]: a scenario needs clients");
    CHECK(error_of(kExample, {"set", "nobody.clients=1"}).find("no group 'nobody'") !=
          std::string::npos);
    CHECK(error_of(kExample, {"set", "qos"}).find("key=value") != std::string::npos);
    CHECK(error_of(kExample, {"clients", "5"}).find("--set GROUP.clients=") != std::string::npos);
}

TEST_CASE("scenario: stages change a group's rate, exactly when they say") {
    const Spec spec = spec_of(R"(
seed = 1
duration = "10s"
[[group]]
role = "pub"
clients = 10
rate = 100
[[group]]
role = "sub"
filter = "bench/#"
[[stage]]
at = "2s"
action = "rate"
group = "pub"
rate = "500/s"
[[stage]]
at = "4s"
action = "rate"
group = "pub"
rate = "10/s/client"
over = "2s"
)");
    const Plan plan(spec, 1);
    CHECK(plan.timeline().at(1).describe() == "rate pub to 10/s each");
    CHECK_FALSE(plan.has_outages());
    const ScheduleSpec schedule = plan.schedule(plan.groups()[0], 1);
    CHECK(schedule.profile.count_until(2) == doctest::Approx(200));
    CHECK(schedule.profile.count_until(4) == doctest::Approx(1200));
    CHECK(schedule.profile.count_until(5) == doctest::Approx(1600));  // 500, 300 on the way down
    CHECK(schedule.profile.count_until(6) == doctest::Approx(1800));
    CHECK(schedule.profile.count_until(16) == doctest::Approx(2800));
    CHECK(plan.offered_rate() == doctest::Approx(100));
}

TEST_CASE("scenario: what a stage of action rate may not be is told") {
    const auto with = [](const std::string& keys) {
        return error_of("[[group]]\nrole = \"pub\"\n[[stage]]\nat = \"1s\"\n" + keys);
    };
    CHECK(with("action = \"rate\"\n") == "s.toml:3: a stage of action rate needs 'rate'");
    CHECK(with("rate = 5\n") == "s.toml:3: 'rate' and 'over' belong to a stage of action rate");
    CHECK(with("action = \"rate\"\nrate = 5\ncount = 3\n").find("of the whole group") !=
          std::string::npos);
    CHECK(with("mode = \"abort\"\n").find("or rst (a TCP reset)") != std::string::npos);
    CHECK(spec_of("[[group]]\nrole = \"idle\"\n[[stage]]\nat = \"1s\"\nmode = \"rst\"\n")
              .stages.at(0)
              .ending == Ending::reset);
    // Before the one before it is over; and where there is no rate to change.
    const auto plan_error = [](const std::string& keys) -> std::string {
        try {
            const Plan plan(spec_of("[[group]]\nrole = \"pub\"\n" + keys), 1);
        } catch (const std::exception& error) {
            return error.what();
        }
        return "no error";
    };
    const std::string change = "[[stage]]\naction = \"rate\"\nrate = 5\n";
    CHECK(plan_error(change + "at = \"1s\"\nover = \"3s\"\n" + change + "at = \"2s\"\n")
              .find("before the change before it is over") != std::string::npos);
    CHECK(plan_error("vary-rate = \"5:1s\"\n" + change + "at = \"1s\"\n")
              .find("stages change a rate") != std::string::npos);
    CHECK(plan_error(change + "at = \"1s\"\n") == "no error");
}

TEST_CASE("plan: --verify says what payloads carry and what is expected of them") {
    const auto plan_of = [](std::string_view how, std::string_view size) {
        return spec_of("[[group]]\nrole = \"pub\"\n",
                       {"verify", std::string(how), "size", std::string(size)});
    };
    CHECK(Plan(plan_of("order", "64"), 1).has_header());
    CHECK_FALSE(Plan(plan_of("count", "64"), 1).has_header());
    CHECK_FALSE(Plan(plan_of("count", "64"), 1).is_unexpected());
    CHECK(Plan(plan_of("off", "64"), 1).is_unexpected());
    CHECK(Plan(plan_of("exact", "8"), 1).has_short_header());
    CHECK_THROWS_AS(Plan(plan_of("exact", "7"), 1), std::invalid_argument);
}

TEST_CASE("scenario: a property is written as on the command line") {
    const Spec spec = spec_of(
        "[[group]]\nrole=\"pub\"\nproperty=[\"publish content-type text/plain\", "
        "\"publish user-property a b c\", \"publish message-expiry-interval 9\"]\n");
    const Properties properties = spec.groups[0].properties.view();
    CHECK(properties.text(PropertyId::content_type) == "text/plain");
    CHECK(spec.groups[0].expiry_seconds == 9u);
    CHECK_FALSE(properties.number(PropertyId::message_expiry_interval));
}

TEST_CASE(
    "options: --property NAME=VALUE goes to the packet that has it, --clean may stand alone") {
    const std::vector<std::string> words{"--property", "content-type=a=b",
                                         "--property", "receive-maximum=7",
                                         "--property", "subscription-identifier=9",
                                         "--property", "user-property=k=v",
                                         "--clean",    "-c",
                                         "3"};
    const auto uses = tools::parse_words(words, bench_flags(), tools::Persona::ours);
    const Spec spec = make_settings(Command::pubsub, uses, "").spec;
    CHECK(spec.properties.view().text(PropertyId::content_type) == "a=b");
    const Properties connect = spec.connect.properties;
    CHECK(connect.number(PropertyId::receive_maximum) == 7u);
    int count = 0;
    for (const PropertyView& property : connect)
        count += property.info != nullptr ? 1 : 0;
    CHECK(count == 2);  // and the user property
    CHECK(spec.subscribe_properties.view().number(PropertyId::subscription_identifier) == 9u);
    CHECK(spec.connect.version == ProtocolVersion::v5);
    CHECK(spec.connect.clean_start);
    CHECK(spec.clients == 3);
    const auto last = [](std::vector<std::string> clean) {
        const auto given = tools::parse_words(clean, bench_flags(), tools::Persona::ours);
        return make_settings(Command::pubsub, given, "").spec;
    };
    CHECK(last({"-c", "2", "--clean"}).connect.clean_start);
    CHECK(last({"--clean", "mqtt://b"}).connect.endpoint.host == "b");
    CHECK_FALSE(last({"-C", "false"}).connect.clean_start);
    CHECK_FALSE(last({"--clean=false"}).connect.clean_start);
    CHECK_FALSE(last({"--chaos", "drop=1%/s"}).connect.clean_start);
    CHECK(last({"--chaos", "drop=1%/s"}).churn == doctest::Approx(0.01));
    const Spec scenario = spec_of("[[group]]\nrole=\"pub\"\nproperty=\"content-type=x y\"\n");
    CHECK(scenario.groups[0].properties.view().text(PropertyId::content_type) == "x y");
}

TEST_CASE("presets: every one is read, planned and owes its subscribers something") {
    for (const Preset& preset : presets()) {
        CAPTURE(preset.name);
        std::string name;
        for (const char c : preset.name)
            name += c == '*' ? '2' : c;
        const auto text = preset_text(name);
        REQUIRE(text);
        for (const ScenarioRun& run : runs_of(*text, {"scale", "0.001"})) {
            const Plan plan(run.settings.spec, 1);
            CHECK(plan.clients() > 0);
            if (plan.publishers() == 0 || plan.subscribers() == 0) continue;
            std::uint64_t owed = 0;
            for (std::uint32_t s = 0; s < plan.streams(); ++s)
                owed += plan.fan_out_of(s);
            CHECK(owed > 0);
        }
    }
}

TEST_CASE("presets: numbers in names are filled in") {
    const auto text = preset_text("bifromq-2k_10_qos1_p1024_50mps");
    REQUIRE(text);
    const Spec spec = spec_of(*text);
    CHECK(spec.groups[0].clients == 10);
    CHECK(spec.groups[1].clients == 2000);
    CHECK(spec.groups[1].payload_bytes == 1024);
    CHECK(spec.groups[1].qos == QoS::at_least_once);
    CHECK(spec.groups[1].client_interval_ms == doctest::Approx(20));
    CHECK(spec_of(*preset_text("stresser-10")).limit == 100'000);
    CHECK_FALSE(preset_text("stresser-"));
    CHECK_FALSE(preset_text("stresser-x"));
    CHECK_FALSE(preset_text("nothing"));
}

}  // namespace mqtt::bench
