// The hostile battery: every case of tests/spec/hostile/*.txt against one broker, each with the reaction
// that has to come; after each the broker serves others, and at the end nothing is left behind.
#include <doctest/doctest.h>
#include <malloc.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>

#include "mqtt/access.hpp"
#include "net/loop.hpp"
#include "support/attacker.hpp"
#include "support/hostile_case.hpp"
#include "support/test_broker.hpp"
#include "support/test_certificates.hpp"

using namespace ::test;
using mqtt::test::all_hostile_cases;
using mqtt::test::Attacker;
using mqtt::test::hostile_bytes;
using mqtt::test::HostileCase;
using mqtt::test::HostileStep;
using mqtt::test::TestAuthority;

#ifdef MQTT_SANITIZED
// GCC has the function, but not its header.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace {

constexpr const char* kListeners[] = {"tcp", "ws", "tls", "wss", "tight", "tight2", "guarded"};
constexpr std::size_t kGuarded = 6;

constexpr const char* kAccessList =
    "topic read open/#\n"
    "user ann\n"
    "topic deny ann/private/#\n"
    "topic readwrite ann/#\n"
    "topic read open/#\n"
    "user bob\n"
    "topic read open/#\n"
    "pattern write own/%c\n"
    "pattern readwrite home/%u/#\n";

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        static_cast<void>(entry);
        ++count;
    }
    return count;
}

// Of this whole process, the broker's part that it does not count itself included.
std::size_t heap_bytes() {
#ifdef MQTT_SANITIZED
    return __sanitizer_get_current_allocated_bytes();
#else
    return mallinfo2().uordblks;
#endif
}

// The broker under attack, with one listener of each kind.
class Target {
public:
    Target() : broker_(config()) {}
    std::uint16_t port(std::string_view listener) const {
        for (std::size_t i = 0; i < std::size(kListeners); ++i)
            if (listener == kListeners[i]) return broker_.port(i);
        throw std::runtime_error("no listener " + std::string(listener));
    }
    TestBroker& broker() { return broker_; }

private:
    BrokerConfig config() {
        const std::string access_file = authority_.directory() + "/acl";
        std::ofstream(access_file) << kAccessList;
        REQUIRE_FALSE(access_.load(access_file));
        passwords_.set("ann", as_bytes("secret"), 1);
        passwords_.set("bob", as_bytes("b"), 1);

        BrokerConfig config = loopback();
        const ListenerConfig plain = config.listeners.front();
        config.listeners.assign(std::size(kListeners), plain);
        config.listeners[1].endpoint.transport = Transport::websocket;
        config.listeners[2].endpoint.transport = Transport::tls;
        config.listeners[3].endpoint.transport = Transport::secure_websocket;
        const auto files = authority_.issue();
        for (const std::size_t i : {2, 3}) {
            config.listeners[i].tls.certificate_file = files.certificate;
            config.listeners[i].tls.key_file = files.key;
        }
        ListenerLimits& tight = config.listeners[4].limits;
        tight.maximum_packet_size = 1'000;
        tight.topic_alias_maximum = 5;
        tight.maximum_qos = QoS::at_least_once;
        tight.retain_available = false;
        tight.wildcard_subscription_available = false;
        tight.subscription_identifiers_available = false;
        tight.shared_subscription_available = false;
        config.listeners[5].limits.receive_maximum = 10;
        config.connect_timeout = std::chrono::seconds(1);
        config.match_cache_bytes = 64 * 1024;
        config.authenticate = [this](const LoginRequest& request) {
            if (request.listener != kGuarded || !request.user_name) return ReasonCode::success;
            if (!request.password || !passwords_.check(*request.user_name, *request.password))
                return ReasonCode::bad_user_name_or_password;
            return ReasonCode::success;
        };
        config.authorize = [this](const AccessRequest& request) {
            return request.listener != kGuarded || access_.allows(request);
        };
        return config;
    }

    TestAuthority authority_;
    AccessList access_;
    PasswordFile passwords_;
    TestBroker broker_;
};

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        if (end != 0) parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

bool is_number(const std::string& word) {
    return word.find_first_not_of("0123456789ABCDEF") == std::string::npos && word.size() <= 4;
}

// One way in which it may go: events in order ("SUBACK 00 8F"; without codes: any), "any" for any
// number of them; then perhaps the end, or that the connection still works.
struct Outcome {
    explicit Outcome(const std::string& text) {
        for (const std::string& word : split(text, ' ')) {
            if (word == "open") {
                is_open = true;
            } else if (is_number(word) && !events.empty()) {
                events.back() += " " + word;
            } else if (const std::size_t star = word.find('*'); star != std::string::npos) {
                events.insert(events.end(), std::stoul(word.substr(star + 1)),
                              word.substr(0, star));
            } else {
                events.push_back(word);
            }
        }
        if (is_open) events.emplace_back("PINGRESP");
    }
    static bool is_like(const std::string& came, const std::string& expected) {
        return came == expected ||
               (expected.find(' ') == std::string::npos && came.starts_with(expected + " "));
    }
    bool matches(const std::vector<std::string>& came) const {
        std::size_t at = 0;
        for (std::size_t i = 0; i < events.size(); ++i) {
            if (events[i] == "any") {
                const std::size_t after = events.size() - i - 1;
                if (came.size() < at + after) return false;
                at = came.size() - after;
            } else if (at == came.size() || !is_like(came[at++], events[i])) {
                return false;
            }
        }
        return at == came.size();
    }
    std::size_t pings() const {
        return static_cast<std::size_t>(std::count(events.begin(), events.end(), "PINGRESP"));
    }
    std::vector<std::string> events;
    bool is_open = false;
};

std::string shortened(const std::vector<std::string>& events) {
    std::string text;
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (i == 8) return text + " ... (" + std::to_string(events.size()) + ")";
        text += (i == 0 ? "" : ", ") + events[i];
    }
    return text.empty() ? "nothing" : text;
}

// Runs one case; empty, or what went wrong.
class Run {
public:
    Run(Target& target, const HostileCase& hostile) : target_(target), case_(hostile) { open(); }

    std::string result() {
        for (const HostileStep& step : case_.steps) {
            const std::string wrong = carry_out(step);
            if (wrong.empty()) continue;
            return case_.file + ":" + std::to_string(step.line) + " (" + case_.name + "): " + wrong;
        }
        return {};
    }

private:
    ProtocolVersion version() const {
        return case_.version == 3   ? ProtocolVersion::v3_1
               : case_.version == 4 ? ProtocolVersion::v3_1_1
                                    : ProtocolVersion::v5;
    }
    void open() {
        const std::string& name = case_.listener;
        const auto wire = name == "ws"                     ? Attacker::Wire::http
                          : name == "tls" || name == "wss" ? Attacker::Wire::opaque
                                                           : Attacker::Wire::mqtt;
        attacker_ = std::make_unique<Attacker>(target_.port(name), wire, version());
    }
    std::string carry_out(const HostileStep& step) {
        using Kind = HostileStep::Kind;
        switch (step.kind) {
        case Kind::send: {
            std::string bytes;
            for (std::size_t i = 1; i <= step.repeat; ++i)
                bytes += hostile_bytes(step.text, static_cast<std::uint16_t>(i));
            attacker_->send(bytes);
            return {};
        }
        case Kind::trickle:
            attacker_->trickle(hostile_bytes(step.text, 1),
                               std::chrono::milliseconds(step.pause_ms));
            return {};
        case Kind::login: return log_in(step.text.empty() ? "hostile" : step.text);
        case Kind::upgrade:
            attacker_->send(
                "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
            return expect("HTTP 101");
        case Kind::expect: return expect(step.text);
        case Kind::close: attacker_->close(); return {};
        case Kind::reset: attacker_->reset(); return {};
        case Kind::half_close: attacker_->half_close(); return {};
        }
        return {};
    }
    std::string log_in(const std::string& id) {
        if (!attacker_->is_open()) open();
        Connect connect;
        connect.version = version();
        connect.client_id = id;
        connect.clean_start = true;
        connect.keep_alive = 60;
        const auto bytes = encoded(version(), connect);
        attacker_->send(as_text(Bytes(bytes)));
        return expect("CONNACK 00");
    }
    std::string expect(const std::string& text) {
        std::vector<Outcome> outcomes;
        for (const std::string& way : split(text, '|'))
            outcomes.emplace_back(way);
        std::size_t pings = 0, count = static_cast<std::size_t>(-1);
        bool to_the_end = false;
        for (const Outcome& outcome : outcomes) {
            if (outcome.is_open) pings = std::max(pings, outcome.pings());
            if (!outcome.events.empty() && outcome.events.back() == "closed") to_the_end = true;
            count = std::min(count, outcome.events.size());
        }
        if (pings != 0) {
            attacker_->send(std::string("\xC0\x00", 2));
            count = 0;
        } else if (to_the_end) {
            count = static_cast<std::size_t>(-1);
        }
        attacker_->read_until(count, pings);
        std::vector<std::string> came;
        came.swap(attacker_->events);
        for (const Outcome& outcome : outcomes)
            if (outcome.matches(came)) return {};
        return "expected " + text + ", came " + shortened(came);
    }

    Target& target_;
    const HostileCase& case_;
    std::unique_ptr<Attacker> attacker_;
};

// Two clients that talk to each other through all of it.
class Witnesses {
public:
    explicit Witnesses(Target& target)
        : publisher_(target.port("tcp"))
        , subscriber_(target.port("tcp")) {
        publisher_.connect({.client_id = "witness-pub", .keep_alive = 0});
        subscriber_.connect({.client_id = "witness-sub", .keep_alive = 0});
        subscriber_.subscribe("witness/#", QoS::at_most_once);
    }
    void check() {
        const std::string text = std::to_string(++number_);
        REQUIRE(publisher_.publish_acked("witness/x", text) == ReasonCode::success);
        subscriber_.expect_publish("witness/x", text);
    }

private:
    RawClient publisher_, subscriber_;
    int number_ = 0;
};

bool is_at_rest(const BrokerStats& stats) {
    return stats.sockets == 2 && stats.sessions == 2 && stats.clients_connected == 2 &&
           stats.subscriptions == 1 && stats.shared_subscriptions == 0 &&
           stats.queued_messages == 0 && stats.retained_messages == 0;
}

}  // namespace

TEST_CASE("hostile: every case is met as its line says, and leaves nothing behind") {
    const std::vector<HostileCase> cases = all_hostile_cases();
    CHECK(cases.size() >= 300);
    Target target;
    Witnesses witnesses(target);
    witnesses.check();
    const auto run_all = [&](bool with_slow) {
        std::vector<std::future<std::string>> slow;
        for (const HostileCase& one : cases) {
            if (!one.is_slow() || !with_slow) continue;
            slow.push_back(
                std::async(std::launch::async, [&] { return Run(target, one).result(); }));
        }
        for (const HostileCase& one : cases) {
            if (one.is_slow()) continue;
            CHECK(Run(target, one).result() == "");
            witnesses.check();
        }
        for (std::future<std::string>& one : slow)
            CHECK(one.get() == "");
        witnesses.check();
    };
    const auto rest = [&] {
        return eventually([&] { return is_at_rest(target.broker()->stats()); });
    };
    const std::size_t descriptors = open_descriptors();
    run_all(true);
    CHECK(rest());
    CHECK(open_descriptors() == descriptors);
    // Caches and tables have their size now: the second time must not need more.
    const std::uint64_t memory = target.broker()->stats().memory_bytes;
    const std::size_t heap = heap_bytes();
    run_all(false);
    CHECK(rest());
    CHECK(open_descriptors() == descriptors);
    // What a connection leaves is freed a moment after it has left the counts.
    CHECK(eventually([&] { return target.broker()->stats().memory_bytes <= memory + 64 * 1024; }));
    // A loop keeps the blocks that it has lent in one turn, of which the second time may have needed more.
    constexpr std::size_t kBlocks = net::Loop::kReadBlocks * net::Loop::kReadBufferBytes;
    CHECK(eventually([&] { return heap_bytes() <= heap + kBlocks + 256 * 1024; }));
    MESSAGE(cases.size() << " cases, twice");
}
