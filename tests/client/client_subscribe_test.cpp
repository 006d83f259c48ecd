// mqtt::Client: subscribing, receiving, acknowledging, request and response.

#include <algorithm>

#include "client/client_fixture.hpp"

using namespace mqtt;
using namespace mqtt::test;
using std::chrono::milliseconds;

namespace {

void deliver(RawPeer& peer, std::string_view topic, std::string_view payload,
             QoS qos = QoS::at_most_once, PacketId id = 0) {
    Publish publish;
    publish.topic = topic;
    publish.payload = as_bytes(payload);
    publish.qos = qos;
    publish.id = id;
    peer.send(ProtocolVersion::v5, publish);
}

}  // namespace

TEST_CASE("client: subscribe completes with a reason per filter [MQTT-3.8.4-1] [MQTT-3.9.3-1]") {
    ClientFixture f;
    RawPeer& peer = f.connect();
    Outcome<SubscribeResult> some, none;
    f.client->subscribe({{"a/#", QoS::at_least_once}, {"b"}, {"c"}}, some.handler());
    f.client->subscribe({{"d"}}, none.handler());
    REQUIRE(f.heard(peer, "CONNECT SUBSCRIBE SUBSCRIBE"));
    const auto subscribe = peer.packet<Subscribe>(1);
    CHECK(subscribe.filters.count() == 3);
    peer.send_hex("90 06 00 01 00 01 00 87  90 04 00 02 00 8F");
    REQUIRE(f.wait([&] { return none.is_done(); }));
    CHECK(!some.error);
    CHECK(some.get().reasons ==
          std::vector{ReasonCode::granted_qos_1, ReasonCode::success, ReasonCode::not_authorized});
    CHECK(none.error == Errc::refused_by_server);
    CHECK(none.get().reasons == std::vector{ReasonCode::topic_filter_invalid});
}

TEST_CASE("client: invalid subscriptions never reach the wire") {
    ClientFixture f;
    // Neither wildcards nor shared subscriptions.
    RawPeer& peer = f.connect("20 07 00 00 04 28 00 2A 00");
    Outcome<SubscribeResult> empty, bad, shared_local, wildcard, shared;
    SubscriptionOptions no_local;
    no_local.no_local = true;
    f.client->subscribe({}, empty.handler());
    f.client->subscribe({{"a/#/b"}}, bad.handler());
    f.client->subscribe({{"$share/g/a", no_local}}, shared_local.handler());
    f.client->subscribe({{"a/+"}}, wildcard.handler());
    f.client->subscribe({{"$share/g/a"}}, shared.handler());
    REQUIRE(f.wait([&] { return shared.is_done(); }));
    CHECK(empty.error == Errc::invalid_argument);         // [MQTT-3.8.3-2]
    CHECK(bad.error == Errc::topic_filter_invalid);       // [MQTT-4.7.1-1]
    CHECK(shared_local.error == Errc::invalid_argument);  // [MQTT-3.8.3-4]
    CHECK(wildcard.error == Errc::not_supported_by_server);
    CHECK(shared.error == Errc::not_supported_by_server);
    CHECK(peer.packet_names() == "CONNECT");
}

TEST_CASE("client: unsubscribe completes at UNSUBACK, in 3.1.1 too") {
    for (const auto version : {ProtocolVersion::v5, ProtocolVersion::v3_1_1}) {
        ClientFixture f;
        f.options.connect.version = version;
        const bool is_v5 = version == ProtocolVersion::v5;
        RawPeer& peer = f.connect(is_v5 ? kConnackV5 : kConnackV3);
        Outcome<UnsubscribeResult> done;
        f.client->unsubscribe({"a", "b"}, done.handler());
        REQUIRE(f.heard(peer, "CONNECT UNSUBSCRIBE"));
        peer.send_hex(is_v5 ? "B0 05 00 01 00 00 11" : "B0 02 00 01");
        REQUIRE(f.wait([&] { return done.is_done(); }));
        CHECK(!done.error);
        REQUIRE(done.get().reasons.size() == 2);
        CHECK(done.get().reasons[1] ==
              (is_v5 ? ReasonCode::no_subscription_existed : ReasonCode::success));
    }
}

TEST_CASE("client: UNSUBSCRIBE has the properties that it was given, in 5.0 only") {
    PropertyList properties;
    properties.add_user("a", "b");
    for (const auto version : {ProtocolVersion::v5, ProtocolVersion::v3_1_1}) {
        ClientFixture f;
        f.options.connect.version = version;
        const bool is_v5 = version == ProtocolVersion::v5;
        RawPeer& peer = f.connect(is_v5 ? kConnackV5 : kConnackV3);
        Outcome<UnsubscribeResult> done;
        f.client->unsubscribe({"a"}, properties, done.handler());
        if (!is_v5) {
            REQUIRE(f.wait([&] { return done.is_done(); }));
            CHECK(done.error == Errc::invalid_argument);
            continue;
        }
        REQUIRE(f.heard(peer, "CONNECT UNSUBSCRIBE"));
        const auto unsubscribe = peer.packet<Unsubscribe>(1);
        CHECK(std::ranges::equal(unsubscribe.properties.raw(), properties.view().raw()));
    }
}

TEST_CASE("client: subscribing ends at subscribe_timeout, or when it is cancelled") {
    ClientFixture f;
    f.options.subscribe_timeout = milliseconds(50);
    RawPeer& peer = f.connect();
    Outcome<SubscribeResult> late, cancelled;
    asio::cancellation_signal signal;
    f.client->subscribe({{"a"}}, late.handler());
    f.client->subscribe({{"b"}}, cancelled.handler(signal.slot()));
    f.test_loop.run_one();
    signal.emit(asio::cancellation_type::total);
    REQUIRE(f.wait([&] { return late.is_done() && cancelled.is_done(); }));
    CHECK(late.error == Errc::timed_out);
    CHECK(cancelled.error == Errc::cancelled);
    peer.send_hex("90 04 00 01 00 00");  // late
    Outcome<PublishResult> alive;
    f.client->publish({"t", "x", QoS::at_least_once}, alive.handler());
    REQUIRE(f.wait([&] { return peer.frames().size() == 4; }));
    CHECK(f.client->is_connected());
}

TEST_CASE("client: filters are subscribed again when the session is lost, not when it is kept") {
    ClientFixture f;
    f.options.connect.properties.add(PropertyId::session_expiry_interval, 60);
    RawPeer& first = f.connect();
    Outcome<SubscribeResult> done;
    Outcome<UnsubscribeResult> removed;
    f.client->subscribe({{"a", QoS::exactly_once}, {"refused"}, {"removed"}}, done.handler());
    f.client->unsubscribe({"removed"}, removed.handler());
    REQUIRE(f.heard(first, "CONNECT SUBSCRIBE UNSUBSCRIBE"));
    first.send_hex("90 06 00 01 00 02 80 00  B0 04 00 02 00 00");
    REQUIRE(f.wait([&] { return removed.is_done(); }));
    first.abort();

    RawPeer& kept = f.accept("20 03 01 00 00");
    REQUIRE(f.wait([&] { return f.client->is_connected(); }));
    kept.abort();
    RawPeer& lost = f.accept(kConnackV5);
    REQUIRE(f.heard(lost, "CONNECT SUBSCRIBE"));
    CHECK(kept.packet_names() == "CONNECT");
    const auto subscribe = lost.packet<Subscribe>(1);
    REQUIRE(subscribe.filters.count() == 1);
    CHECK(subscribe.filters.begin()->filter == "a");
    CHECK(subscribe.filters.begin()->options.qos == QoS::exactly_once);
}

TEST_CASE("client: a subscription without its answer is sent again after a cut") {
    ClientFixture f;
    RawPeer& first = f.connect();
    Outcome<SubscribeResult> done;
    f.client->subscribe({{"a"}}, done.handler());
    REQUIRE(f.heard(first, "CONNECT SUBSCRIBE"));
    first.abort();
    RawPeer& second = f.accept(kConnackV5);
    REQUIRE(f.heard(second, "CONNECT SUBSCRIBE"));
    const std::uint8_t granted[] = {0};
    second.send(ProtocolVersion::v5, Suback{second.packet<Subscribe>(1).id, {}, granted});
    REQUIRE(f.wait([&] { return done.is_done(); }));
    CHECK(!done.error);
}

TEST_CASE("client: receive takes messages in order, before and after they arrive") {
    ClientFixture f;
    RawPeer& peer = f.connect();
    Outcome<ReceivedMessage> early;
    f.client->receive(early.handler());
    deliver(peer, "a", "1");
    deliver(peer, "b", "2", QoS::at_least_once, 9);
    REQUIRE(f.heard(peer, "CONNECT PUBACK"));  // acknowledged without being asked
    REQUIRE(early.is_done());
    CHECK(early.get().payload == "1");
    CHECK(f.client->stats().unread_messages == 1);
    Outcome<ReceivedMessage> late;
    f.client->receive(late.handler());
    REQUIRE(f.wait([&] { return late.is_done(); }));
    CHECK(late.get().topic == "b");
    CHECK(late.get().qos == QoS::at_least_once);
    CHECK(!late.get().ticket);
}

TEST_CASE("client: too many unread messages pause reading; PINGREQ goes on, the link is not lost") {
    ClientFixture f;
    f.options.unread_maximum_bytes = 1000;
    f.options.connect.keep_alive = std::chrono::seconds(1);
    f.options.connect.ping_timeout = milliseconds(100);
    RawPeer& peer = f.connect();
    const std::string payload(500, 'x');
    for (int i = 0; i < 50; ++i)
        deliver(peer, "t", payload);
    REQUIRE(f.heard(peer, "CONNECT PINGREQ PINGREQ PINGREQ"));
    CHECK(f.client->is_connected());
    CHECK(f.client->stats().unread_messages < 10);
    for (int i = 0; i < 50; ++i) {
        Outcome<ReceivedMessage> next;
        f.client->receive(next.handler());
        REQUIRE(f.wait([&] { return next.is_done(); }));
        CHECK(!next.error);
    }
}

TEST_CASE("client: manual acknowledgement, with stale tickets ignored") {
    ClientFixture f;
    f.options.manual_acknowledgement = true;
    RawPeer& first = f.connect();
    deliver(first, "a", "1", QoS::at_least_once, 5);
    deliver(first, "a", "2", QoS::at_least_once, 6);
    Outcome<ReceivedMessage> one, two;
    f.client->receive(one.handler());
    f.client->receive(two.handler());
    REQUIRE(f.wait([&] { return two.is_done(); }));
    CHECK(first.packet_names() == "CONNECT");
    f.client->acknowledge(one.get().ticket);
    REQUIRE(f.heard(first, "CONNECT PUBACK"));
    first.abort();
    RawPeer& second = f.accept(kConnackV5);
    REQUIRE(f.wait([&] { return f.client->stats().connects == 2; }));
    f.client->acknowledge(two.get().ticket);
    deliver(second, "a", "2", QoS::at_least_once, 6);
    Outcome<ReceivedMessage> again;
    f.client->receive(again.handler());
    REQUIRE(f.wait([&] { return again.is_done(); }));
    CHECK(second.packet_names() == "CONNECT");
    f.client->acknowledge(again.get().ticket, ReasonCode::quota_exceeded);
    REQUIRE(f.heard(second, "CONNECT PUBACK"));
    CHECK(second.packet<Ack>(1).reason == ReasonCode::quota_exceeded);
}

TEST_CASE("client: a message that matches no filter is acknowledged and goes to the catch-all") {
    ClientFixture f;
    RawPeer& peer = f.connect();
    Outcome<SubscribeResult> done;
    f.client->subscribe({{"a/+"}, {"$share/g/b"}}, done.handler());
    REQUIRE(f.heard(peer, "CONNECT SUBSCRIBE"));
    peer.send_hex("90 05 00 01 00 01 01");
    std::vector<std::string> matched, others;
    f.client->set_message_handler([&](const IncomingMessage& message) {
        matched.emplace_back(message.publish.topic);
        return AckDecision::now();
    });
    SUBCASE("with a catch-all handler") {
        f.client->set_catch_all_handler(
            [&](const IncomingMessage& message) { others.emplace_back(message.publish.topic); });
    }
    SUBCASE("without one it goes where all messages go") {}
    deliver(peer, "a/x", "1");
    deliver(peer, "b", "2");
    deliver(peer, "stray", "3", QoS::at_least_once, 7);
    REQUIRE(f.heard(peer, "CONNECT SUBSCRIBE PUBACK"));
    if (others.empty()) {
        CHECK(matched == std::vector<std::string>{"a/x", "b", "stray"});
    } else {
        CHECK(matched == std::vector<std::string>{"a/x", "b"});
        CHECK(others == std::vector<std::string>{"stray"});
        CHECK(f.client->stats().messages_unmatched == 1);
    }
}

TEST_CASE("client: a message handler takes what had arrived before it was set") {
    ClientFixture f;
    RawPeer& peer = f.connect();
    deliver(peer, "a", "1");
    REQUIRE(f.wait([&] { return f.client->stats().unread_messages == 1; }));
    std::vector<std::string> seen;
    f.client->set_message_handler([&](const IncomingMessage& message) {
        seen.emplace_back(as_text(message.publish.payload));
        return AckDecision::now(ReasonCode::not_authorized);
    });
    deliver(peer, "a", "2", QoS::at_least_once, 3);
    REQUIRE(f.heard(peer, "CONNECT PUBACK"));
    CHECK(seen == std::vector<std::string>{"1", "2"});
    CHECK(peer.packet<Ack>(1).reason == ReasonCode::not_authorized);
}

TEST_CASE(
    "client: request publishes with response topic and correlation data, takes the response") {
    ClientFixture f;
    RawPeer& peer = f.connect();
    Outcome<ReceivedMessage> one, two;
    f.client->request({"ask", "1"}, one.handler());
    f.client->request({"ask", "2"}, two.handler());
    REQUIRE(f.heard(peer, "CONNECT SUBSCRIBE"));
    const std::string topic(peer.packet<Subscribe>(1).filters.begin()->filter);
    peer.send_hex("90 04 00 01 00 01");
    REQUIRE(f.heard(peer, "CONNECT SUBSCRIBE PUBLISH PUBLISH"));
    // Answered in the other order, after a response to nobody.
    Publish response;
    response.topic = topic;
    response.payload = as_bytes("stray");
    peer.send(ProtocolVersion::v5, response);
    for (const std::size_t index : {3, 2}) {
        const auto asked = peer.packet<Publish>(index);
        CHECK(asked.properties.text(PropertyId::response_topic) == topic);  // [MQTT-3.3.2-14]
        PropertyList properties;
        properties.add(PropertyId::correlation_data,
                       *asked.properties.text(PropertyId::correlation_data));
        const std::string text = "answer to " + std::string(as_text(asked.payload));
        response.payload = as_bytes(text);
        response.properties = properties.view();
        peer.send(ProtocolVersion::v5, response);
    }
    REQUIRE(f.wait([&] { return one.is_done() && two.is_done(); }));
    CHECK(!one.error);
    CHECK(one.get().payload == "answer to 1");
    CHECK(two.get().payload == "answer to 2");
    CHECK(f.client->stats().unread_messages == 0);
}

TEST_CASE("client: a request ends when nobody answers, nobody is there, or 3.1.1 is spoken") {
    SUBCASE("nobody answers") {
        ClientFixture f;
        RawPeer& peer = f.connect();
        Outcome<ReceivedMessage> done;
        f.client->request({"ask", "1"}, milliseconds(50), done.handler());
        REQUIRE(f.heard(peer, "CONNECT SUBSCRIBE"));
        REQUIRE(f.wait([&] { return done.is_done(); }));
        CHECK(done.error == Errc::timed_out);
        peer.send_hex("90 04 00 01 00 01");  // late: the request is not sent any more
        REQUIRE(f.wait([&] { return f.client->is_connected(); }));
        CHECK(peer.packet_names() == "CONNECT SUBSCRIBE");
    }
    SUBCASE("nobody is there") {
        ClientFixture f;
        RawPeer& peer = f.connect();
        Outcome<ReceivedMessage> done;
        f.client->request({"ask", "1", QoS::at_least_once}, done.handler());
        REQUIRE(f.heard(peer, "CONNECT SUBSCRIBE"));
        peer.send_hex("90 04 00 01 00 01");
        REQUIRE(f.heard(peer, "CONNECT SUBSCRIBE PUBLISH"));
        const auto id = peer.packet<Publish>(2).id;
        peer.send(ProtocolVersion::v5,
                  Ack{PacketType::puback, id, ReasonCode::no_matching_subscribers, {}});
        REQUIRE(f.wait([&] { return done.is_done(); }));
        CHECK(done.error == Errc::refused_by_server);
    }
    SUBCASE("the response topic is refused") {
        ClientFixture f;
        RawPeer& peer = f.connect();
        Outcome<ReceivedMessage> done;
        f.client->request({"ask", "1"}, done.handler());
        REQUIRE(f.heard(peer, "CONNECT SUBSCRIBE"));
        peer.send_hex("90 04 00 01 00 87");
        REQUIRE(f.wait([&] { return done.is_done(); }));
        CHECK(done.error == Errc::refused_by_server);
    }
    SUBCASE("3.1.1") {
        ClientFixture f;
        f.options.connect.version = ProtocolVersion::v3_1_1;
        f.connect(kConnackV3);
        Outcome<ReceivedMessage> done;
        f.client->request({"ask", "1"}, done.handler());
        REQUIRE(f.wait([&] { return done.is_done(); }));
        CHECK(done.error == Errc::unsupported_protocol_version);
    }
}

TEST_CASE("client: the response topic begins with the server's Response Information") {
    ClientFixture f;
    f.options.connect.properties.add(PropertyId::request_response_information, 1);
    f.make().connect(f.connected.handler());
    Outcome<ReceivedMessage> done;
    f.client->request({"ask", "1"}, done.handler());  // before CONNACK
    RawPeer& peer = f.accept("20 08 00 00 05 1A 00 02 72 69");
    REQUIRE(f.heard(peer, "CONNECT SUBSCRIBE"));
    CHECK(peer.packet<Subscribe>(1).filters.begin()->filter.starts_with("ri/"));
}
