// The options of mqtt-pub and mqtt-sub, by our names and by mosquitto's: the command-line cases that end
// before a connection is made (26 to 29, 36 to 40, 64, 67, 71, 72, 82).
#include <doctest/doctest.h>

#include "common/cli.hpp"
#include "mqtt-pub/options.hpp"
#include "mqtt-sub/options.hpp"

using namespace tools;

namespace {

using Words = std::vector<std::string>;

Invocation invoke(const ToolInfo& info, Words words, Persona persona) {
    Invocation invocation{.persona = persona, .name = std::string(info.name)};
    invocation.uses = parse_words(words, info.flags, persona);
    check_repeats(invocation.uses);
    return invocation;
}

mqtt_pub::Options pub(Words words, Persona persona = Persona::ours) {
    return mqtt_pub::parse_options(invoke(mqtt_pub::tool_info(), std::move(words), persona));
}

mqtt_sub::Options sub(Words words, Persona persona = Persona::ours) {
    return mqtt_sub::parse_options(invoke(mqtt_sub::tool_info(), std::move(words), persona));
}

// The message of the usage error, "accepted" when there is none.
template <class Parse>
std::string error_of(Parse parse, const Words& words, Persona persona) {
    try {
        parse(words, persona);
        return "accepted";
    } catch (const UsageError& error) {
        return error.what();
    }
}

// Our sentence, or one of theirs as it stands, which does not name the option.
bool tells(std::string_view error, std::string_view part) {
    return error.find(part) != error.npos || error.starts_with("Error");
}

void refused_by_pub(const Words& words, std::string_view part) {
    for (const Persona persona : {Persona::ours, Persona::mosquitto_pub}) {
        const std::string error = error_of(pub, words, persona);
        CAPTURE(words);
        CAPTURE(error);
        CHECK(error != "accepted");
        CHECK(tells(error, part));
    }
}

void refused_by_sub(const Words& words, std::string_view part) {
    for (const Persona persona : {Persona::ours, Persona::mosquitto_sub}) {
        const std::string error = error_of(sub, words, persona);
        CAPTURE(words);
        CAPTURE(error);
        CHECK(error != "accepted");
        CHECK(tells(error, part));
    }
}

Words with_message(Words words) {
    words.insert(words.begin(), {"-t", "a", "-m", "x"});
    return words;
}

}  // namespace

TEST_CASE("options: version, host and port as mosquitto has them, MQTT 5 under our names") {
    CHECK(pub({"-t", "a", "-m", "x"}).connect.version == mqtt::ProtocolVersion::v5);
    CHECK(pub({"-t", "a", "-m", "x"}).connect.fall_back_to_3_1_1);
    CHECK(pub({"-t", "a", "-m", "x"}, Persona::mosquitto_pub).connect.version ==
          mqtt::ProtocolVersion::v3_1_1);
    CHECK(sub({"-t", "a", "-V", "31"}).connect.version == mqtt::ProtocolVersion::v3_1);
    CHECK_FALSE(sub({"-t", "a", "-V", "mqttv5"}).connect.fall_back_to_3_1_1);
    CHECK(sub({"-t", "a", "-x", "5"}, Persona::mosquitto_sub).connect.version ==
          mqtt::ProtocolVersion::v5);
    CHECK(sub({"-t", "a", "-x", "5", "-V", "311"}, Persona::mosquitto_sub).connect.version ==
          mqtt::ProtocolVersion::v3_1_1);
    const auto tls = sub({"-t", "a", "--cafile", "f"});
    CHECK(tls.connect.endpoint.transport == mqtt::Transport::tls);
    CHECK(tls.connect.endpoint.port == 8883);
    CHECK(sub({"-t", "a", "-h", "x", "-p", "1"}).connect.endpoint.port == 1);
    CHECK(sub({"-t", "a", "--unix", "/s"}).connect.endpoint.transport ==
          mqtt::Transport::unix_socket);
    const auto ws = sub({"-t", "a", "--ws"});
    CHECK(ws.connect.endpoint.transport == mqtt::Transport::websocket);
    CHECK(ws.connect.endpoint.path == "/mqtt");
    CHECK(ws.connect.endpoint.port == 1883);
}

TEST_CASE("options: a URL gives login, host, port and topic, percent-decoded (cases 16, 17)") {
    const auto plain = pub({"-L", "mqtt://localhost:7/03/pub/url/test", "-m", "m"});
    CHECK(plain.topic == "03/pub/url/test");
    CHECK(plain.connect.endpoint.port == 7);
    const auto full = pub({"mqtt://u:p%40ss@[::1]:8/t", "-m", "m"});
    CHECK(full.connect.endpoint.host == "::1");
    CHECK(full.connect.user_name == "u");
    CHECK(full.connect.password == "p@ss");
    CHECK(full.topic == "t");
    const auto subscribed = sub({"-L", "mqtts://h/a", "-t", "b"});
    CHECK(subscribed.filters == Words{"a", "b"});
    CHECK(subscribed.connect.endpoint.port == 8883);
    const auto ws = sub({"-L", "ws://h/a/b"}, Persona::mosquitto_sub);
    CHECK(ws.filters == Words{"a/b"});
    CHECK(ws.connect.endpoint.port == 1883);
    CHECK(sub({"-t", "x", "-L", "ws://h/p"}).connect.endpoint.path == "/p");
}

TEST_CASE("options: a proxy is a socks5h URL") {
    const auto proxied = pub(with_message({"--proxy", "socks5h://user:pass%3Aword@127.0.0.1:99"}));
    CHECK(proxied.connect.proxy.host == "127.0.0.1");
    CHECK(proxied.connect.proxy.port == 99);
    CHECK(proxied.connect.proxy.password == "pass:word");
    CHECK(pub(with_message({"--proxy", "socks5h://h"})).connect.proxy.port == 1080);
    refused_by_pub(with_message({"--proxy", "http://h"}), "--proxy");
}

TEST_CASE("options: topics of messages have no wildcards and are not empty (case 27)") {
    for (const char* topic : {"a/#", "a/+", ""})
        refused_by_pub({"-t", topic, "-m", "x"}, "-t");
}

TEST_CASE("options: topic and exactly one source of messages (cases 28, 29)") {
    refused_by_pub({"-t", "a"}, "message");
    refused_by_pub({"-m", "x"}, "topic");
    refused_by_pub({"-t", "a", "-m", "x", "-l"}, "only one");
    refused_by_pub({"-t", "a", "-n", "-s"}, "only one");
    refused_by_pub({"-t", "a", "-f", "x", "-m", "y"}, "only one");
}

TEST_CASE("options: numbers out of range name their option (case 36)") {
    const std::vector<Words> rows{
        {"-k", "4"}, {"-k", "65536"},     {"-M", "0"}, {"-p", "65536"},   {"-p", "-1"},
        {"-q", "3"}, {"--will-qos", "3"}, {"-V", "0"}, {"--repeat", "0"}, {"--repeat-delay", "-1"}};
    for (const Words& row : rows)
        refused_by_pub(with_message(row), row[0]);
}

TEST_CASE("options: what does not go together is refused (cases 37, 38)") {
    refused_by_pub(with_message({"-i", "a", "-I", "b"}), "-I");
    refused_by_pub(with_message({"--will-payload", "x"}), "--will-topic");
    refused_by_pub(with_message({"--will-retain"}), "--will-topic");
    refused_by_pub(with_message({"--cert", "f"}), "--key");
    refused_by_pub(with_message({"--key", "f"}), "--cert");
    refused_by_pub(with_message({"--keyform", "pem"}), "--keyform");
    refused_by_pub(with_message({"--keyform", "engine", "--cert", "f", "--key", "k"}),
                   "--tls-engine");
    refused_by_pub(with_message({"--tls-engine-kpass-sha1", std::string(40, '0')}), "--tls-engine");
    refused_by_pub(with_message({"--cert", "f", "--key", "k", "--keyform", "engine", "--tls-engine",
                                 "e", "--tls-engine-kpass-sha1", "00"}),
                   "40 hexadecimal");
    refused_by_pub(with_message({"--cafile", "f", "--psk", "00", "--psk-identity", "i"}), "--psk");
    refused_by_pub(with_message({"--psk", "00"}), "--psk-identity");
    refused_by_pub(with_message({"-V", "311", "-c"}), "-i");
    refused_by_pub(with_message({"-V", "5", "-x", "-1"}), "-i");
    refused_by_pub(with_message({"-V", "311", "-P", "x"}), "-u");
}

TEST_CASE("options: -D knows packets, properties and ranges (case 39)") {
    const std::vector<Words> rows{{"-D"},
                                  {"-D", "connect"},
                                  {"-D", "bad", "receive-maximum", "1"},
                                  {"-D", "connect", "will-delay-interval", "1"},
                                  {"-D", "connect", "receive-maximum", "65536"},
                                  {"-D", "connect", "no-such-property", "1"},
                                  {"-D", "publish", "subscription-identifier", "1"},
                                  {"-D", "auth", "authentication-method", "x"},
                                  {"-D", "puback", "reason-string", "x"}};
    for (const Words& row : rows)
        refused_by_pub(with_message(row), "-D");
    refused_by_pub(
        with_message({"-D", "publish", "content-type", "a", "-D", "publish", "content-type", "b"}),
        "content-type");
    const auto options = pub(with_message(
        {"-D", "publish", "user-property", "k", "v", "-D", "publish", "message-expiry-interval",
         "60", "-D", "publish", "topic-alias", "4", "-D", "publish", "content-type", "c"}));
    CHECK(options.message_expiry == 60);
    const Words data{"-D", "connect", "authentication-data", "x"};
    refused_by_pub(with_message(data), "without authentication-method");
    Words method = data;
    method.insert(method.end(), {"-D", "connect", "authentication-method", "m"});
    const auto either = pub(with_message(method)).connect.properties;
    CHECK(either.view().text(mqtt::PropertyId::authentication_data) == "x");
    CHECK(options.properties.view().text(mqtt::PropertyId::content_type) == "c");
    CHECK_FALSE(options.properties.view().number(mqtt::PropertyId::topic_alias).has_value());
}

TEST_CASE("options: an option of the other program, or without its word, is refused (case 40)") {
    const std::vector<Words> of_sub{{"-C", "1"},  {"-E"}, {"-T", "a"}, {"-U", "a"}, {"-w"},
                                    {"-F", "%p"}, {"-N"}, {"-R"},      {"-v"},      {"-W", "1"}};
    for (const Words& row : of_sub)
        refused_by_pub(with_message(row), row[0]);
    for (const Words& row :
         std::vector<Words>{{"-l"}, {"-m", "x"}, {"-n"}, {"-r"}, {"-s"}, {"--repeat", "2"}}) {
        Words words{"-t", "a"};
        words.insert(words.end(), row.begin(), row.end());
        refused_by_sub(words, row[0]);
    }
    const auto check_last = [](const ToolInfo& info, const auto& refuse, std::uint8_t name) {
        for (const Flag* flag : info.flags) {
            if (flag->takes == Takes::nothing || (flag->names & name) == 0) continue;
            if ((flag->names & tools::kOurs) == 0) continue;
            refuse({"--" + std::string(flag->long_name)},
                   flag->takes == Takes::word ? std::string(flag->long_name) : std::string("-D"));
        }
    };
    check_last(mqtt_pub::tool_info(), refused_by_pub, tools::kPub);
    check_last(mqtt_sub::tool_info(), refused_by_sub, tools::kSub);
    refused_by_pub({"--no-such-option"}, "--no-such-option");
}

TEST_CASE("options: a subscription needs a valid filter (cases 64, 71)") {
    refused_by_sub({}, "-t");
    for (const char* option : {"-t", "-T", "-U"})
        refused_by_sub({"-t", "a", option, "++"}, "++");
    refused_by_sub({"-t", "a/#/b"}, "a/#/b");
    CHECK(sub({"-U", "a"}).filters.empty());
}

TEST_CASE("options: counts, times and expiries (cases 67, 72)") {
    refused_by_sub({"-t", "a", "-R", "--retained-only"}, "--retained-only");
    refused_by_sub({"-t", "a", "-C", "0"}, "-C");
    refused_by_sub({"-t", "a", "-W", "0"}, "-W");
    refused_by_sub({"-t", "a", "--random-filter", "0"}, "--random-filter");
    for (const char* bad : {"A", "-2", "4294967296"})
        refused_by_sub({"-t", "a", "-x", bad}, "-x");
    CHECK(sub({"-t", "a", "-x", "0x3C"}).settings.session_expiry == 60);
    CHECK(sub({"-t", "a", "-i", "me", "-x", "∞"}).settings.session_expiry == mqtt::kNeverExpires);
    refused_by_sub({"-t", "a", "--retain-handling", "often"}, "--retain-handling");
    CHECK(sub({"-t", "a", "-W", "500ms"}).timeout == std::chrono::milliseconds(500));
}

TEST_CASE("options: a short -C lowers Receive Maximum, and a kept session never expires") {
    const auto id = mqtt::PropertyId::receive_maximum;
    CHECK(sub({"-t", "a", "-C", "3"}).connect.properties.view().number(id) == 3);
    CHECK_FALSE(sub({"-t", "a", "-C", "20"}).connect.properties.view().number(id).has_value());
    const auto kept = sub({"-t", "a", "-c", "-i", "me"});
    CHECK_FALSE(kept.connect.clean_start);
    CHECK(kept.connect.properties.view().number(mqtt::PropertyId::session_expiry_interval) ==
          mqtt::kNeverExpires);
}

TEST_CASE(
    "options: a request needs a response topic where the protocol has none to choose (case 82)") {
    const auto rr = [](Words words) { return error_of(pub, words, Persona::mosquitto_rr); };
    CHECK(rr({"-t", "q", "-m", "x"}).find("-e") != std::string::npos);
    CHECK(rr({"-t", "q", "-m", "x", "-e", "a/+"}).find("-e") != std::string::npos);
    CHECK(rr({"-t", "q", "-e", "a", "-l"}).find("-l") != std::string::npos);
    CHECK(rr({"-t", "q", "-e", "a", "-m", "x"}) == "accepted");
    CHECK(pub({"--request", "-t", "q", "-m", "x"}).request.wanted);
    CHECK(
        error_of(pub, {"--request", "-V", "311", "-t", "q", "-m", "x"}, Persona::ours).find("-e") !=
        std::string::npos);
}

TEST_CASE("options: every flag name is used once per program") {
    for (const ToolInfo* info : {&mqtt_pub::tool_info(), &mqtt_sub::tool_info()}) {
        std::vector<std::string> names;
        for (const Flag* flag : info->flags) {
            if (flag->short_name != 0) names.push_back(std::string(1, flag->short_name));
            names.emplace_back(flag->long_name);
            for (const std::string_view alias : split_words(flag->aliases))
                names.emplace_back(alias);
            CHECK_FALSE(flag->category.empty());
            CHECK((flag->hidden || !flag->help.empty()));
            CHECK((flag->takes == Takes::nothing) == flag->argument.empty());
        }
        std::sort(names.begin(), names.end());
        const auto twice = std::adjacent_find(names.begin(), names.end());
        const std::string repeated = twice == names.end() ? "" : *twice;
        CHECK(repeated.empty());
    }
}
