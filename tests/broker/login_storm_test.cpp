// Storms of wrong passwords: what is delayed, what is remembered, what a budget bounds, and that the right password
// gets in all the same.
#include <atomic>
#include <ctime>

#include "broker/login_budget.hpp"
#include "broker/login_guard.hpp"
#include "broker/login_lanes.hpp"
#include "broker/login_memory.hpp"
#include "broker/login_office.hpp"
#include "mqtt/limits.hpp"
#include "support/test_broker.hpp"

using namespace ::test;
using broker::LoginGuard;
using broker::LoginMemory;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};
constexpr Duration kLongest = 5s;

LoginRequest request(std::string_view user, std::string_view password, std::size_t listener = 0) {
    LoginRequest made;
    made.user_name = user;
    made.password = as_bytes(password);
    made.listener = listener;
    return made;
}

// Passwords are right when they are "right"; each check is counted and may burn CPU.
struct Check {
    void install(BrokerConfig& config, std::chrono::milliseconds cost = 0ms) {
        config.login_threads = 1;
        config.remembered_logins = 100;
        config.authenticate = [this, cost](const LoginRequest& asked) {
            ++count;
            const std::clock_t end = std::clock() + cost.count() * CLOCKS_PER_SEC / 1000;
            while (cost.count() != 0 && std::clock() < end) {
            }
            const std::string right = is_changed ? "new" : "right";
            return asked.password && as_text(*asked.password) == right ? ReasonCode::success
                                                                       : ReasonCode::not_authorized;
        };
    }
    std::atomic<int> count = 0;
    std::atomic<bool> is_changed = false;
};

RawClient try_login(const TestBroker& broker, std::string_view user, std::string_view password,
                    ProtocolVersion version = ProtocolVersion::v5) {
    RawClient client(broker.port(), version);
    client.send_connect({.client_id = user, .user_name = user, .password = password});
    return client;
}

ReasonCode outcome(RawClient client) {
    return client.expect<Connack>().reason;
}

std::uint64_t delayed(TestBroker& broker) {
    return broker->stats().limits[Limit::login_delay];
}

}  // namespace

TEST_CASE(
    "login storm: failures cost a hundredth of what the broker uses, and an idle one does not wait "
    "long") {
    using broker::LoginBudget;
    const auto wait_after = [](double busy, Duration cost) {
        LoginBudget budget;
        budget.charge(LoginBudget::others, 0ms, kStart, 0ms);
        const TimePoint now = kStart + 1s;
        budget.charge(LoginBudget::suspects, cost, now,
                      std::chrono::duration_cast<Duration>(busy * 1s));
        CHECK(budget.paid_until(LoginBudget::others) <= now);
        return budget.paid_until(LoginBudget::suspects) - now;
    };
    CHECK(wait_after(1, 1ms) == 99ms);
    CHECK(wait_after(0.75, 1ms) == 132ms);
    CHECK(wait_after(0, 1ms) == 150ms);
    CHECK(wait_after(3, 1ms) == 99ms);  // threads
    CHECK(wait_after(1, 2ms) == 150ms);
    CHECK(wait_after(1, 100ms) == 3900ms);
    CHECK(wait_after(0.1, 100ms) == 3900ms);
    // Debts add up, and a moment says nothing of how busy the broker is.
    LoginBudget budget;
    budget.charge(LoginBudget::others, 1ms, kStart, 0ms);
    budget.charge(LoginBudget::others, 1ms, kStart + 50ms, 50ms);
    CHECK(budget.paid_until(LoginBudget::others) == kStart + 300ms);
}

TEST_CASE("login storm: refusals come later and later, and failures are forgotten") {
    LoginGuard guard;
    const auto source = LoginGuard::source_of("192.0.2.1:1", "u");
    for (int i = 0; i < LoginGuard::kFree; ++i)
        CHECK(guard.failed(source, kStart, kLongest) == Duration::zero());
    CHECK_FALSE(guard.is_suspect(source, kStart));
    for (const auto expected : {200ms, 400ms, 800ms, 1600ms, 3200ms, 5000ms, 5000ms})
        CHECK(guard.failed(source, kStart, kLongest) == expected);
    CHECK(guard.is_suspect(source, kStart));
    // The address alone, whatever its port and user, and the user alone, wherever from.
    CHECK(guard.is_suspect(LoginGuard::source_of("192.0.2.1:2", "other"), kStart));
    CHECK_FALSE(guard.is_suspect(LoginGuard::source_of("192.0.2.2:1", "other"), kStart));
    for (int i = 0; i < LoginGuard::kFree + 1; ++i) {
        const std::string address = "198.51.100." + std::to_string(i) + ":1";
        guard.failed(LoginGuard::source_of(address, "wanted"), kStart, kLongest);
    }
    CHECK(guard.is_suspect(LoginGuard::source_of("203.0.113.1:1", "wanted"), kStart));
    CHECK_FALSE(guard.is_suspect(LoginGuard::source_of("198.51.100.1:1", "other"), kStart));
    const TimePoint later = kStart + 12 * LoginGuard::kForgotten;
    CHECK_FALSE(guard.is_suspect(source, later));
    CHECK(guard.failed(source, later, kLongest) == Duration::zero());
}

TEST_CASE("login storm: a host has all addresses of its IPv6 network, and no say in its port") {
    const auto address = [](std::string_view peer) {
        return LoginGuard::source_of(peer, "").address;
    };
    CHECK(address("[2001:db8:1:2::1]:1") == address("[2001:db8:1:2:aa:bb:cc:dd]:65535"));
    CHECK(address("[2001:db8:1:2::1]:1") != address("[2001:db8:1:3::1]:1"));
    CHECK(address("[fe80::1%eth0]:1") == address("[fe80::2%eth1]:1"));
    CHECK(address("192.0.2.1:1") == address("192.0.2.1:2"));
    CHECK(address("192.0.2.1:1") != address("192.0.2.2:1"));
    CHECK(address("") == address(""));
}

TEST_CASE("login storm: more sources than are remembered make unknown ones suspect") {
    LoginGuard guard;
    for (std::size_t i = 0; i <= LoginGuard::kMostSources; ++i)
        guard.failed(LoginGuard::source_of(std::to_string(i) + ":1", "u"), kStart, kLongest);
    CHECK(guard.is_suspect(LoginGuard::source_of("unknown:1", "other"), kStart));
    CHECK_FALSE(guard.is_suspect(LoginGuard::source_of("1:1", "other"), kStart));
    const TimePoint later = kStart + 2 * LoginGuard::kForgotten;
    CHECK(guard.failed(LoginGuard::source_of("unknown:1", "v"), later, kLongest) ==
          Duration::zero());
    CHECK_FALSE(guard.is_suspect(LoginGuard::source_of("another:1", "other"), later));
}

TEST_CASE(
    "login storm: verdicts are remembered by listener, user and password, until they change") {
    LoginMemory memory(16);
    const auto key = memory.key_of(request("u", "secret"));
    CHECK_FALSE(memory.recall(key));
    memory.remember(key, ReasonCode::success, memory.generation());
    CHECK(memory.recall(key) == ReasonCode::success);
    for (const auto& other : {request("u", "secret", 1), request("us", "ecret"),
                              request("u", "Secret"), request("", "usecret")})
        CHECK_FALSE(memory.recall(memory.key_of(other)));
    CHECK(LoginMemory(16).key_of(request("u", "secret")) != key);  // another random key
    // What is no verdict about the password is not remembered; neither is what was found out before.
    const auto busy = memory.key_of(request("u", "busy"));
    memory.remember(busy, ReasonCode::server_busy, memory.generation());
    CHECK_FALSE(memory.recall(busy));
    const std::uint64_t before = memory.generation();
    memory.forget();
    CHECK_FALSE(memory.recall(key));
    memory.remember(key, ReasonCode::success, before);
    CHECK_FALSE(memory.recall(key));
    // Wrong ones do not displace right ones, and neither grows without bound.
    memory.remember(key, ReasonCode::success, memory.generation());
    const auto nth = [&](int i) { return memory.key_of(request("u", std::to_string(i))); };
    for (int i = 0; i < 100; ++i)
        memory.remember(nth(i), ReasonCode::not_authorized, memory.generation());
    CHECK(memory.recall(key) == ReasonCode::success);
    CHECK(memory.recall(nth(99)) == ReasonCode::not_authorized);
    CHECK_FALSE(memory.recall(nth(0)));
    LoginMemory none(0);
    none.remember(key, ReasonCode::success, none.generation());
    CHECK_FALSE(none.recall(key));
}

TEST_CASE("login storm: addresses take turns, users of one address among themselves") {
    broker::LoginLanes lanes;
    const auto wait = [&](const char* address, std::string_view user, Duration until = 1h) {
        LoginRequest asked = request(user, "x");
        asked.peer_address = address;
        broker::LoginJob job(asked, [](ReasonCode) {});
        job.expires = kStart + until;
        lanes.add(std::move(job));
    };
    for (int i = 0; i < 3; ++i)
        wait("192.0.2.1:1", "a");
    for (const char* name : {"b", "c"})
        wait("192.0.2.1:2", name);
    wait("192.0.2.2:1", "d", 1s);
    wait("192.0.2.3:1", "e");
    CHECK(lanes.size() == 7);
    CHECK(lanes.size_of(LoginGuard::source_of("192.0.2.1:9", "").address) == 5);
    CHECK(lanes.size_of(LoginGuard::source_of("192.0.2.9:9", "").address) == 0);
    CHECK(lanes.take_expired(kStart).empty());
    const auto expired = lanes.take_expired(kStart + 1s);
    REQUIRE(expired.size() == 1);
    CHECK(expired.front().user_name == "d");
    std::string order;
    while (!lanes.empty())
        order += lanes.take().user_name;
    CHECK(order == "aebcaa");
    CHECK(lanes.size() == 0);
}

TEST_CASE(
    "login storm: who waits longer than the deadline is told so, though nothing is paid for") {
    Check check;
    BrokerConfig config = loopback();
    config.maximum_login_delay = 1ms;
    config.connect_timeout = 2s;
    check.install(config, 100ms);
    TestBroker broker(std::move(config));
    std::vector<RawClient> guesses;
    for (int i = 0; i < 20; ++i)
        guesses.push_back(try_login(broker, "u", "wrong" + std::to_string(i)));
    // Eight or so have cost a quarter of a minute.
    CHECK(outcome(std::move(guesses.back())) == ReasonCode::server_busy);
    CHECK(check.count < 20);
}

TEST_CASE("login storm: what one address owes for a costly hash holds up no other address") {
    Check check;
    BrokerConfig config;
    check.install(config, 50ms);
    broker::LoginOffice office(config);
    std::atomic<int> wrong = 0, right = 0;
    const auto submit = [&](std::string_view address, std::string_view password) {
        const std::string user = "u" + std::string(address);
        LoginRequest asked = request(user, password);
        asked.peer_address = address;
        ReasonCode known{};
        return office.submit(asked, Clock::now() + 1h, known, [&](ReasonCode said) {
            ++(said == ReasonCode::success ? right : wrong);
        });
    };
    // An address with a past: each guess owes two seconds.
    for (int i = 0; i <= LoginGuard::kFree; ++i)
        office.guard.failed(LoginGuard::source_of("192.0.2.1:1", "u"), Clock::now(), kLongest);
    for (int i = 0; i < 50; ++i)
        submit("192.0.2.1:1", "wrong" + std::to_string(i));
    office.start();
    REQUIRE(eventually([&] { return wrong >= 1; }));
    for (const char* address : {"192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1"})
        CHECK(submit(address, "right") == broker::LoginOffice::Taken::waits);
    const int before = wrong;
    REQUIRE(eventually([&] { return right == 3; }));
    CHECK(wrong <= before + 1);
    office.stop();
}

TEST_CASE("login storm: one password that many come with at once is hashed once") {
    Check check;
    BrokerConfig config;
    check.install(config);
    broker::LoginOffice office(config);
    std::atomic<int> answered = 0;
    ReasonCode known{};
    for (const char* password : {"right", "wrong"}) {
        for (int i = 0; i < 20; ++i) {
            const LoginRequest asked = request("u", password);
            office.submit(asked, Clock::now() + 1h, known, [&](ReasonCode) { ++answered; });
        }
    }
    office.start();
    CHECK(eventually([&] { return answered == 40; }));
    CHECK(check.count == 2);
    office.stop();
}

TEST_CASE("login storm: refusals are held back, the right password gets in at once") {
    for (const unsigned threads : kThreadCounts) {
        Check check;
        BrokerConfig config = with_threads(threads);
        config.maximum_login_delay = std::chrono::hours(1);
        check.install(config);
        TestBroker broker(std::move(config));
        for (int i = 0; i < LoginGuard::kFree; ++i)
            CHECK(outcome(try_login(broker, "u", "wrong")) == ReasonCode::not_authorized);
        CHECK(delayed(broker) == 0);
        // Twice as long each time: the last one would wait for minutes.
        std::vector<RawClient> held;
        for (int i = 0; i < 11; ++i)
            held.push_back(try_login(broker, "u", "wrong"));
        CHECK(eventually([&] { return delayed(broker) == 11; }));
        CHECK(check.count == 1);  // the rest was remembered
        CHECK(outcome(try_login(broker, "u", "right")) == ReasonCode::success);
        CHECK(outcome(try_login(broker, "other", "right")) == ReasonCode::success);
        // They come after all; the first one after 200 ms.
        CHECK(held.front().expect<Connack>().reason == ReasonCode::not_authorized);
        held.front().expect_closed();
        // Who goes away meanwhile, or stays until the end, is no trouble.
        held.pop_back();
    }
}

TEST_CASE(
    "login storm: a user name alone, no password at all and SCRAM count as well [MQTT-4.12.0-4]") {
    Check check;
    BrokerConfig config = loopback();
    config.maximum_login_delay = std::chrono::hours(1);
    check.install(config);
    config.scram_credentials = [](const LoginRequest&) {
        return std::optional(make_scram_credentials(as_bytes("right")));
    };
    TestBroker broker(std::move(config));
    for (int i = 0; i < LoginGuard::kFree; ++i) {
        RawClient client(broker.port(), ProtocolVersion::v3_1_1);
        client.send_connect({.client_id = "c", .user_name = "u"});
        CHECK(client.expect<Connack>().reason == ReasonCode::not_authorized);
    }
    PropertyList properties;
    properties.add(PropertyId::authentication_method, std::string_view("SCRAM-SHA-256"));
    properties.add(PropertyId::authentication_data, std::string_view("n,,n=u,r=abc"));
    RawClient client(broker.port());
    client.send_connect({.client_id = "s", .properties = properties.view()});
    CHECK(client.expect<Auth>().reason == ReasonCode::continue_authentication);
    PropertyList proof;
    proof.add(PropertyId::authentication_method, std::string_view("SCRAM-SHA-256"));
    proof.add(PropertyId::authentication_data, std::string_view("c=biws,r=abc,p=AAAA"));
    client.send(Auth{ReasonCode::continue_authentication, proof.view()}).send(Pingreq{});
    CHECK(eventually([&] { return delayed(broker) == 1; }));
    CHECK(client.expect<Connack>().reason == ReasonCode::not_authorized);
    client.expect_closed();
}

TEST_CASE("login storm: held refusals take a quarter of the connections, and none when it is off") {
    Check check;
    BrokerConfig config = loopback();
    config.maximum_connections = 12;
    config.maximum_login_delay = std::chrono::hours(1);
    check.install(config);
    TestBroker broker(config);
    for (int i = 0; i < LoginGuard::kFree; ++i)
        outcome(try_login(broker, "u", "wrong"));
    std::vector<RawClient> held;
    for (int i = 0; i < 8; ++i)
        held.push_back(try_login(broker, "u", "wrong"));
    for (RawClient& client : held)
        CHECK(client.expect<Connack>().reason == ReasonCode::not_authorized);
    held.clear();
    // From now on it is half a minute and more.
    const std::uint64_t before = delayed(broker);
    for (int i = 0; i < 3; ++i)
        held.push_back(try_login(broker, "u", "wrong"));
    CHECK(eventually([&] { return delayed(broker) == before + 3; }));
    CHECK(outcome(try_login(broker, "u", "wrong")) == ReasonCode::not_authorized);
    CHECK(delayed(broker) == before + 3);
    config.maximum_login_delay = 0ms;
    REQUIRE(broker->change_limits(config).ok());
    held.clear();
    for (int i = 0; i < 10; ++i)
        CHECK(outcome(try_login(broker, "v", "wrong")) == ReasonCode::not_authorized);
    CHECK(delayed(broker) == before + 3);
}

TEST_CASE("login storm: what was remembered ends with forget_logins") {
    Check check;
    BrokerConfig config = loopback();
    check.install(config);
    TestBroker broker(std::move(config));
    for (int i = 0; i < 3; ++i)
        CHECK(outcome(try_login(broker, "u", "right")) == ReasonCode::success);
    CHECK(outcome(try_login(broker, "u", "new")) == ReasonCode::not_authorized);
    CHECK(check.count == 2);
    check.is_changed = true;
    broker->forget_logins();
    CHECK(outcome(try_login(broker, "u", "right")) == ReasonCode::not_authorized);
    CHECK(outcome(try_login(broker, "u", "new")) == ReasonCode::success);
    CHECK(check.count == 4);
}

TEST_CASE("login storm: guesses share a small part of a core, in turn, and hold up nobody else") {
    Check check;
    BrokerConfig config = loopback();
    config.maximum_login_delay = 1ms;  // nothing but the budget slows them down
    check.install(config, 20ms);
    TestBroker broker(std::move(config));
    CHECK(outcome(try_login(broker, "known", "right")) == ReasonCode::success);
    std::vector<RawClient> guesses;
    for (int i = 0; i < 200; ++i)
        guesses.push_back(try_login(broker, "u", "wrong" + std::to_string(i)));
    CHECK(eventually([&] { return check.count > LoginGuard::kFree; }));
    const auto begin = Clock::now();
    const int before = check.count;
    // Known ones are in at once; an unknown one of the same address is not behind two hundred guesses.
    CHECK(outcome(try_login(broker, "known", "right")) == ReasonCode::success);
    CHECK(outcome(try_login(broker, "new", "right")) == ReasonCode::success);
    const std::chrono::duration<double> passed = Clock::now() - begin;
    // A twentieth of a core, with a second in advance, and one that was under way.
    CHECK((check.count - before) * 0.02 <= (passed.count() + 1) / 20 + 0.06);
    CHECK(check.count < 150);
}
