// The command line as mosquitto's clients read it, and the extensions of ours.
#include "common/cli.hpp"

#include <doctest/doctest.h>

#include <array>

#include "common/flags.hpp"

using namespace tools;

namespace {

constexpr std::array kRows{
    Flag{.long_name = "host", .short_name = 'h', .argument = "HOST"},
    Flag{.long_name = "port", .short_name = 'p', .argument = "PORT"},
    Flag{.long_name = "url", .short_name = 'L', .argument = "URL"},
    Flag{.long_name = "message", .short_name = 'm', .argument = "TEXT", .once = true},
    Flag{.long_name = "pw", .short_name = 'P', .aliases = "password pass", .argument = "PASSWORD"},
    Flag{.long_name = "debug", .short_name = 'd', .takes = Takes::nothing},
    Flag{.long_name = "verbose", .short_name = 'v', .takes = Takes::nothing},
    Flag{.long_name = "property", .short_name = 'D', .takes = Takes::property, .argument = "..."},
    Flag{.long_name = "handling", .argument = "WHEN", .choices = "always new never"},
    Flag{.long_name = "json", .takes = Takes::nothing, .names = kOurs},
    Flag{.long_name = "repeat-delay", .argument = "SECONDS"},
};

std::vector<FlagUse> parse(std::vector<std::string> words, Persona persona = Persona::ours) {
    std::vector<const Flag*> flags;
    for (const Flag& row : kRows)
        flags.push_back(&row);
    std::vector<FlagUse> uses = parse_words(words, flags, persona);
    check_repeats(uses);
    return uses;
}

std::string error_of(std::vector<std::string> words, Persona persona = Persona::ours) {
    try {
        parse(std::move(words), persona);
    } catch (const UsageError& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("cli: the word after an option is taken whatever it looks like") {
    for (const char* word : {"-5", "--x", "-m", "", "--", "a b", "[1,2]", "-D", "#", "=x", "'q'"}) {
        const auto uses = parse({"-m", word, "-d"});
        REQUIRE(uses.size() == 2);
        CHECK(uses[0].flag->long_name == "message");
        CHECK(uses[0].word() == word);
        CHECK(uses[1].flag->long_name == "debug");
    }
}

TEST_CASE("cli: options keep their order and every use is reported") {
    const auto uses = parse({"-p", "1", "-h", "a", "-p", "2", "--password", "s", "-d"});
    REQUIRE(uses.size() == 5);
    CHECK(uses[0].word() == "1");
    CHECK(uses[1].word() == "a");
    CHECK(uses[2].word() == "2");
    CHECK(uses[3].flag->long_name == "pw");
    CHECK(uses[4].words.empty());
}

TEST_CASE("cli: -D takes three words, or four for a user property") {
    const auto uses = parse({"-D", "publish", "user-property", "-k", "--v", "-D", "connect",
                             "receive-maximum", "-1", "-d"});
    REQUIRE(uses.size() == 3);
    CHECK(uses[0].words == std::vector<std::string>{"publish", "user-property", "-k", "--v"});
    CHECK(uses[1].words == std::vector<std::string>{"connect", "receive-maximum", "-1", ""});
    CHECK(error_of({"-D"}).find("'-D'") != std::string::npos);
    CHECK(error_of({"-D", "connect"}).find("'-D'") != std::string::npos);
    CHECK(error_of({"-D", "publish", "user-property", "k"}).find("NAME VALUE") !=
          std::string::npos);
}

TEST_CASE("cli: a property may be NAME=VALUE; whose it is, is left to the program") {
    const auto uses =
        parse({"-D", "Content-Type=a=b", "-D", "user-property=unit=C", "-Dx=1", "-d"});
    REQUIRE(uses.size() == 4);
    CHECK(uses[0].words == std::vector<std::string>{"", "content-type", "a=b", ""});
    CHECK(uses[1].words == std::vector<std::string>{"", "user-property", "unit", "C"});
    CHECK(uses[2].words == std::vector<std::string>{"", "x", "1", ""});
    CHECK(error_of({"-D", "user-property=unit"}).find("NAME=VALUE") != std::string::npos);
    CHECK(error_of({"-D", "content-type=a"}, Persona::mosquitto_pub).find("'-D' needs PACKET") !=
          std::string::npos);
}

TEST_CASE("cli: joined forms are an extension: -p1, -dv, --port=1, --message=") {
    const auto uses = parse({"-p1", "-dv", "--port=2", "--message=", "--password=a=b"});
    REQUIRE(uses.size() == 6);
    CHECK(uses[0].word() == "1");
    CHECK(uses[1].flag->long_name == "debug");
    CHECK(uses[2].flag->long_name == "verbose");
    CHECK(uses[3].word() == "2");
    CHECK(uses[4].word() == "");
    CHECK(uses[5].word() == "a=b");
}

TEST_CASE("cli: under mosquitto's names numbers are read as C does, and nothing is joined") {
    const auto word = [](const char* option, const char* text) {
        return parse({option, text}, Persona::mosquitto_pub).at(0).word();
    };
    CHECK(word("-p", "1883x") == "1883");
    CHECK(word("--port", " 07") == "7");
    CHECK(word("-p", "x") == "0");
    CHECK(word("-p", "-1") == "-1");
    CHECK(word("--repeat-delay", "0.5s") == "0.500000");
    CHECK(word("--repeat-delay", "soon") == "0.000000");
    CHECK(word("--repeat-delay", "5e-1") == "0.500000");
    CHECK(word("-h", "1x") == "1x");
    CHECK(parse({"-p", "1883x"}).at(0).word() == "1883x");
    for (const char* joined : {"-p1", "-dv", "--port=2", "--message="}) {
        CHECK(error_of({joined}, Persona::mosquitto_sub) ==
              std::string("unknown option '") + joined + "'");
    }
}

TEST_CASE("cli: names after -D are known in any case of letters") {
    const auto uses =
        parse({"-D", "Publish", "USER-property", "K", "V", "-D", "CONNECT", "x", "Y"});
    REQUIRE(uses.size() == 2);
    CHECK(uses[0].words == std::vector<std::string>{"publish", "user-property", "K", "V"});
    CHECK(uses[1].words.at(0) == "connect");
    CHECK(uses[1].words.at(2) == "Y");
}

TEST_CASE("cli: a bare URL is --url under our name only") {
    const auto uses = parse({"mqtt://h/t", "-d"});
    REQUIRE(uses.size() == 2);
    CHECK(uses[0].flag->long_name == "url");
    CHECK(uses[0].word() == "mqtt://h/t");
    CHECK(parse({"unix:/run/mqtt.sock"}).at(0).flag->long_name == "url");
    CHECK(error_of({"mqtt://h/t"}, Persona::mosquitto_pub).find("mqtt://h/t") != std::string::npos);
}

TEST_CASE("cli: errors name the option") {
    CHECK(error_of({"--foo", "x"}) == "unknown option '--foo'");
    CHECK(error_of({"--prot", "1"}) == "unknown option '--prot'; did you mean '--port'?");
    CHECK(error_of({"--mesage=x"}) == "unknown option '--mesage=x'; did you mean '--message'?");
    CHECK(error_of({"-Z"}) == "unknown option '-Z'");
    CHECK(error_of({"word"}) == "unexpected word 'word'");
    CHECK(error_of({"-d", "-h"}) == "option '-h' needs HOST");
    CHECK(error_of({"--port"}) == "option '--port' needs PORT");
    CHECK(error_of({"--handling", "often"}).find("always new never") != std::string::npos);
    CHECK(error_of({"-m", "a", "-m", "b"}) == "option '-m' was given twice");
    CHECK(error_of({"--json"}, Persona::mosquitto_sub) == "unknown option '--json'");
    CHECK(error_of({"--json"}) == "no error");
}
