// mqtt::Client: publishing, the outgoing store, what happens to messages across connections.
#include "client/client_fixture.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

OutgoingMessage message(std::string payload, QoS qos) {
    return {"t", std::move(payload), qos};
}

}  // namespace

TEST_CASE("client: publishes of every QoS complete with the server's reason [MQTT-4.3.2-1]") {
    ClientFixture f;
    RawPeer& peer = f.connect();
    Outcome<PublishResult> q0, q1, q2;
    f.client->publish(message("0", QoS::at_most_once), q0.handler());
    f.client->publish(message("1", QoS::at_least_once), q1.handler());
    f.client->publish(message("2", QoS::exactly_once), q2.handler());
    REQUIRE(f.heard(peer, "CONNECT PUBLISH PUBLISH PUBLISH"));
    CHECK(q0.is_done());
    CHECK(!q1.is_done());
    peer.send_hex("40 03 00 01 10  50 02 00 02");
    REQUIRE(f.heard(peer, "CONNECT PUBLISH PUBLISH PUBLISH PUBREL"));
    peer.send_hex("70 02 00 02");
    REQUIRE(f.wait([&] { return q2.is_done(); }));
    CHECK(!q1.error);
    CHECK(q1.get().reason == ReasonCode::no_matching_subscribers);
    CHECK(!q2.error);
    CHECK(f.client->stats().messages_published == 3);
}

TEST_CASE("client: a refused message completes with the reason code") {
    ClientFixture f;
    RawPeer& peer = f.connect();
    Outcome<PublishResult> q1, q2;
    f.client->publish(message("1", QoS::at_least_once), q1.handler());
    f.client->publish(message("2", QoS::exactly_once), q2.handler());
    peer.send_hex("40 03 00 01 87  50 03 00 02 97");
    REQUIRE(f.wait([&] { return q2.is_done(); }));
    CHECK(q1.error == Errc::refused_by_server);
    CHECK(q1.get().reason == ReasonCode::not_authorized);
    CHECK(q2.error == Errc::refused_by_server);
    CHECK(q2.get().reason == ReasonCode::quota_exceeded);
}

TEST_CASE("client: what cannot be sent completes at once, saying why") {
    ClientFixture f;
    // Maximum QoS 1, no retained messages, packets up to 100 bytes.
    f.connect("20 0C 00 00 09 24 01 25 00 27 00 00 00 64");
    Outcome<PublishResult> wildcard, high, retained, large;
    f.client->publish({"a/#", "x"}, wildcard.handler());
    f.client->publish(message("2", QoS::exactly_once), high.handler());
    f.client->publish({"t", "x", QoS::at_most_once, true}, retained.handler());
    f.client->publish({"t", std::string(200, 'x')}, large.handler());
    REQUIRE(f.wait([&] { return large.is_done(); }));
    CHECK(wildcard.error == Errc::topic_name_invalid);       // [MQTT-3.3.2-2]
    CHECK(high.error == Errc::not_supported_by_server);      // [MQTT-3.2.2-11]
    CHECK(retained.error == Errc::not_supported_by_server);  // [MQTT-3.2.2-14]
    CHECK(large.error == Errc::packet_too_large);            // [MQTT-3.2.2-15]
}

TEST_CASE("client: more than Receive Maximum waits in order and is sent as the window opens") {
    ClientFixture f;
    RawPeer& peer = f.connect("20 06 00 00 03 21 00 02");
    std::vector<Outcome<PublishResult>> outcomes(6);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        f.client->publish(message(std::to_string(i), QoS::at_least_once), outcomes[i].handler());
    }
    REQUIRE(f.heard(peer, "CONNECT PUBLISH PUBLISH"));
    for (unsigned id = 1; id <= 6; ++id) {
        REQUIRE(f.wait([&] { return peer.frames().size() > id; }));
        const auto publish = peer.packet<Publish>(id);
        CHECK(as_text(publish.payload) == std::to_string(id - 1));
        peer.send(ProtocolVersion::v5, Ack{PacketType::puback, publish.id});
    }
    REQUIRE(f.wait([&] { return outcomes.back().is_done(); }));
}

TEST_CASE("client: a full store refuses, or makes publish wait, by policy") {
    ClientFixture f;
    f.options.outgoing_maximum_messages = 2;
    SUBCASE("refuse") {
        f.options.when_store_full = StoreFull::refuse;
        f.connect();
        Outcome<PublishResult> a, b, c;
        f.client->publish(message("a", QoS::at_least_once), a.handler());
        f.client->publish(message("b", QoS::at_least_once), b.handler());
        f.client->publish(message("c", QoS::at_least_once), c.handler());
        REQUIRE(f.wait([&] { return c.is_done(); }));
        CHECK(c.error == Errc::queue_full);
        CHECK(!b.is_done());
    }
    SUBCASE("wait") {
        RawPeer& peer = f.connect();
        std::vector<Outcome<PublishResult>> outcomes(5);
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            f.client->publish(message(std::to_string(i), QoS::at_least_once),
                              outcomes[i].handler());
        }
        Outcome<> ready, drained;
        f.client->when_ready(ready.handler());
        f.client->when_drained(drained.handler());
        REQUIRE(f.heard(peer, "CONNECT PUBLISH PUBLISH"));
        CHECK(f.client->stats().outgoing_messages == 5);
        CHECK(!ready.is_done());
        for (unsigned id = 1; id <= 5; ++id) {
            REQUIRE(f.wait([&] { return peer.frames().size() > id; }));
            const auto publish = peer.packet<Publish>(id);
            CHECK(as_text(publish.payload) == std::to_string(id - 1));
            peer.send(ProtocolVersion::v5, Ack{PacketType::puback, publish.id});
        }
        REQUIRE(f.wait([&] { return drained.is_done(); }));
        CHECK(ready.is_done());
        CHECK(!drained.error);
    }
}

TEST_CASE("client: submit takes messages without a handler each, when_ready keeps the pace") {
    ClientFixture f;
    f.options.outgoing_maximum_messages = 10;
    RawPeer& peer = f.connect();
    std::vector<std::uint64_t> delivered;
    f.client->set_delivery_handler([&](std::uint64_t token, std::error_code error, ReasonCode) {
        CHECK(!error);
        delivered.push_back(token);
    });
    const PublishRequest request{.topic = "t", .payload = as_bytes("x"), .qos = QoS::at_least_once};
    std::uint64_t next = 0;
    while (f.client->submit(request, next).ok())
        ++next;
    CHECK(next == 10);
    CHECK(f.client->submit(request, next).error().code == Errc::queue_full);
    Outcome<> ready;
    f.client->when_ready(ready.handler());
    for (unsigned id = 1; id <= 10; ++id) {
        REQUIRE(f.wait([&] { return peer.frames().size() > id; }));
        CHECK(ready.is_done() == (delivered.size() >= 5));
        peer.send(ProtocolVersion::v5, Ack{PacketType::puback, static_cast<PacketId>(id)});
        REQUIRE(f.wait([&] { return delivered.size() == id; }));
        f.test_loop.run_one();
    }
    CHECK(delivered == std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("client: a resumed session sends again with DUP, in order, nothing else [MQTT-4.4.0-1]") {
    ClientFixture f;
    f.options.connect.properties.add(PropertyId::session_expiry_interval, 60);
    RawPeer& first = f.connect();
    Outcome<PublishResult> q1, q2, released;
    f.client->publish(message("r", QoS::exactly_once), released.handler());
    f.client->publish(message("1", QoS::at_least_once), q1.handler());
    f.client->publish(message("2", QoS::exactly_once), q2.handler());
    first.send_hex("50 02 00 01");
    REQUIRE(f.heard(first, "CONNECT PUBLISH PUBLISH PUBLISH PUBREL"));
    first.abort();

    RawPeer& second = f.accept("20 03 01 00 00");
    CHECK(!second.packet<Connect>(0).clean_start);  // the first one was clean
    REQUIRE(f.heard(second, "CONNECT PUBREL PUBLISH PUBLISH"));
    CHECK(second.packet<Publish>(2).dup);
    CHECK(second.packet<Publish>(2).id == 2);
    CHECK(second.packet<Publish>(3).id == 3);
    second.send_hex("70 02 00 01  40 02 00 02  50 02 00 03");
    REQUIRE(f.heard(second, "CONNECT PUBREL PUBLISH PUBLISH PUBREL"));
    second.send_hex("70 02 00 03");
    REQUIRE(f.wait([&] { return q2.is_done(); }));
    CHECK(!released.error);
    CHECK(!q1.error);
    CHECK(!q2.error);
}

TEST_CASE("client: a lost session goes by policy, and what the server had is not sent twice") {
    ClientFixture f;
    f.options.connect.properties.add(PropertyId::session_expiry_interval, 60);
    SUBCASE("send again") {
        f.options.when_session_lost = LostSession::send_again;
    }
    SUBCASE("fail") {
        f.options.when_session_lost = LostSession::fail;
    }
    const bool again = f.options.when_session_lost == LostSession::send_again;
    RawPeer& first = f.connect();
    Outcome<PublishResult> q1, q2, received;
    f.client->publish(message("r", QoS::exactly_once), received.handler());
    f.client->publish(message("1", QoS::at_least_once), q1.handler());
    f.client->publish(message("2", QoS::exactly_once), q2.handler());
    first.send_hex("50 02 00 01");
    REQUIRE(f.heard(first, "CONNECT PUBLISH PUBLISH PUBLISH PUBREL"));
    first.abort();

    RawPeer& second = f.accept(kConnackV5);  // no session present
    REQUIRE(f.wait([&] { return received.is_done(); }));
    CHECK(!received.error);
    if (again) {
        REQUIRE(f.heard(second, "CONNECT PUBLISH PUBLISH"));
        CHECK(!second.packet<Publish>(1).dup);  // [MQTT-3.3.1-1]
        CHECK(as_text(second.packet<Publish>(1).payload) == "1");
        CHECK(as_text(second.packet<Publish>(2).payload) == "2");
    } else {
        REQUIRE(f.wait([&] { return q2.is_done(); }));
        CHECK(q1.error == Errc::session_lost);
        CHECK(q2.error == Errc::session_lost);
    }
}

TEST_CASE("client: messages published offline are sent after reconnecting") {
    ClientFixture f;
    RawPeer& first = f.connect();
    first.abort();
    REQUIRE(f.wait([&] { return !f.client->is_connected(); }));
    Outcome<PublishResult> q0, q1;
    f.client->publish(message("0", QoS::at_most_once), q0.handler());
    f.client->publish(message("1", QoS::at_least_once), q1.handler());
    RawPeer& second = f.accept(kConnackV5);
    REQUIRE(f.heard(second, "CONNECT PUBLISH PUBLISH"));
    CHECK(as_text(second.packet<Publish>(1).payload) == "0");
    second.send_hex("40 02 00 01");
    REQUIRE(f.wait([&] { return q1.is_done(); }));
}

TEST_CASE("client: a message whose expiry passes while it waits is not sent") {
    ClientFixture f;
    RawPeer& peer = f.connect("20 06 00 00 03 21 00 01");
    Outcome<PublishResult> first, late, kept;
    f.client->publish(message("1", QoS::at_least_once), first.handler());
    OutgoingMessage expiring("t", "x", QoS::at_least_once);
    expiring.properties.add(PropertyId::message_expiry_interval, 1);
    f.client->publish(expiring, late.handler());
    OutgoingMessage lasting("t", "y", QoS::at_least_once);
    lasting.properties.add(PropertyId::message_expiry_interval, 1000);
    f.client->publish(lasting, kept.handler());
    const TimePoint later = Clock::now() + std::chrono::milliseconds(1100);
    REQUIRE(f.wait([&] { return Clock::now() > later; }));
    peer.send_hex("40 02 00 01");
    REQUIRE(f.wait([&] { return peer.frames().size() == 3; }));
    REQUIRE(f.wait([&] { return late.is_done(); }));
    CHECK(late.error == Errc::timed_out);
    const auto expiry =
        peer.packet<Publish>(2).properties.number(PropertyId::message_expiry_interval);
    REQUIRE(expiry.has_value());
    CHECK(*expiry <= 999);
    CHECK(*expiry > 900);
}

TEST_CASE("client: publish_timeout ends the wait for an acknowledgement") {
    ClientFixture f;
    f.options.publish_timeout = std::chrono::milliseconds(1);
    RawPeer& peer = f.connect();
    Outcome<PublishResult> outcome;
    f.client->publish(message("1", QoS::at_least_once), outcome.handler());
    REQUIRE(f.wait([&] { return outcome.is_done(); }));
    CHECK(outcome.error == Errc::timed_out);
    peer.send_hex("40 02 00 01");  // late: nobody minds
    Outcome<PublishResult> next;
    f.client->publish(message("0", QoS::at_most_once), next.handler());
    REQUIRE(f.wait([&] { return next.is_done(); }));
}

TEST_CASE("client: destroying it completes every operation with cancelled") {
    ClientFixture f;
    f.connect();
    Outcome<PublishResult> publish;
    Outcome<SubscribeResult> subscribe;
    Outcome<ReceivedMessage> receive, request;
    Outcome<> drained;
    f.client->publish(message("1", QoS::at_least_once), publish.handler());
    f.client->subscribe({{"a"}}, subscribe.handler());
    f.client->receive(receive.handler());
    f.client->request({"r", "?"}, request.handler());
    f.client->when_drained(drained.handler());
    f.test_loop.run_one();
    f.client.reset();
    REQUIRE(f.wait([&] { return drained.is_done(); }));
    CHECK(publish.error == Errc::cancelled);
    CHECK(subscribe.error == Errc::cancelled);
    CHECK(receive.error == Errc::cancelled);
    CHECK(request.error == Errc::cancelled);
    CHECK(drained.error == Errc::cancelled);
    CHECK(publish.count == 1);
}
