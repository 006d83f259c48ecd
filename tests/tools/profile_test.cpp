// Profiles, and what of a command line stays secret.
#include "common/profile.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace tools;

namespace {

constexpr std::array kProfiled{
    Flag{.long_name = "pw", .short_name = 'P', .argument = "PASSWORD", .secret = Secret::word},
    Flag{.long_name = "url", .short_name = 'L', .argument = "URL", .secret = Secret::url},
    Flag{.long_name = "qos", .short_name = 'q', .argument = "QOS"},
};

std::vector<const Flag*> flags() {
    std::vector<const Flag*> out;
    for (const Flag& row : kProfiled)
        out.push_back(&row);
    return out;
}

// A folder of profiles that XDG_CONFIG_HOME leads to.
struct Profiles {
    std::filesystem::path folder = "/tmp/profile_test." + std::to_string(::getpid());
    Profiles() {
        std::filesystem::create_directories(folder / "mqtt-tools");
        ::setenv("XDG_CONFIG_HOME", folder.c_str(), 1);
    }
    ~Profiles() {
        ::unsetenv("XDG_CONFIG_HOME");
        std::filesystem::remove_all(folder);
    }
    void add(const std::string& name, std::string_view content) const {
        std::ofstream(folder / "mqtt-tools" / (name + ".conf")) << content;
    }
};

}  // namespace

TEST_CASE("profile: options of this tool are read, connection options of others passed over") {
    const Profiles profiles;
    profiles.add("home", "url mqtt://h/t\nqos 1\nwill-topic a\n");
    const auto uses = read_profile("home", flags());
    REQUIRE(uses.size() == 2);
    CHECK(uses[0].word() == "mqtt://h/t");
    CHECK(uses[1].word() == "1");
    CHECK(uses[0].from_file);
}

TEST_CASE("profile: a wrong name tells which there are, a wrong line where it stands") {
    const Profiles profiles;
    profiles.add("home", "qos 1\nno-such-option x\n");
    profiles.add("work", "");
    CHECK_THROWS_WITH_AS(read_profile("hom", flags()), doctest::Contains("there are: home work"),
                         UsageError);
    CHECK_THROWS_WITH_AS(read_profile("home", flags()), doctest::Contains("home.conf line 2"),
                         UsageError);
}

TEST_CASE("profile: a name with a slash is a path") {
    CHECK(profile_path("./x.conf") == "./x.conf");
    const Profiles profiles;
    CHECK(profile_path("x") == profiles.folder.string() + "/mqtt-tools/x.conf");
}

TEST_CASE("secrets: a password vanishes from the arguments, however it was given") {
    for (const std::string given : {"s3cret", "-Ps3cret", "--pw=s3cret"}) {
        std::string program = "mqtt-pub";
        std::string word = given;
        std::string other = "s3cret-topic";
        const std::array arguments{program.data(), word.data(), other.data()};
        const FlagUse use{.flag = &kProfiled[0], .words = {"s3cret"}};
        scrub_arguments(arguments, std::span(&use, 1));
        CHECK(word.find("s3cret") == std::string::npos);
        CHECK(word.size() == given.size());
        CHECK(other == "s3cret-topic");
    }
}

TEST_CASE("secrets: one that the name of its option ends with, or begins with, vanishes as well") {
    for (const std::string secret : {"pw", "w", "aa", "P"}) {
        std::string joined = "--pw=" + secret;
        std::string short_name = "-P" + secret;
        const std::array arguments{joined.data(), short_name.data()};
        const FlagUse use{.flag = &kProfiled[0], .words = {secret}};
        scrub_arguments(arguments, std::span(&use, 1));
        CHECK(joined == "--pw=" + std::string(secret.size(), '*'));
        CHECK(short_name == "-P" + std::string(secret.size(), '*'));
    }
}

TEST_CASE("secrets: of -D only authentication data vanishes") {
    constexpr Flag property{.long_name = "property", .short_name = 'D', .takes = Takes::property};
    for (const std::string name : {"authentication-data", "content-type"}) {
        std::string word = "t0ken";
        const std::array arguments{word.data()};
        const FlagUse use{.flag = &property, .words = {"connect", name, "t0ken", ""}};
        scrub_arguments(arguments, std::span(&use, 1));
        CHECK(word == (name == "content-type" ? "t0ken" : "*****"));
    }
}

TEST_CASE("secrets: of a URL only the password vanishes, from arguments and messages") {
    std::string word = "mqtts://user:p%40ss@host/topic";
    const std::array arguments{word.data()};
    const FlagUse use{.flag = &kProfiled[1], .words = {word}};
    scrub_arguments(arguments, std::span(&use, 1));
    CHECK(word == "mqtts://user:******@host/topic");
    CHECK(masked_url("mqtts://user:p%40ss@host:1/topic") == "mqtts://user:***@host:1/topic");
    CHECK(masked_url("mqtts://user:p/ss@host") == "mqtts://user:***@host");
    CHECK(masked_url("mqtts://user:p@s/s@host") == "mqtts://user:***@host");
    CHECK(masked_url("mqtts://user:p@s/s@host:1/topic") == "mqtts://user:***@host:1/topic");
    CHECK(masked_url("mqtts://user:1@2/s@host") == "mqtts://user:***@host");
    for (const std::string plain :
         {"mqtt://host:1883/a@b:c", "mqtt://user@host", "unix:/a:b@c", ""}) {
        CHECK(masked_url(plain) == plain);
    }
}
