// Password and ACL files: what is read, what is refused with its line, and what they allow.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>

#include "broker/sources.hpp"
#include "mqtt/access.hpp"
#include "mqtt/store.hpp"
#include "support/stored_broker.hpp"
#include "support/temp_folder.hpp"

using namespace mqtt;

namespace {

// A file of a test, gone afterwards.
class TextFile {
public:
    explicit TextFile(std::string_view text) {
        char pattern[] = "/tmp/mqtt-access.XXXXXX";
        REQUIRE(::mkdtemp(pattern) != nullptr);
        folder_ = pattern;
        path_ = folder_ + "/file";
        std::ofstream(path_) << text;
    }
    TextFile(const TextFile&) = delete;
    TextFile& operator=(const TextFile&) = delete;
    ~TextFile() { std::filesystem::remove_all(folder_); }
    const std::string& path() const { return path_; }

private:
    std::string folder_;
    std::string path_;
};

// Its digest is cut short.
constexpr std::string_view kCutShort = R"(# comment
alice:$7$101$aW0jm2a2QplJH8mK$VLvXxT7GRuA==
)";

AccessList list_of(std::string_view text) {
    const TextFile file(text);
    AccessList list;
    const FileError error = list.load(file.path());
    REQUIRE_MESSAGE(!error, error.text);
    return list;
}

bool publish(const AccessList& list, std::string_view user, std::string_view topic,
             std::string_view client = "c") {
    return list.allows({Access::publish, client, user, topic});
}
bool deliver(const AccessList& list, std::string_view user, std::string_view topic,
             std::string_view client = "c") {
    return list.allows({Access::deliver, client, user, topic});
}
bool subscribe(const AccessList& list, std::string_view user, std::string_view filter) {
    return list.allows({Access::subscribe, "c", user, filter});
}

}  // namespace

TEST_CASE("password file: what it sets it checks, and what it saves it loads") {
    PasswordFile file;
    file.set("alice", as_bytes("secret"), 101);
    file.set("bob", as_bytes(""), 1);
    CHECK(file.check("alice", as_bytes("secret")));
    CHECK(!file.check("alice", as_bytes("Secret")));
    CHECK(!file.check("alice", as_bytes("")));
    CHECK(!file.check("carol", as_bytes("secret")));
    CHECK(file.check("bob", as_bytes("")));

    const TextFile place("");
    REQUIRE(file.save(place.path()));
    PasswordFile again;
    const FileError error = again.load(place.path());
    REQUIRE_MESSAGE(!error, error.text);
    CHECK(again.size() == 2);
    CHECK(again.check("alice", as_bytes("secret")));
    CHECK(!again.check("alice", as_bytes("secret2")));
    CHECK(again.remove("alice"));
    CHECK(!again.remove("alice"));
    CHECK(!again.has_user("alice"));
}

TEST_CASE("password file: a password may hold any byte") {
    PasswordFile file;
    const std::string password("a\0b", 3);
    file.set("alice", as_bytes(password), 1);
    CHECK(file.check("alice", as_bytes(password)));
    CHECK(!file.check("alice", as_bytes(std::string_view("a"))));
}

TEST_CASE("password file: mistakes are told with file and line") {
    const auto error_of = [](std::string_view text) {
        const TextFile file(text);
        PasswordFile passwords;
        std::string said = passwords.load(file.path()).text;
        return said.empty() ? said : said.substr(file.path().size());
    };
    CHECK(error_of("") == "");
    CHECK(error_of("# alice:x\n\nno colon here\n") == "");
    CHECK(error_of("alice:secret\n").starts_with(":1: not a password"));
    CHECK(error_of("\nalice:$7$x$AAAA$AAAA\n").starts_with(":2: not a password"));
    CHECK(error_of("alice:$7$4294967296$AAAA$AAAA\n").starts_with(":1: not a password"));
    CHECK(error_of(kCutShort).starts_with(":2: not a password"));
    PasswordFile file;
    file.set("alice", as_bytes("x"), 1);
    const TextFile place("");
    REQUIRE(file.save(place.path()));
    std::string twice;
    std::getline(std::ifstream(place.path()), twice);
    CHECK(error_of(twice + '\n' + twice + '\n') == ":2: this user is there twice");
    PasswordFile none;
    CHECK(none.load("/nonexistent/passwords").text == "/nonexistent/passwords: cannot be read");
}

TEST_CASE("access list: users, anonymous clients and access words") {
    const AccessList list = list_of(
        "topic read news/#\n"
        "user alice\n"
        "topic write sensors/alice/+\n"
        "topic readwrite shared\n"
        "topic with spaces/#\n"
        "topic deny shared/secret\n"
        "topic shared/#\n");
    CHECK(deliver(list, "", "news/today"));
    CHECK(!publish(list, "", "news/today"));
    CHECK(!deliver(list, "alice", "news/today"));
    CHECK(publish(list, "alice", "sensors/alice/1"));
    CHECK(!deliver(list, "alice", "sensors/alice/1"));
    CHECK(!publish(list, "alice", "sensors/alice/1/2"));
    CHECK(publish(list, "alice", "with spaces/x"));
    CHECK(deliver(list, "alice", "shared/x"));
    CHECK(!deliver(list, "alice", "shared/secret"));  // denials come first
    CHECK(!publish(list, "bob", "shared"));
}

TEST_CASE("access list: a subscription of which a denial leaves nothing is refused") {
    const AccessList list = list_of(
        "user alice\n"
        "topic deny home/private/#\n"
        "topic deny home/+/secret\n"
        "topic readwrite home/#\n"
        "pattern deny all/#\n"
        "pattern read all/%u\n");
    for (const char* refused : {"home/private/#", "home/private", "home/private/+/x",
                                "home/x/secret", "home/+/secret", "all/#", "all/alice"}) {
        CAPTURE(refused);
        CHECK(!subscribe(list, "alice", refused));
    }
    for (const char* granted : {"home/#", "home/+", "home/+/+", "#", "home/x/secret/#"}) {
        CAPTURE(granted);
        CHECK(subscribe(list, "alice", granted));
    }
}

TEST_CASE("access list: patterns take the client's names, as whole levels only") {
    const AccessList list =
        list_of("pattern write in/%u/%c\npattern read out/%u/#\npattern x%u/y\n");
    CHECK(publish(list, "alice", "in/alice/c"));
    CHECK(!publish(list, "alice", "in/bob/c"));
    CHECK(!publish(list, "alice", "in/alice/d"));
    CHECK(deliver(list, "alice", "out/alice/a/b"));
    CHECK(!publish(list, "", "in//c"));  // no user, no pattern with %u
    CHECK(!publish(list, "alice", "xalice/y"));
    CHECK(!deliver(list, "+", "out/alice/a"));  // CVE-2017-7650
    CHECK(!publish(list, "alice", "in/alice/#", "#"));
}

TEST_CASE("access list: an empty file denies everything") {
    const AccessList list = list_of("# nothing\n");
    CHECK(!publish(list, "", "a"));
    CHECK(!deliver(list, "alice", "a"));
    CHECK(!subscribe(list, "alice", "a"));
}

TEST_CASE("access list: a subscription needs a filter that can match something readable") {
    const AccessList list = list_of(
        "user alice\ntopic read a/+/c\ntopic write w\ntopic read b/#\n"
        "topic read $SYS/broker/uptime\ntopic subscribe s/1\n");
    CHECK(subscribe(list, "alice", "a/b/c"));
    CHECK(subscribe(list, "alice", "#"));
    CHECK(subscribe(list, "alice", "+/x/+"));
    CHECK(subscribe(list, "alice", "b"));
    CHECK(subscribe(list, "alice", "b/x/#"));
    CHECK(subscribe(list, "alice", "$share/group/a/b/c"));
    CHECK(subscribe(list, "alice", "$SYS/#"));
    CHECK(subscribe(list, "alice", "s/1"));
    CHECK(!deliver(list, "alice", "s/1"));
    CHECK(!subscribe(list, "alice", "a/b"));
    CHECK(!subscribe(list, "alice", "a/b/c/d"));
    CHECK(!subscribe(list, "alice", "w"));
    CHECK(!subscribe(list, "bob", "#"));
    CHECK(!subscribe(list, "alice", "$SYS/broker/version"));
}

TEST_CASE("access list: mistakes are told with file and line") {
    const auto error_of = [](std::string_view text) {
        const TextFile file(text);
        AccessList list;
        std::string said = list.load(file.path()).text;
        return said.empty() ? said : said.substr(file.path().size());
    };
    CHECK(error_of("topic a/#/b\n") == ":1: not a topic filter: 'a/#/b'");
    CHECK(error_of("\nuser\n") == ":2: the name is missing after user");
    CHECK(error_of("allow a\n") == ":1: 'allow' is none of user, topic and pattern");
    CHECK(error_of("topic read\n") == "");  // a topic of that name, as mosquitto has it
}

TEST_CASE("access: rights are checked on publish, subscribe, delivery and retained messages") {
    const auto list =
        std::make_shared<AccessList>(list_of("user writer\ntopic write #\nuser reader\ntopic read "
                                             "open/#\nuser late\ntopic read open/#\n"));
    BrokerConfig config = test::loopback();
    config.authorize = [list](const AccessRequest& request) { return list->allows(request); };
    test::TestBroker broker(config);
    const auto login = [&](std::string_view name) {
        test::RawClient client = broker.client();
        client.connect({.client_id = name, .user_name = name});
        return client;
    };
    test::RawClient reader = login("reader");
    CHECK(reader.subscribe("closed/x").front() == ReasonCode::not_authorized);
    CHECK(reader.subscribe("#", QoS::at_least_once).front() == ReasonCode::granted_qos_1);

    test::RawClient writer = login("writer");
    Publish kept;
    kept.topic = "closed/x";
    kept.payload = as_bytes("1");
    kept.retain = true;
    writer.send(kept);
    writer.publish("open/x", "2", QoS::at_least_once, 1);
    CHECK(writer.expect<Ack>().reason == ReasonCode::success);
    CHECK(reader.expect<Publish>().topic == "open/x");
    reader.publish("open/x", "3", QoS::at_least_once, 1);
    CHECK(reader.expect<Ack>().reason == ReasonCode::not_authorized);

    test::RawClient late = login("late");
    late.subscribe("#");
    late.expect_silence();  // the retained message is not for it
}

TEST_CASE("retained source: one each, as long as a message is of it") {
    broker::Sources sources;
    const auto alice = sources.take({"c", "alice", 0});
    CHECK(sources.take({"c", "alice", 0}) == alice);
    const auto other_listener = sources.take({"c", "alice", 1});
    const auto anonymous = sources.take({"c", "", 0});
    CHECK(other_listener != alice);
    CHECK(anonymous != alice);
    CHECK(sources.at(other_listener).listener == 1);
    CHECK(sources.at(alice).user_name == "alice");
    sources.release(alice);
    CHECK(sources.count() == 3);
    sources.release(alice);
    sources.release(0);
    CHECK(sources.count() == 2);
    CHECK(sources.take({"d", "bob", 0}) == alice);  // its place, again
    CHECK(sources.at(alice).client_id == "d");
    CHECK(sources.take({"c", "alice", 0}) != alice);
}

namespace {

// Whose right to publish is taken away while the broker runs: a reload.
struct Revocable {
    std::atomic<bool> is_revoked = false;
    BrokerConfig in(BrokerConfig config) {
        config.authorize = [this](const AccessRequest& request) {
            return request.access != Access::publish || request.client_id != "writer" ||
                   request.user_name != "w" || request.listener != 0 || !is_revoked;
        };
        return config;
    }
};

test::RawClient log_in(const test::TestBroker& broker, std::string_view id, std::string_view user) {
    test::RawClient client = broker.client();
    client.connect({.client_id = id, .user_name = user});
    return client;
}

// What of the retained messages comes with a new subscription, in order of topics.
std::string retained_of(const test::TestBroker& broker, QoS qos = QoS::at_most_once) {
    test::RawClient reader = broker.client("reader");
    reader.subscribe("#", qos);
    reader.send(Pingreq{});
    std::set<std::string> topics;
    for (;;) {
        const Packet packet = reader.receive();
        if (std::holds_alternative<Pingresp>(packet)) break;
        topics.emplace(std::get<Publish>(packet).topic);
    }
    std::string all;
    for (const std::string& topic : topics)
        all += topic + ' ';
    return all;
}

}  // namespace

TEST_CASE("retained source: a message is sent while who published it may still do so") {
    for (const unsigned threads : test::kThreadCounts) {
        Revocable rights;
        test::TestBroker broker(rights.in(test::with_threads(threads)));
        test::RawClient writer = log_in(broker, "writer", "w");
        writer.publish_acked("a", "1", true);
        writer.publish_acked("b", "1", true);
        log_in(broker, "other", "w").publish_acked("c", "1", true);
        log_in(broker, "writer", "x").publish_acked("d", "1", true);
        CHECK(retained_of(broker) == "a b c d ");
        rights.is_revoked = true;
        CHECK(retained_of(broker) == "c d ");
        CHECK(retained_of(broker, QoS::at_least_once) == "c d ");
        log_in(broker, "other", "w").publish_acked("a", "2", true);
        CHECK(retained_of(broker) == "a c d ");
        rights.is_revoked = false;
        CHECK(retained_of(broker) == "a b c d ");

        rights.is_revoked = true;
        BrokerConfig next = broker->config();
        next.check_retain_source = false;
        REQUIRE(broker->change_limits(next).ok());
        CHECK(test::eventually([&] { return retained_of(broker) == "a b c d "; }));
    }
}

TEST_CASE("retained source: it is known after a restart, and nobody of what came without rights" *
          doctest::skip(!no_store().empty())) {
    const test::TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    {
        test::TestBroker broker(test::stored(file));
        log_in(broker, "writer", "w").publish_acked("before", "1", true);
    }
    Revocable rights;
    {
        test::TestBroker broker(rights.in(test::stored(file)));
        log_in(broker, "writer", "w").publish_acked("a", "1", true);
        log_in(broker, "other", "").publish_acked("b", "1", true);
    }
    {
        rights.is_revoked = true;
        test::TestBroker broker(rights.in(test::stored(file)));
        CHECK(retained_of(broker) == "b before ");
    }
    std::string message;
    std::string lines;
    const auto store = StoreFile::open(file, message);
    REQUIRE_MESSAGE(store, message);
    REQUIRE(store->export_lines(
        [&](std::string_view line) {
            lines += line;
            return true;
        },
        message));
    CHECK(lines.find("\"source_client_id\":\"writer\",\"source_username\":\"w\"") !=
          std::string::npos);
}
