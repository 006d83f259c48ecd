// A ClientProtocol and a ServerProtocol joined in memory: random chunks, connections lost at every
// byte, resumed sessions. What must hold: QoS 1 at least once, QoS 2 exactly once, order kept, every
// message settled once, nothing left over. Seeds are printed with every failure.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>

#include "protocol_fixture.hpp"

using namespace ::test;

namespace {

struct Plan {
    ProtocolVersion version = ProtocolVersion::v5;
    int messages = 8;         // each way
    int receive_maximum = 3;  // 5.0, both sides
    int defer_percent = 30;   // of QoS 1/2 messages, acknowledged some steps later
    std::uint32_t seed = 1;
};

// The application on one side: sends numbered messages, writes down what it receives.
class Application {
public:
    Application(const Plan& plan, std::uint32_t seed, Exchange& protocol)
        : plan_(plan)
        , random_(seed)
        , protocol_(&protocol) {
        for (int i = 0; i < plan.messages; ++i)
            qos_.push_back(static_cast<QoS>(random_() % 3));
    }

    void use(Exchange& protocol) {
        protocol_ = &protocol;
        deferred_.clear();  // belonged to the connection before
    }

    void send() {
        while (next_ < qos_.size()) {
            const std::string topic = next_ % 3 == 0 ? "sensors/first" : "sensors/second";
            const std::string payload = std::to_string(next_);
            const QoS qos = qos_[next_];
            OutgoingPublish publish = outgoing(topic, payload, qos);
            const MessageRef keep = message(topic, payload, qos);
            const SendResult result = protocol_->publish(publish, keep, next_);
            if (result.status != SendStatus::sent) return;
            if (qos == QoS::at_most_once) settled_[next_] = 1;
            ++next_;
        }
    }

    AckDecision receive(const Publish& publish) {
        REQUIRE((publish.topic == "sensors/first" || publish.topic == "sensors/second"));
        const auto number =
            static_cast<std::size_t>(std::stoul(std::string(as_text(publish.payload))));
        REQUIRE((number % 3 == 0) == (publish.topic == "sensors/first"));
        received_[static_cast<std::size_t>(publish.qos)].push_back(number);
        if (publish.qos == QoS::at_most_once ||
            random_() % 100 >= static_cast<unsigned>(plan_.defer_percent)) {
            return AckDecision::now();
        }
        deferred_.push_back(publish.id);
        return AckDecision::later();
    }

    void delivered(std::uint64_t token, ReasonCode reason) {
        REQUIRE(reason == ReasonCode::success);
        ++settled_[token];
    }

    // Acknowledges some of what waits, in any order.
    void acknowledge_some() {
        while (!deferred_.empty() && random_() % 2 == 0) {
            const auto at = static_cast<std::ptrdiff_t>(random_() % deferred_.size());
            const PacketId id = deferred_[static_cast<std::size_t>(at)];
            deferred_.erase(deferred_.begin() + at);
            protocol_->acknowledge(id);
        }
    }

    bool is_done() const { return settled_.size() == qos_.size() && deferred_.empty(); }

    // What `sender` sent against what came here.
    void check_received_from(const Application& sender) const {
        for (std::size_t q = 0; q < 3; ++q) {
            CAPTURE(q);
            std::vector<std::size_t> sent;
            for (std::size_t i = 0; i < sender.qos_.size(); ++i) {
                if (static_cast<std::size_t>(sender.qos_[i]) == q) sent.push_back(i);
            }
            std::vector<std::size_t> first;  // each number where it came first
            for (const std::size_t number : received_[q]) {
                if (std::ranges::find(first, number) == first.end()) first.push_back(number);
            }
            CHECK(std::ranges::is_sorted(first));
            if (q == 0) {
                CHECK(received_[q].size() == first.size());
                CHECK(std::ranges::includes(sent, first));
            } else {
                CHECK(first == sent);
            }
            if (q == 2) CHECK(received_[q] == sent);
        }
    }
    void check_settled_once() const {
        for (const auto& [token, times] : settled_)
            CHECK(times == 1);
    }

private:
    const Plan& plan_;
    std::mt19937 random_;
    Exchange* protocol_;
    std::vector<QoS> qos_;
    std::size_t next_ = 0;
    std::map<std::uint64_t, int> settled_;
    std::vector<std::size_t> received_[3];
    std::vector<PacketId> deferred_;
};

template <class Base>
class ApplicationSink : public Base {
public:
    Application* application = nullptr;

    AckDecision on_publish(const Publish& publish) override {
        return application->receive(publish);
    }
    void on_delivered(PacketId, std::uint64_t token, ReasonCode reason) override {
        application->delivered(token, reason);
    }
    void on_send_quota() override { application->send(); }
    void on_auth(const Auth&) override { FAIL("AUTH"); }
    void on_protocol_error(const Error& error) override {
        FAIL(info(error.code).name << ": " << error.detail);
    }

protected:
    ~ApplicationSink() = default;
};

class ClientSide final : public ApplicationSink<ClientSink> {
public:
    void on_connack(const Connack& connack) override {
        REQUIRE(connack.reason == ReasonCode::success);
        application->send();
    }
    void on_suback(const Suback&) override { FAIL("SUBACK"); }
    void on_unsuback(const Unsuback&) override { FAIL("UNSUBACK"); }
    void on_disconnect(const Disconnect&) override { FAIL("DISCONNECT"); }
    void on_session_lost(Inflight&) override { FAIL("session lost"); }
};

class ServerSide final : public ApplicationSink<ServerSink> {
public:
    std::function<void()> accept;
    void on_connect(const Connect&) override { accept(); }
    void on_subscribe(const Subscribe&) override { FAIL("SUBSCRIBE"); }
    void on_unsubscribe(const Unsubscribe&) override { FAIL("UNSUBSCRIBE"); }
    void on_disconnect(const Disconnect&) override { FAIL("DISCONNECT"); }
};

// Both peers, the wire between them, and the ways to break it.
class World {
public:
    explicit World(const Plan& plan)
        : plan_(plan)
        , random_(plan.seed)
        , server_(std::make_unique<ServerProtocol>(server_out_, limits_, now_))
        , client_application_(plan, plan.seed * 2 + 1, client_)
        , server_application_(plan, plan.seed * 2 + 2, *server_) {
        limits_.announced.receive_maximum = static_cast<std::uint16_t>(plan.receive_maximum);
        limits_.announced.topic_alias_maximum = 2;
        client_sink_.application = &client_application_;
        server_sink_.application = &server_application_;
        server_sink_.accept = [this] {
            server_->accept(server_session_,
                            {.session_present = has_session_, .keep_alive = 60, .properties = {}},
                            now_);
            has_session_ = true;
            server_application_.send();
        };
        connect();
    }

    // Runs to the end; the connection is cut whenever `may_pass(bytes so far)` says no.
    template <class F>
    void run(F&& may_pass) {
        for (int step = 0; step < 20'000; ++step) {
            now_ += 10ms;
            client_application_.acknowledge_some();
            server_application_.acknowledge_some();
            client_.on_time(now_, client_sink_);
            server_->on_time(now_, server_sink_);
            collect();
            if (is_done()) return;
            const bool to_server = random_() % 2 == 0;
            std::deque<std::uint8_t>& wire = to_server ? to_server_ : to_client_;
            std::size_t chunk = std::min<std::size_t>(wire.size(), random_() % 40 + 1);
            bool cut = false;
            for (std::size_t i = 0; i < chunk; ++i) {
                if (!may_pass(bytes_passed_ + i)) {
                    chunk = i;
                    cut = true;
                }
            }
            pass(to_server, chunk);
            bytes_passed_ += chunk;
            if (cut) reconnect();
        }
        FAIL("does not come to an end");
    }

    void check() const {
        client_application_.check_received_from(server_application_);
        server_application_.check_received_from(client_application_);
        client_application_.check_settled_once();
        server_application_.check_settled_once();
        CHECK(client_session_.outgoing.empty());
        CHECK(server_session_.outgoing.empty());
        CHECK(client_session_.inbox.count() == 0);
        CHECK(server_session_.inbox.count() == 0);
    }
    std::size_t bytes_passed() const { return bytes_passed_; }
    const ByteVector& said_by_client() const { return said_by_client_; }

private:
    void connect() {
        Connect connect = connect_packet(plan_.version, false);
        connect.client_id = "c";
        connect.keep_alive = 2;
        PropertyList own;
        own.add(PropertyId::receive_maximum, static_cast<std::uint32_t>(plan_.receive_maximum))
            .add(PropertyId::topic_alias_maximum, 2);
        if (plan_.version == ProtocolVersion::v5) connect.properties = own;
        client_.connect(connect, client_session_, now_, 10s);
    }

    void reconnect() {
        to_server_.clear();
        to_client_.clear();
        client_tail_.clear();
        server_tail_.clear();
        client_out_.clear();
        server_out_.clear();
        server_ = std::make_unique<ServerProtocol>(server_out_, limits_, now_);
        server_application_.use(*server_);
        client_application_.use(client_);
        connect();
    }

    void collect() {
        const ByteVector from_client = take(client_out_);
        said_by_client_ = said_by_client_ + from_client;
        to_server_.insert(to_server_.end(), from_client.begin(), from_client.end());
        const ByteVector from_server = take(server_out_);
        to_client_.insert(to_client_.end(), from_server.begin(), from_server.end());
    }

    void pass(bool to_server, std::size_t count) {
        std::deque<std::uint8_t>& wire = to_server ? to_server_ : to_client_;
        const auto end = wire.begin() + static_cast<std::ptrdiff_t>(count);
        const ByteVector bytes(wire.begin(), end);
        wire.erase(wire.begin(), end);
        if (to_server) {
            feed_all(*server_, server_sink_, server_tail_, bytes, now_);
        } else {
            feed_all(client_, client_sink_, client_tail_, bytes, now_);
        }
    }

    bool is_done() const {
        return to_server_.empty() && to_client_.empty() && client_.is_connected() &&
               client_application_.is_done() && server_application_.is_done() &&
               client_session_.inbox.count() == 0 && server_session_.inbox.count() == 0;
    }

    const Plan& plan_;
    std::mt19937 random_;
    TimePoint now_ = kStart;
    ServerLimits limits_;
    base::OutBuffer client_out_;
    base::OutBuffer server_out_;
    Session client_session_;
    Session server_session_;
    bool has_session_ = false;
    ClientProtocol client_{client_out_};
    std::unique_ptr<ServerProtocol> server_;
    Application client_application_;
    Application server_application_;
    ClientSide client_sink_;
    ServerSide server_sink_;
    std::deque<std::uint8_t> to_server_;
    std::deque<std::uint8_t> to_client_;
    ByteVector client_tail_;
    ByteVector server_tail_;
    ByteVector said_by_client_;
    std::size_t bytes_passed_ = 0;
};

constexpr std::array kPeers{ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5};

constexpr auto kNeverCut = [](std::size_t) { return true; };

// What a server makes of a byte stream that comes in the given pieces.
std::string events_of(const ByteVector& bytes, const std::function<std::size_t()>& piece) {
    Server server;
    server.limits.announced.topic_alias_maximum = 2;
    std::size_t at = 0;
    while (at < bytes.size()) {
        const std::size_t count = std::min(piece(), bytes.size() - at);
        server.feed(Bytes(bytes).subspan(at, count));
        at += count;
    }
    return server.events() + " / " + server.sent();
}

}  // namespace

TEST_CASE(
    "two peers: all messages arrive in order, once, in random chunks "
    "[MQTT-4.3.2-1] [MQTT-4.3.3-1] [MQTT-4.6.0-5] [MQTT-4.6.0-6] [MQTT-4.2-1]") {
    for (const auto version : kPeers) {
        for (std::uint32_t seed = 1; seed <= 40; ++seed) {
            CAPTURE(static_cast<int>(version));
            CAPTURE(seed);
            const Plan plan{.version = version, .messages = 60, .seed = seed};
            World world(plan);
            world.run(kNeverCut);
            world.check();
        }
    }
}

TEST_CASE(
    "two peers: a connection lost at any byte loses and doubles nothing "
    "[MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.3-5] [MQTT-4.3.3-10] [MQTT-4.4.0-1] "
    "[MQTT-4.6.0-1] [MQTT311-4.3.2-1] [MQTT311-4.3.3-1] [MQTT311-4.4.0-1]") {
    for (const auto version : kPeers) {
        const Plan plan{.version = version, .messages = 8, .seed = 7};
        World whole(plan);
        whole.run(kNeverCut);
        REQUIRE(whole.bytes_passed() > 300);
        for (std::size_t at = 0; at < whole.bytes_passed(); ++at) {
            CAPTURE(static_cast<int>(version));
            CAPTURE(at);
            bool cut = false;
            World world(plan);
            world.run([&](std::size_t passed) {
                if (cut || passed < at) return true;
                cut = true;
                return false;
            });
            REQUIRE(cut);
            world.check();
        }
    }
}

TEST_CASE(
    "two peers: connections lost again and again lose and double nothing "
    "[MQTT-4.3.3-10] [MQTT-4.4.0-1]") {
    for (const auto version : kPeers) {
        for (std::uint32_t seed = 1; seed <= 60; ++seed) {
            CAPTURE(static_cast<int>(version));
            CAPTURE(seed);
            const Plan plan{.version = version,
                            .messages = 40,
                            .receive_maximum = static_cast<int>(seed % 6 + 1),
                            .defer_percent = static_cast<int>(seed * 13 % 100),
                            .seed = seed};
            std::mt19937 random(seed);
            World world(plan);
            int cuts = 0;
            world.run([&](std::size_t) { return cuts > 50 || random() % 150 != 0 || !++cuts; });
            CHECK(cuts > 0);
            world.check();
        }
    }
}

TEST_CASE("two peers: any chunking of a byte stream yields the same events") {
    const Plan plan{.messages = 30, .receive_maximum = 60, .defer_percent = 0, .seed = 3};
    World world(plan);
    world.run(kNeverCut);
    const ByteVector& bytes = world.said_by_client();
    const std::string expected = events_of(bytes, [&] { return bytes.size(); });
    CHECK(expected.find("PUBLISH q2") != std::string::npos);
    CHECK(expected.find("error") == std::string::npos);
    CHECK(events_of(bytes, [] { return 1u; }) == expected);
    for (std::size_t first = 1; first < bytes.size(); ++first) {
        bool begun = false;
        REQUIRE(events_of(bytes, [&] {
                    return std::exchange(begun, true) ? bytes.size() : first;
                }) == expected);
    }
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        REQUIRE(events_of(bytes, [&] { return random() % 30 + 1; }) == expected);
    }
}
