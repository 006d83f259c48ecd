// mqtt::Client with a journal of its program's: what it is told of, and what an earlier process left.
#include "client_fixture.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

PublishRequest request(std::string_view payload, QoS qos) {
    PublishRequest made;
    made.topic = "t";
    made.payload = as_bytes(payload);
    made.qos = qos;
    return made;
}

struct Journal {
    std::vector<std::string> lines;
    std::function<void(std::uint64_t, PacketId, ExchangeStep)> writer() {
        return [this](std::uint64_t token, PacketId id, ExchangeStep step) {
            lines.push_back(std::to_string(token) +
                            (step == ExchangeStep::sent ? " sent " : " rec ") + std::to_string(id));
        };
    }
};

}  // namespace

TEST_CASE("client: a journal hears of every step before the socket does [MQTT-4.3.3-4]") {
    ClientFixture f;
    Journal journal;
    RawPeer& peer = f.connect();
    f.client->set_exchange_handler(journal.writer());
    REQUIRE(f.client->submit(request("0", QoS::at_most_once), 7));
    REQUIRE(f.client->submit(request("1", QoS::at_least_once), 8));
    REQUIRE(f.client->submit(request("2", QoS::exactly_once), 9));
    CHECK(journal.lines == std::vector<std::string>{"8 sent 1", "9 sent 2"});
    CHECK(peer.packet_names() == "CONNECT");  // nothing is flushed before the turn ends
    REQUIRE(f.heard(peer, "CONNECT PUBLISH PUBLISH PUBLISH"));
    peer.send_hex("50 02 00 02");
    REQUIRE(f.heard(peer, "CONNECT PUBLISH PUBLISH PUBLISH PUBREL"));
    CHECK(journal.lines.back() == "9 rec 2");
    peer.send_hex("50 02 00 02");  // repeated: the journal knows it already
    REQUIRE(f.heard(peer, "CONNECT PUBLISH PUBLISH PUBLISH PUBREL PUBREL"));
    CHECK(journal.lines.size() == 3);
}

TEST_CASE(
    "client: what an earlier process left is resent or released, then new ones [MQTT-4.4.0-1]") {
    ClientFixture f;
    f.options.connect.clean_start = false;
    f.options.connect.properties.add(PropertyId::session_expiry_interval, 60);
    Client& client = f.make();
    std::vector<std::uint64_t> delivered;
    client.set_delivery_handler([&](std::uint64_t token, std::error_code error, ReasonCode) {
        CHECK(!error);
        delivered.push_back(token);
    });
    CHECK(!client.restore(request("x", QoS::at_most_once), 1, ExchangeStep::sent, 1));
    REQUIRE(client.restore(request("a", QoS::exactly_once), 10, ExchangeStep::received, 1));
    REQUIRE(client.restore(request("b", QoS::exactly_once), 11, ExchangeStep::sent, 2));
    REQUIRE(client.restore(request("c", QoS::at_least_once), 13, ExchangeStep::sent, 3));
    CHECK(!client.restore(request("d", QoS::at_least_once), 13, ExchangeStep::sent, 4));
    Outcome<ConnectReport> up;
    client.connect(up.handler());

    SUBCASE("the session is there") {
        RawPeer& peer = f.accept("20 03 01 00 00");
        CHECK(!peer.packet<Connect>(0).clean_start);
        REQUIRE(client.submit(request("n", QoS::at_least_once), 5));
        REQUIRE(f.heard(peer, "CONNECT PUBREL PUBLISH PUBLISH PUBLISH"));
        CHECK(peer.packet<Ack>(1).id == 10);
        CHECK(peer.packet<Publish>(2).dup);
        CHECK(peer.packet<Publish>(2).id == 11);
        CHECK(as_text(peer.packet<Publish>(3).payload) == "c");
        CHECK(!peer.packet<Publish>(4).dup);
        CHECK(peer.packet<Publish>(4).id == 14);
        peer.send_hex("70 02 00 0A  40 02 00 0D  50 02 00 0B  70 02 00 0B  40 02 00 0E");
        REQUIRE(f.wait([&] { return delivered.size() == 4; }));
        CHECK(delivered == std::vector<std::uint64_t>{1, 3, 2, 5});
    }
    SUBCASE("the session is lost: received ones are done, the others go again with new ids") {
        RawPeer& peer = f.accept(kConnackV5);
        REQUIRE(f.heard(peer, "CONNECT PUBLISH PUBLISH"));
        CHECK(delivered == std::vector<std::uint64_t>{1});
        CHECK(!peer.packet<Publish>(1).dup);
        CHECK(as_text(peer.packet<Publish>(1).payload) == "b");
        CHECK(peer.packet<Publish>(1).id == 14);
    }
}
