// Options files: one option per line, the rest of the line verbatim.
#include "common/options_file.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>

using namespace tools;

namespace {

constexpr std::array kRows{
    Flag{.long_name = "message", .short_name = 'm', .argument = "TEXT"},
    Flag{.long_name = "debug", .short_name = 'd', .takes = Takes::nothing},
    Flag{.long_name = "property", .short_name = 'D', .takes = Takes::property},
};

struct TemporaryFile {
    std::string path = "/tmp/options_file_test." + std::to_string(::getpid());
    explicit TemporaryFile(std::string_view content) { std::ofstream(path) << content; }
    ~TemporaryFile() { std::remove(path.c_str()); }
};

OptionsFile read_all(std::string_view content, Persona persona = Persona::ours) {
    const TemporaryFile file(content);
    std::vector<const Flag*> flags;
    for (const Flag& row : kRows)
        flags.push_back(&row);
    return read_options_file(file.path, flags, persona).value();
}

std::vector<FlagUse> read(std::string_view content, Persona persona = Persona::ours) {
    const OptionsFile file = read_all(content, persona);
    CHECK(file.fault == "");
    return file.uses;
}

}  // namespace

TEST_CASE("options file: the value is the rest of the line, quotes and blanks included") {
    const auto uses = read("# comment\n\n-m \"two words\"  \n-d\n", Persona::mosquitto_pub);
    REQUIRE(uses.size() == 2);
    CHECK(uses[0].word() == "\"two words\"  ");
    CHECK(uses[0].from_file);
    CHECK(uses[1].flag->long_name == "debug");
}

TEST_CASE("options file: dashes may be left out, and -D works, under our name") {
    const auto uses = read("message x\n-D publish user-property key a value\n");
    REQUIRE(uses.size() == 2);
    CHECK(uses[1].words == std::vector<std::string>{"publish", "user-property", "key", "a value"});
}

TEST_CASE("options file: errors name file and line") {
    CHECK(read_all("-m a\n--foo x\n").fault.ends_with(" line 2: unknown option '--foo'"));
    CHECK(read_all("-m a\n--foo x\n").uses.size() == 1);
    CHECK_FALSE(read_options_file("/nonexistent/file", {}, Persona::ours).has_value());
}

TEST_CASE("options file: under mosquitto's names a fault stands alone, and blanks are no value") {
    const auto fault = [](std::string_view content) {
        return read_all(content, Persona::mosquitto_pub).fault;
    };
    CHECK(fault("-D connect receive-maximum 1\n") == "option '-D' needs PACKET PROPERTY VALUE");
    CHECK(fault("--foo x\n") == "unknown option '--foo'");
    CHECK(fault("-m \n") == "option '-m' needs TEXT");
    CHECK(read("   \n  -d\n", Persona::mosquitto_pub).size() == 1);
    CHECK(read("  message x\n").at(0).word() == "x");
}

TEST_CASE("options file: XDG_CONFIG_HOME comes before HOME") {
    ::setenv("HOME", "/home/me", 1);
    ::setenv("XDG_CONFIG_HOME", "/etc/mine", 1);
    CHECK(default_options_path("mqtt-pub") == "/etc/mine/mqtt-pub");
    ::unsetenv("XDG_CONFIG_HOME");
    CHECK(default_options_path("mqtt-pub") == "/home/me/.config/mqtt-pub");
}
