// mqtt::Client: batches of messages, whose bytes are lent and not copied, over whatever the connection does.
#include "client_fixture.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

// Payloads and whoever owns them, and what the client told of them.
struct Batches {
    explicit Batches(ClientFixture& fixture) : f(fixture) {}
    void listen() {
        f.client->set_batch_handler(
            [this](std::uint64_t token, std::error_code error, ReasonCode reason, std::size_t n) {
                std::string text = std::to_string(token) + ":" + std::to_string(n);
                if (error) text += " " + std::string(reason_name(reason)) + " " + error.message();
                told.push_back(text);
                ended += n;
            });
    }
    SubmitResult submit(std::size_t count, QoS qos, std::uint64_t token = 7) {
        auto text = std::make_shared<std::vector<std::string>>();
        for (std::size_t i = 0; i < count; ++i)
            text->push_back(std::to_string(next + i));
        std::vector<Bytes> payloads;
        for (const std::string& line : *text)
            payloads.push_back(as_bytes(line));
        lent = text;
        const PublishRequest common{.topic = "t", .qos = qos};
        const SubmitResult result =
            f.client->submit_batch(common, payloads, std::move(text), token);
        next += result.count;
        return result;
    }
    // Payloads of the PUBLISH packets that the peer has heard, those with DUP marked.
    static std::string heard(const RawPeer& peer) {
        std::string text;
        for (std::size_t i = 0; i < peer.frames().size(); ++i) {
            if (peer.frames()[i].type != PacketType::publish) continue;
            const auto publish = peer.packet<Publish>(i);
            if (!text.empty()) text += ' ';
            text.append(as_text(publish.payload)).append(publish.dup ? "d" : "");
        }
        return text;
    }
    bool hears(const RawPeer& peer, std::string_view want) {
        return f.wait([&] { return heard(peer) == want; });
    }

    ClientFixture& f;
    std::vector<std::string> told;
    std::size_t ended = 0;
    std::size_t next = 0;
    std::weak_ptr<const void> lent;  // by the last batch
};

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("client: a batch goes out at once and is told of together, its bytes are given back") {
    ClientFixture f;
    Batches batches(f);
    RawPeer& peer = f.connect();
    batches.listen();
    REQUIRE(batches.submit(3, QoS::at_most_once).count == 3);
    CHECK(batches.told == Told{"7:3"});
    CHECK(batches.lent.expired());
    REQUIRE(batches.submit(4, QoS::at_least_once, 8).count == 4);
    CHECK(!batches.lent.expired());
    CHECK(f.client->stats().outgoing_messages == 4);
    REQUIRE(batches.hears(peer, "0 1 2 3 4 5 6"));
    peer.send_hex("40 02 00 01  40 03 00 03 87  40 02 00 02  40 02 00 04");
    REQUIRE(f.wait([&] { return batches.ended == 7; }));
    CHECK(batches.told ==
          Told{"7:3", "8:1",
               "8:1 not_authorized " + make_error_code(Errc::refused_by_server).message(), "8:2"});
    CHECK(batches.lent.expired());
    CHECK(f.client->stats().outgoing_messages == 0);
    CHECK(f.client->stats().outgoing_bytes == 0);
    CHECK(f.client->stats().messages_published == 6);
    CHECK(f.client->stats().messages_refused == 1);
}

TEST_CASE("client: a batch takes what window and store take, when_sendable tells when to go on") {
    ClientFixture f;
    Batches batches(f);
    SUBCASE("Receive Maximum") {
        f.connect("20 06 00 00 03 21 00 03");
    }
    SUBCASE("the store's limit") {
        f.options.outgoing_maximum_messages = 3;
        f.connect();
    }
    RawPeer& peer = f.broker.peer(0);
    batches.listen();
    SubmitResult result = batches.submit(5, QoS::at_least_once);
    CHECK(result.count == 3);
    CHECK(result.status.error().code == Errc::queue_full);
    result = batches.submit(2, QoS::at_least_once);
    CHECK(result.count == 0);
    CHECK(result.status.error().code == Errc::queue_full);
    Outcome<> sendable, drained;
    f.client->when_sendable(sendable.handler());
    f.client->when_drained(drained.handler());
    REQUIRE(batches.hears(peer, "0 1 2"));
    CHECK(!sendable.is_done());
    peer.send_hex("40 02 00 01");
    REQUIRE(f.wait([&] { return sendable.is_done(); }));  // not only when half of it is free
    CHECK(batches.submit(2, QoS::at_least_once).count == 1);
    REQUIRE(batches.hears(peer, "0 1 2 3"));
    CHECK(!drained.is_done());
    peer.send_hex("40 02 00 02 40 02 00 03 40 02 00 04");
    REQUIRE(f.wait([&] { return drained.is_done(); }));
    CHECK(batches.ended == 4);
}

TEST_CASE("client: what of a batch is in flight is sent again with DUP, in order [MQTT-4.4.0-1]") {
    ClientFixture f;
    Batches batches(f);
    f.options.connect.properties.add(PropertyId::session_expiry_interval, 60);
    RawPeer& first = f.connect();
    batches.listen();
    REQUIRE(batches.submit(3, QoS::exactly_once, 1).count == 3);
    std::vector<std::uint64_t> single;  // between two batches
    f.client->set_delivery_handler([&](std::uint64_t token, std::error_code error, ReasonCode) {
        CHECK(!error);
        single.push_back(token);
    });
    REQUIRE(
        f.client->submit({.topic = "t", .payload = as_bytes("s"), .qos = QoS::at_least_once}, 5));
    REQUIRE(batches.submit(2, QoS::at_least_once, 2).count == 2);
    REQUIRE(batches.hears(first, "0 1 2 s 3 4"));
    first.send_hex("50 02 00 01  50 02 00 02  40 02 00 05");
    REQUIRE(
        f.heard(first, "CONNECT PUBLISH PUBLISH PUBLISH PUBLISH PUBLISH PUBLISH PUBREL PUBREL"));
    first.send_hex("70 02 00 01");
    REQUIRE(f.wait([&] { return batches.ended == 2; }));
    SUBCASE("the session is there") {
        first.abort();
        RawPeer& second = f.accept("20 03 01 00 00");
        CHECK(batches.lent.expired());
        REQUIRE(batches.hears(second, "2d sd 4d"));
        CHECK(second.packet_names() == "CONNECT PUBREL PUBLISH PUBLISH PUBLISH");
        REQUIRE(batches.submit(1, QoS::at_least_once, 3).count == 1);
        REQUIRE(batches.hears(second, "2d sd 4d 5"));
        second.send_hex("70 02 00 02  50 02 00 03  40 02 00 04  40 02 00 06  40 02 00 07");
        second.send_hex("70 02 00 03");
        REQUIRE(f.wait([&] { return batches.ended == 6; }));
        CHECK(single == std::vector<std::uint64_t>{5});
    }
    SUBCASE("the session is lost") {
        first.abort();
        RawPeer& second = f.accept(kConnackV5);
        REQUIRE(batches.hears(second, "2 s 4"));  // the server has 1
        const PacketId id = second.packet<Publish>(1).id;
        second.send(ProtocolVersion::v5, Ack{PacketType::pubrec, id});
        second.send(ProtocolVersion::v5, Ack{PacketType::puback, second.packet<Publish>(2).id});
        second.send(ProtocolVersion::v5, Ack{PacketType::puback, second.packet<Publish>(3).id});
        REQUIRE(f.wait([&] { return second.packet_names().ends_with("PUBREL"); }));
        second.send(ProtocolVersion::v5, Ack{PacketType::pubcomp, id});
        REQUIRE(f.wait([&] { return batches.ended == 5; }));
    }
    CHECK(std::count_if(batches.told.begin(), batches.told.end(),
                        [](const std::string& t) { return t.find(' ') != t.npos; }) == 0);
    CHECK(f.client->stats().outgoing_messages == 0);
}

TEST_CASE(
    "client: without a connection a batch is copied into the store, as far as there is room") {
    ClientFixture f;
    Batches batches(f);
    f.options.outgoing_maximum_messages = 4;
    RawPeer& first = f.connect();
    batches.listen();
    first.abort();
    REQUIRE(f.wait([&] { return !f.client->is_connected(); }));
    SubmitResult result = batches.submit(6, QoS::at_least_once);
    CHECK(result.count == 4);
    CHECK(result.status.error().code == Errc::queue_full);
    CHECK(batches.lent.expired());
    Outcome<> sendable;
    f.client->when_sendable(sendable.handler());
    RawPeer& second = f.accept(kConnackV5);
    REQUIRE(batches.hears(second, "0 1 2 3"));
    CHECK(!sendable.is_done());
    second.send_hex("40 02 00 01 40 02 00 02 40 02 00 03");
    REQUIRE(f.wait([&] { return sendable.is_done(); }));
    CHECK(batches.submit(1, QoS::at_least_once).count == 1);
    REQUIRE(batches.hears(second, "0 1 2 3 4"));
}

TEST_CASE("client: a batch that is given up is told of, once") {
    ClientFixture f;
    Batches batches(f);
    f.connect();
    batches.listen();
    REQUIRE(batches.submit(5, QoS::at_least_once).count == 5);
    SUBCASE("disconnect") {
        Outcome<> closed;
        f.client->disconnect(closed.handler());
        REQUIRE(f.wait([&] { return batches.ended != 0; }));
        CHECK(batches.told == Told{"7:5 success " + make_error_code(Errc::cancelled).message()});
        f.broker.peer(0).send_hex("40 02 00 01");  // too late
        REQUIRE(f.wait([&] { return closed.is_done(); }));
    }
    SUBCASE("no reconnecting") {
        f.client.reset();
        CHECK(batches.told.empty());  // the one that would be told goes, too
        return;
    }
    CHECK(batches.ended == 5);
    CHECK(batches.lent.expired());
    const SubmitResult result = batches.submit(1, QoS::at_least_once);
    CHECK(result.count == 0);
    CHECK(result.status.error().code == Errc::not_connected);
}

TEST_CASE("client: a message of a batch that is too large is told of, those before it are sent") {
    ClientFixture f;
    RawPeer& peer = f.connect("20 08 00 00 05 27 00 00 00 20");
    const std::string large(40, 'x');
    const std::vector<Bytes> payloads{as_bytes("a"), as_bytes(large), as_bytes("b")};
    const PublishRequest common{.topic = "t", .qos = QoS::at_least_once};
    SubmitResult result = f.client->submit_batch(common, payloads, nullptr);
    CHECK(result.count == 1);
    CHECK(result.status.error().code == Errc::packet_too_large);
    result = f.client->submit_batch(common, std::span(payloads).subspan(2), nullptr);
    CHECK(result.count == 1);
    CHECK(result.status);
    REQUIRE(f.wait([&] { return Batches::heard(peer) == "a b"; }));
    CHECK(f.client->submit_batch({.topic = "a/#"}, payloads, nullptr).status.error().code ==
          Errc::topic_name_invalid);
}
