// mosquitto.conf to what the broker is told: every key in the scope where it was said, and what a reload says of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "broker/settings.hpp"
#include "common/cli.hpp"
#include "mqtt-broker-lite/reload.hpp"
#include "support/temp_folder.hpp"
#include "tools/broker_conf_rows.hpp"

using namespace tools::broker_lite;

namespace {

Read read(const std::string& text) {
    const test::TempFolder folder;
    const std::string path = folder.path() + "/conf";
    std::ofstream(path) << text;
    Read result;
    read_conf(result.conf, path);
    result.config = broker_config(result.conf, {}, result.accesses);
    return result;
}

std::string lines(std::initializer_list<std::string_view> all) {
    std::string text;
    for (const std::string_view line : all)
        text.append(line).append("\n");
    return text;
}

}  // namespace

TEST_CASE("conf: what a general key says holds for the listeners above and below it") {
    for (const auto& row : kGeneral) {
        CAPTURE(row.line);
        CHECK_FALSE(row.holds(read("listener 1\n")));
        CHECK(row.holds(read(lines({row.line, "listener 1"}))));
        // Who may log in belongs to the listener above after per_listener_settings only.
        const Read below = read(lines({"listener 2", "listener 1", row.line}));
        CHECK(row.holds(below));
        CHECK(below.config.listeners[0].limits == below.config.listeners[1].limits);
    }
}

TEST_CASE("conf: a listener's key is about the listener above it alone") {
    for (const auto& row : kListener) {
        CAPTURE(row.line);
        const Read last = read(lines({"listener 1", "listener 2", row.line}));
        REQUIRE(last.config.listeners.size() == 2);
        CHECK_FALSE(row.holds(last.config.listeners[0]));
        CHECK(row.holds(last.config.listeners[1]));
        // Before all of them: the default listener, and nobody else.
        const Read first = read(lines({row.line, "listener 2"}));
        REQUIRE(first.config.listeners.size() == 2);
        CHECK(row.holds(first.config.listeners[0]));
        CHECK(first.config.listeners[0].endpoint.port == 1883);
        CHECK_FALSE(row.holds(first.config.listeners[1]));
    }
}

TEST_CASE("conf: a bridge's key is about the bridge above it alone") {
    for (const auto& row : kBridge) {
        CAPTURE(row.line);
        const std::string_view address = row.key().starts_with("address") ? "" : "address r";
        const Read all = read(lines({"connection a", "address a:1", "topic #", "connection b",
                                     "topic #", address, row.line}));
        REQUIRE(all.config.bridges.size() == 2);
        CHECK_FALSE(row.holds(all.config.bridges[0]));
        CHECK(row.holds(all.config.bridges[1]));
    }
}

TEST_CASE("conf: every key that is used is tried, and every other one is told to have no effect") {
    std::set<std::string_view> tried(std::begin(kPlugins), std::end(kPlugins));
    tried.insert(std::begin(kOtherListener), std::end(kOtherListener));
    tried.insert({"connection", "bridge_require_ocsp"});
    for (const auto& row : kGeneral)
        tried.insert(row.key());
    for (const auto& row : kListener)
        tried.insert(row.key());
    for (const auto& row : kBridge)
        tried.insert(row.key());
    for (const ConfKey& key : conf_table()) {
        CAPTURE(key.name);
        CHECK((key.use == ConfUse::used) == tried.contains(key.name));
        if (key.use == ConfUse::used) continue;
        const Read said = read(std::string(key.name) + " x\n");
        REQUIRE(said.conf.problems.size() == 1);
        CHECK_FALSE(said.conf.has_errors());
        CHECK(said.conf.problems[0].text.find("/conf:1: " + std::string(key.name) +
                                              " has no effect: ") != std::string::npos);
    }
}

TEST_CASE("conf: with per_listener_settings each listener has its own users, files and names") {
    const Read all = read(
        "per_listener_settings true\nallow_anonymous true\nlistener 1\npassword_file p1\n"
        "acl_file a1\npsk_file s1\nacl_subscribe_mode mosquitto\nauto_id_prefix one-\n"
        "allow_zero_length_clientid false\nlistener 2\nplugin_opt_password_file p2\n"
        "auth_opt_acl_file a2\nlistener_allow_anonymous true\n");
    REQUIRE(all.accesses.size() == 2);  // allow_anonymous opens no default listener
    const ConfAccess& one = all.accesses[0];
    const ConfAccess& two = all.accesses[1];
    CHECK(one.password_file == "p1");
    CHECK(one.acl_file == "a1");
    CHECK(one.psk_file == "s1");
    CHECK(one.grants_all_subscriptions);
    CHECK_FALSE(*one.allow_anonymous);
    CHECK(two.password_file == "p2");
    CHECK(two.acl_file == "a2");
    CHECK(two.psk_file.empty());
    CHECK_FALSE(two.grants_all_subscriptions);
    CHECK(*two.allow_anonymous);
    CHECK(all.config.listeners[0].assigned_id_prefix == "one-");
    CHECK(all.config.listeners[0].empty_client_id_allowed == false);
    CHECK(all.config.listeners[1].assigned_id_prefix.empty());
    CHECK_FALSE(all.config.listeners[1].empty_client_id_allowed.has_value());
}

TEST_CASE(
    "conf: anonymous clients are let in only where nothing is said of listeners, or it is said") {
    CHECK(*read("").accesses[0].allow_anonymous);
    CHECK(read("").config.listeners[0].endpoint.host == "localhost");
    CHECK(*read("max_queued_messages 3\n").accesses[0].allow_anonymous);
    for (const std::string_view opens : {"listener 1", "port 1", "bind_address 127.0.0.1",
                                         "max_connections 3", "listener 1 127.0.0.1"}) {
        CAPTURE(opens);
        CHECK_FALSE(*read(lines({opens})).accesses[0].allow_anonymous);
        CHECK(*read(lines({opens, "allow_anonymous true"})).accesses[0].allow_anonymous);
        CHECK(*read(lines({opens, "listener_allow_anonymous true"})).accesses[0].allow_anonymous);
    }
    // A console alone leaves MQTT as it is, and lets nobody in from elsewhere.
    const Read console = read("http_listener 9\nhttp_listener 8 0.0.0.0\nallow_anonymous true\n");
    REQUIRE(console.accesses.size() == 3);
    CHECK(*console.accesses[0].allow_anonymous);
    CHECK_FALSE(*console.accesses[1].allow_anonymous);
    CHECK(console.config.listeners[2].endpoint.host == "localhost");
}

TEST_CASE("conf: lines are read as mosquitto reads them") {
    const auto queue = [](const std::string& text) {
        return read("max_queued_messages " + text).config.maximum_queued_messages;
    };
    CHECK(queue("010\n") == 8);
    CHECK(queue("0x10") == 16);
    CHECK(queue("  7 \t\r\n") == 7);
    CHECK(queue("-1\n") == 0);
    CHECK(read("\n  max_inflight_bytes 3\r\n#max_inflight_bytes 4\n\r\n")
              .config.maximum_inflight_bytes == 3);
    CHECK(read("user a b # c\n").conf.user == "a b # c");
    for (const std::string yes : {"true", "1"})
        CHECK(read("upgrade_outgoing_qos " + yes).config.upgrade_outgoing_qos);
    const auto expiry = [](const std::string& text) {
        return read("persistent_client_expiration " + text).config.persistent_session_expiry;
    };
    CHECK(expiry("90s") == 90);
    CHECK(expiry("2h") == 7'200);
    CHECK(expiry("3d") == 3 * 86'400);
    CHECK(expiry("1m") == 30 * 86'400);
    CHECK(expiry("1y") == 365 * 86'400);
    // One place and one sentence for each mistake.
    for (const std::string_view wrong : {"upgrade_outgoing_qos yes",
                                         "max_queued_messages 3x",
                                         "max_queued_messages 99999999999999999999",
                                         "max_qos 3",
                                         "listener 65536",
                                         "listener 1 a b",
                                         "listener 0 x",
                                         "log_facility 8",
                                         "log_dest file",
                                         "queue_overflow none",
                                         "persistent_client_expiration 3",
                                         "persistent_client_expiration h",
                                         "mount_point a/#",
                                         "accept_protocol_versions 6",
                                         "unix_socket_mode 999",
                                         "enable_proxy_protocol 3",
                                         "proxy_protocol_trusted x",
                                         "tls_keyform der",
                                         "tls_engine_kpass_sha1 x",
                                         "trace_topic a/#/b",
                                         "persistence maybe",
                                         "acl_subscribe_mode lax",
                                         "plugin /x/y.so",
                                         "address x",
                                         "threshold 3",
                                         "port 0"}) {
        CAPTURE(wrong);
        const Read all = read(lines({"# first", wrong}));
        REQUIRE(all.conf.problems.size() == 1);
        CHECK(all.conf.has_errors());
        const std::string key(wrong.substr(0, wrong.find(' ')));
        CHECK(all.conf.problems[0].text.find("/conf:2: " + key + ": ") != std::string::npos);
    }
    for (const std::string_view wrong :
         {"address [::1]:x", "address :1", "topic #  sideways", "topic # out 3",
          "topic a b c d e f", "topic \"a", "start_type manual", "restart_timeout 5 3",
          "restart_timeout 0", "bridge_tcp_keepalive 1 2", "bridge_protocol_version mqttv4",
          "bridge_reload_type later", "bridge_require_ocsp true", "bridge_tls_version tlsv1.1",
          "connection a"}) {
        CAPTURE(wrong);
        const Read all = read(lines({"connection a", wrong}));
        CHECK(std::any_of(all.conf.problems.begin(), all.conf.problems.end(), [&](const auto& p) {
            const std::string key(wrong.substr(0, wrong.find(' ')));
            return p.is_error && p.text.find("/conf:2: " + key + ": ") != std::string::npos;
        }));
    }
}

TEST_CASE("conf: include_dir reads the files of a folder in their order, of the main file only") {
    const test::TempFolder folder;
    const std::string& path = folder.path();
    std::ofstream(path + "/main") << "include_dir " << path
                                  << "/d\nmax_inflight_bytes 4\ninclude_dir " << path << "/none\n";
    std::filesystem::create_directory(path + "/d");
    std::ofstream(path + "/d/10-b.conf") << "listener 2\n\nmax_qoss 1\n";
    std::ofstream(path + "/d/05-a.conf") << "listener 1\nmax_qos 1\ninclude_dir /\n";
    std::ofstream(path + "/d/99.txt") << "listener 3\n";
    Conf conf;
    read_conf(conf, path + "/main");
    REQUIRE(conf.listeners.size() == 2);
    CHECK(conf.listeners[0].port == 1);
    CHECK(conf.listeners[0].limits.maximum_qos == QoS::at_least_once);
    CHECK(conf.listeners[1].port == 2);
    CHECK(conf.config.maximum_inflight_bytes == 4);
    CHECK(conf.listeners[1].place == path + "/d/10-b.conf:1");
    REQUIRE(conf.problems.size() == 3);
    CHECK(conf.problems[0].text ==
          path + "/d/05-a.conf:3: include_dir works in the main file only");
    CHECK(conf.problems[1].text.starts_with(path + "/d/10-b.conf:3: unknown key 'max_qoss'"));
    CHECK(conf.problems[1].text.find("did you mean max_qos?") != std::string::npos);
    CHECK(conf.problems[2].text ==
          path + "/main:3: include_dir: " + path + "/none: No such file or directory");
}

TEST_CASE("conf: what a flag says about limits holds without a file, and against one") {
    const test::TempFolder folder;
    const std::string file = folder.path() + "/conf";
    std::ofstream(file)
        << "listener 1\nlistener 2\nconnect_timeout 9\nmax_connect_rate 9\nglobal_max_connections "
           "9\n"
           "max_connections_per_address 9\nmax_inflight_messages 9\nmax_keepalive "
           "9\nmax_login_delay 9\n"
           "max_packet_size 99\nmax_publish_rate 9\nmax_queued_bytes 9\nmax_queued_messages 9\n"
           "max_subscriptions 9\nmemory_limit 9\nqueue_memory 9\nqueue_overflow oldest\n"
           "persistent_client_expiration 9d\n";
    const auto config = [](const std::vector<std::string>& words) {
        tools::Invocation invocation;
        invocation.uses = tools::parse_words(words, tool_info().flags, tools::Persona::ours);
        return read_setup(invocation).config;
    };
    std::set<std::string_view> tried;
    for (const auto& row : kLimitFlags) {
        CAPTURE(row.line);
        const std::string flag(row.key());
        tried.insert(row.key().substr(2));
        const std::string value(row.line.substr(flag.size() + 1));
        CHECK(row.holds(config({flag, value})));
        CHECK(row.holds(config({"-c", file, flag, value})));
        CHECK(row.holds(config({flag, value, "-c", file, "--listen", "mqtt://127.0.0.1:3"})));
        CHECK_FALSE(row.holds(config({"-c", file})));
    }
    // Listeners of flags have what the file says of all.
    const auto listeners = config({"-c", file, "--listen", "mqtt://127.0.0.1:3"}).listeners;
    CHECK(listeners.size() == 3);
    CHECK(listeners.back().limits.maximum_packet_size == 99);
    CHECK(config({"-c", file, "--max-packet-size", "0"}).listeners[0].limits.maximum_packet_size ==
          0);
    for (const auto& row : limit_flags())
        CHECK_MESSAGE(tried.contains(row.flag.long_name), row.flag.long_name);
}

TEST_CASE("conf: log_type chooses the levels, none is silence, and -v wins over both") {
    const auto settings = [](const std::string& text, bool verbose = false) {
        Options options;
        options.verbose = verbose;
        return log_settings(read(text).conf, options);
    };
    const auto levels = [](const LogSettings& log) {
        return std::vector<bool>{log.errors, log.warnings, log.notices, log.quiet};
    };
    using Levels = std::vector<bool>;
    CHECK(levels(settings("")) == Levels{true, true, true, false});
    CHECK(levels(settings("log_type error\n")) == Levels{true, false, false, false});
    CHECK(levels(settings("log_type warning\n")) == Levels{false, true, false, false});
    CHECK(levels(settings("log_type notice\n")) == Levels{false, false, true, false});
    CHECK(levels(settings("log_type information\n")) == Levels{false, false, true, false});
    CHECK(levels(settings("log_type subscribe\n")) == Levels{false, false, false, false});
    CHECK(levels(settings("log_type error\nlog_type all\n")) == Levels{true, true, true, false});
    CHECK(settings("log_type none\n").quiet);
    CHECK(settings("log_dest none\n").quiet);
    CHECK(levels(settings("log_dest none\n", true)) == Levels{true, true, true, false});
    CHECK(levels(settings("log_type error\n", true)) == Levels{true, true, true, false});
    for (const std::string type : {"subscribe", "unsubscribe"})
        CHECK(read("log_type " + type).config.log_subscriptions);
    const LogSettings two = settings("log_dest stdout\nlog_dest file /x/y\n");
    CHECK(two.destinations == std::vector<std::string>{"stdout", "/x/y"});
    CHECK(two.places[1].ends_with("/conf:2"));
}

// Passwords, access lists, certificates and the log have their own ways.
TEST_CASE("conf: a reload takes what it is said to take, and says of nothing else that it does") {
    const std::set<std::string_view> elsewhere = {"allow_anonymous",
                                                  "acl_file",
                                                  "acl_subscribe_mode",
                                                  "auth_opt_acl_file",
                                                  "auth_opt_password_file",
                                                  "log_format",
                                                  "log_timestamp",
                                                  "log_timestamp_format",
                                                  "password_file",
                                                  "plugin_opt_acl_file",
                                                  "plugin_opt_password_file",
                                                  "psk_file",
                                                  "cafile",
                                                  "capath",
                                                  "certfile",
                                                  "ciphers",
                                                  "ciphers_tls1.3",
                                                  "crlfile",
                                                  "disable_client_cert_date_checks",
                                                  "keyfile",
                                                  "psk_hint",
                                                  "require_certificate",
                                                  "tls_engine",
                                                  "tls_engine_kpass_sha1",
                                                  "tls_keyform",
                                                  "tls_version"};
    const auto check = [&](std::string_view line, std::string_view key) {
        CAPTURE(line);
        const Read before = read("listener 1\n");
        const Read after = read(lines({"listener 1", line}));
        const bool is_taken =
            elsewhere.contains(key) || !mqtt::broker::has_limits_of(before.config, after.config);
        CHECK(is_reloaded(key) == is_taken);
    };
    for (const auto& row : kGeneral)
        if (row.key() != "allow_duplicate_messages") check(row.line, row.key());
    for (const auto& row : kListener)
        check(row.line, row.key());
    for (const auto& row : kBridge)
        CHECK(is_reloaded(row.key()));
}
