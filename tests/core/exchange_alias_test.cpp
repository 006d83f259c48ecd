// Topic aliases in both directions.
#include "core/exchange.hpp"

#include <doctest/doctest.h>

#include "core/topic_alias.hpp"
#include "protocol_fixture.hpp"

using namespace ::test;

namespace {

ByteVector with_alias(std::string_view topic, std::uint16_t alias) {
    const PropertyList properties = list(PropertyId::topic_alias, alias);
    Publish publish = incoming(topic, "p");
    publish.properties = properties;
    return to_bytes(ProtocolVersion::v5, publish);
}

}  // namespace

TEST_CASE(
    "exchange: an alias stands for its topic until the connection ends "
    "[MQTT-3.3.2-7] [MQTT-3.3.2-10] [MQTT-3.3.2-12]") {
    Server server;
    server.limits.announced.topic_alias_maximum = 3;
    server.connect();
    server.feed(with_alias("a", 1));
    server.feed(with_alias("bb", 3));
    server.events();
    server.feed(with_alias("", 3));
    server.feed(with_alias("", 1));
    server.feed(with_alias("new", 1));
    server.feed(with_alias("", 1));
    CHECK(server.events() ==
          "PUBLISH q0 r0 d0 'bb' 1 bytes = p | PUBLISH q0 r0 d0 'a' 1 bytes = p | "
          "PUBLISH q0 r0 d0 'new' 1 bytes = p | PUBLISH q0 r0 d0 'new' 1 bytes = p");
    server.feed(with_alias("", 2));
    CHECK(server.sent() == "DISCONNECT protocol_error");

    Server next;
    next.limits.announced.topic_alias_maximum = 3;
    next.connect();
    next.feed(with_alias("", 1));
    CHECK(next.sent() == "DISCONNECT protocol_error");
}

TEST_CASE(
    "exchange: aliases out of range are answered with 0x94 "
    "[MQTT-3.3.2-8] [MQTT-3.3.2-9] [MQTT-3.3.2-11]") {
    const auto answer = [](const ByteVector& bytes, std::uint16_t maximum) {
        Server server;
        server.limits.announced.topic_alias_maximum = maximum;
        server.connect();
        server.feed(bytes);
        CHECK(server.protocol.is_closing());
        return server.sent();
    };
    CHECK(answer(with_alias("t", 4), 3) == "DISCONNECT topic_alias_invalid");
    CHECK(answer(with_alias("t", 1), 0) == "DISCONNECT topic_alias_invalid");
    CHECK(answer(raw({0x30, 8, 0, 1, 't', 3, 0x23, 0, 0, 'p'}), 3) ==
          "DISCONNECT topic_alias_invalid");
}

TEST_CASE(
    "exchange: a topic that comes again gets an alias, no more than the peer allows "
    "[MQTT-3.1.2-26] [MQTT-3.2.2-17]") {
    Server server;
    const PropertyList one = list(PropertyId::topic_alias_maximum, 1);
    server.connect(with(one));
    const auto publish = [&](std::string_view topic) {
        publish_kept(server.protocol, topic, "p", QoS::at_most_once);
        return server.sent();
    };
    const std::string plain = "PUBLISH q0 r0 d0 'sensors/1' 1 bytes = p";
    const std::string defining = "PUBLISH q0 r0 d0 'sensors/1' 1 bytes topic-alias 1 = p";
    const std::string short_form = "PUBLISH q0 r0 d0 '' 1 bytes topic-alias 1 = p";
    CHECK(publish("sensors/1") == plain);
    CHECK(publish("sensors/1") == defining);
    CHECK(publish("sensors/1") == short_form);
    CHECK(publish("sensors/1") == short_form);
    // A stream of other topics gets no alias while the first is used as much as they are...
    for (int i = 0; i < 100; ++i) {
        const std::string topic = "other/" + std::to_string(i);
        CHECK(publish(topic).find("topic-alias") == std::string::npos);
        CHECK(publish("sensors/1") == short_form);
    }
    // ...but one that is used more takes its place.
    std::string last;
    for (int i = 0; i < 12; ++i)
        last = publish("winner/1");
    CHECK(last == short_form);
    CHECK(publish("sensors/1") == plain);
    CHECK(publish("t") == "PUBLISH q0 r0 d0 't' 1 bytes = p");  // too short to gain anything
}

TEST_CASE("exchange: a peer that allows no alias gets none [MQTT-3.1.2-27] [MQTT-3.2.2-18]") {
    Server server;
    server.connect();
    for (int i = 0; i < 5; ++i)
        publish_kept(server.protocol, "sensors/1", "p", QoS::at_most_once);
    CHECK(server.sent().find("topic-alias") == std::string::npos);
}

TEST_CASE("exchange: aliases stay within the maximum whatever the topics are [MQTT-3.1.2-26]") {
    Server server;
    const PropertyList five = list(PropertyId::topic_alias_maximum, 5);
    server.connect(with(five));
    InboundAliases peer(5);
    for (int i = 0; i < 3000; ++i) {
        const std::string topic = "topic/" + std::to_string(i * i % 17);
        publish_kept(server.protocol, topic, "p", QoS::at_most_once);
        const ByteVector bytes = take(server.out);
        const Result<Publish> read =
            decode_publish(find_frame(bytes, 0).frame, ProtocolVersion::v5);
        REQUIRE(read);
        const auto alias =
            static_cast<std::uint16_t>(read->properties.number_or(PropertyId::topic_alias, 0));
        if (alias == 0) {
            REQUIRE(read->topic == topic);
            continue;
        }
        REQUIRE(peer.in_range(alias));
        if (!read->topic.empty()) peer.define(alias, read->topic);
        REQUIRE(peer.find(alias) == topic);
    }
}

TEST_CASE("exchange: an alias that would make the packet too large is left out [MQTT-3.1.2-24]") {
    Server server;
    PropertyList limits;
    limits.add(PropertyId::maximum_packet_size, 20).add(PropertyId::topic_alias_maximum, 4);
    server.connect(with(limits));
    for (int i = 0; i < 4; ++i)
        CHECK(publish_kept(server.protocol, "0123456789", "12345", QoS::at_most_once) == "sent");
    CHECK(server.sent().find("topic-alias") == std::string::npos);
}
