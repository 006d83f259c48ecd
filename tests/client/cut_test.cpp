// A conversation of the client, cut at every byte, in both directions: nothing may crash, hang or
// leak, and after reconnecting the promises of QoS 1 and 2 must hold.
#include <algorithm>

#include "client/client_fixture.hpp"
#include "support/session_broker.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

// Everything a client does, once.
struct Conversation {
    explicit Conversation(ProtocolVersion version)
        : broker(test_loop.loop())
        , loop(test_loop.loop()) {
        ConnectOptions& connect = options.connect;
        connect.endpoint.host = "127.0.0.1";
        connect.endpoint.port = broker.port();
        connect.client_id = "c";
        connect.version = version;
        if (version == ProtocolVersion::v5) {
            connect.properties.add(PropertyId::session_expiry_interval, 1000);
        } else {
            connect.clean_start = false;
        }
        options.reconnect.initial_delay = std::chrono::milliseconds(0);
        options.reconnect.maximum_delay = std::chrono::milliseconds(0);
        options.retry_first_connect = true;
        options.subscribe_timeout = std::chrono::milliseconds(0);
        broker.to_send = {"b0", "b1", "b2"};
    }

    void run() {
        Client client(loop, options);
        client.set_message_handler([&](const IncomingMessage& message) {
            heard.emplace_back(as_text(message.publish.payload));
            return AckDecision::now();
        });
        client.connect(connected.handler());
        REQUIRE(test_loop.run_until([&] { return connected.is_done(); }));
        REQUIRE(!connected.error);
        client.subscribe({{"#", QoS::exactly_once}}, subscribed.handler());
        client.publish({"t", "c1", QoS::at_least_once}, one.handler());
        client.publish({"t", "c2", QoS::exactly_once}, two.handler());
        client.publish({"t", "c3", QoS::exactly_once}, three.handler());
        const auto has_heard = [&](std::string_view text) {
            return std::find(heard.begin(), heard.end(), text) != heard.end();
        };
        REQUIRE(test_loop.run_until([&] {
            return subscribed.is_done() && one.is_done() && two.is_done() && three.is_done() &&
                   has_heard("b1") && has_heard("b2");
        }));
        client.unsubscribe({"#"}, unsubscribed.handler());
        REQUIRE(test_loop.run_until([&] { return unsubscribed.is_done(); }));
        client.disconnect(disconnected.handler());
        REQUIRE(test_loop.run_until([&] { return disconnected.is_done(); }));
        REQUIRE(test_loop.run_until([&] { return broker.bytes_received != 0; }));
    }

    void check() const {
        CHECK(!subscribed.error);
        CHECK(!one.error);
        CHECK(!two.error);
        CHECK(!three.error);
        CHECK(!unsubscribed.error);
        const auto times = [](const std::vector<std::string>& list, std::string_view text) {
            return std::count(list.begin(), list.end(), text);
        };
        CHECK(times(broker.received, "c1") >= 1);  // [MQTT-4.3.2-1]
        CHECK(times(broker.received, "c2") == 1);  // [MQTT-4.3.3-1]
        CHECK(times(broker.received, "c3") == 1);
        CHECK(times(heard, "b0") <= 1);
        CHECK(times(heard, "b1") >= 1);
        CHECK(times(heard, "b2") == 1);
        CHECK(std::find(broker.received.begin(), broker.received.end(), "c2") <
              std::find(broker.received.begin(), broker.received.end(), "c3"));
    }

    TestLoop test_loop;
    SessionBroker broker;
    ConnectionLoop loop;
    ClientOptions options;
    std::vector<std::string> heard;
    Outcome<ConnectReport> connected;
    Outcome<SubscribeResult> subscribed;
    Outcome<UnsubscribeResult> unsubscribed;
    Outcome<PublishResult> one, two, three;
    Outcome<> disconnected;
};

}  // namespace

TEST_CASE("client: a link cut at every byte that the client sends [MQTT-4.1.0-1] [MQTT-4.4.0-1]") {
    for (const auto version : {ProtocolVersion::v5, ProtocolVersion::v3_1_1}) {
        Conversation whole(version);
        whole.run();
        whole.check();
        REQUIRE(whole.broker.cuts == 0);
        const std::size_t length = whole.broker.bytes_received;
        REQUIRE(length > 70);
        for (std::size_t at = 0; at < length; ++at) {
            CAPTURE(at);
            Conversation cut(version);
            cut.broker.receive_limit = at;
            cut.run();
            cut.check();
        }
    }
}

TEST_CASE("client: a link cut at every byte that the server sends [MQTT-4.1.0-1] [MQTT-4.4.0-1]") {
    for (const auto version : {ProtocolVersion::v5, ProtocolVersion::v3_1_1}) {
        Conversation whole(version);
        whole.run();
        const std::size_t length = whole.broker.bytes_sent;
        REQUIRE(length > 60);
        for (std::size_t at = 0; at < length; ++at) {
            CAPTURE(at);
            Conversation cut(version);
            cut.broker.send_limit = at;
            cut.run();
            cut.check();
            CHECK(cut.broker.cuts > 0);
        }
    }
}
