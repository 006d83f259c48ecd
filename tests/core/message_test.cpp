// Message, the split of received properties, message expiry.
#include "core/message.hpp"

#include <doctest/doctest.h>

#include <string>

#include "core/as_received.hpp"
#include "core/decode.hpp"
#include "core/encode.hpp"

using namespace mqtt;
using namespace mqtt::core;
using namespace std::chrono_literals;

TEST_CASE("message: keeps its own copy of topic, properties and payload") {
    PropertyList properties;
    properties.add(PropertyId::content_type, "text/plain").add_user("k", "v");
    std::string topic = "a/b";
    std::string payload(3000, 'x');
    Message::Init init;
    init.topic = topic;
    init.properties = properties;
    init.payload = as_bytes(payload);
    init.qos = QoS::exactly_once;
    init.retain = true;
    init.publisher = 42;
    const MessageRef message = Message::create(init);
    topic.assign("zzz");
    payload.assign(3000, 'y');
    properties.clear();
    CHECK(message->topic() == "a/b");
    CHECK(message->properties().text(PropertyId::content_type) == "text/plain");
    CHECK(as_text(message->payload()) == std::string(3000, 'x'));
    CHECK(message->qos() == QoS::exactly_once);
    CHECK(message->retain());
    CHECK(message->publisher() == 42);
    CHECK_FALSE(message->expired(TimePoint::max() - 1s));
    CHECK(message->size_bytes() >= 3000 + 3);
    CHECK(message->references() == 1);
    const base::KeepAliveRef other = message;
    CHECK(message->references() == 2);
}

TEST_CASE("message: an empty message is kept too") {
    Message::Init init;
    init.topic = "t";
    const MessageRef message = Message::create(init);
    CHECK(message->payload().empty());
    CHECK(message->properties().empty());
}

TEST_CASE("message: remaining expiry is rounded up and ends at 0 [MQTT-3.3.2-6]") {
    const TimePoint now{100s};
    CHECK(remaining_expiry(TimePoint::max(), now) == std::nullopt);
    CHECK(remaining_expiry(now + 10s, now) == 10u);
    CHECK(remaining_expiry(now + 9500ms, now) == 10u);
    CHECK(remaining_expiry(now + 1ms, now) == 1u);
    CHECK(remaining_expiry(now, now) == 0u);
    CHECK(remaining_expiry(now - 5s, now) == 0u);
    CHECK(remaining_expiry(now + std::chrono::seconds(0xFFFF'FFFF), now) == 0xFFFF'FFFF);
}

TEST_CASE(
    "message: properties of the hop are cut out, the others keep their order [MQTT-3.3.2-18]") {
    std::vector<std::uint8_t> scratch{1, 2, 3};
    PropertyList forwarded;
    forwarded.add(PropertyId::payload_format_indicator, 1).add_user("b", "1").add_user("a", "2");
    SUBCASE("nothing to cut: the bytes are shared") {
        const auto split = split_publish_properties(forwarded, scratch);
        CHECK(split.forwardable.raw().data() == forwarded.view().raw().data());
        CHECK(split.topic_alias == 0);
        CHECK_FALSE(split.message_expiry_interval);
    }
    SUBCASE("cut at both ends and in the middle") {
        PropertyList received;
        received.add(PropertyId::topic_alias, 7);
        received.add(PropertyId::payload_format_indicator, 1).add_user("b", "1");
        received.add(PropertyId::subscription_identifier, 300);
        received.add_user("a", "2").add(PropertyId::message_expiry_interval, 60);
        const auto split = split_publish_properties(received, scratch);
        CHECK(as_text(split.forwardable.raw()) == as_text(forwarded.view().raw()));
        CHECK(split.topic_alias == 7);
        CHECK(split.message_expiry_interval == 60u);
    }
    SUBCASE("only the hop's: nothing is left") {
        PropertyList received;
        received.add(PropertyId::topic_alias, 1);
        CHECK(split_publish_properties(received, scratch).forwardable.empty());
    }
}

TEST_CASE("as received: the very packet, when nothing of it is the hop's own") {
    const std::string payloads[] = {"", "x", std::string(112, 'p'), std::string(70'000, 'q')};
    PropertyList properties;
    for (const bool with_properties : {false, true}) {
        if (with_properties) properties.add_user("k", std::string(200, 'v'));
        for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
            for (const std::string& payload : payloads) {
                base::OutBuffer out;
                Publish sent;
                sent.topic = "a/b";
                sent.payload = as_bytes(payload);
                if (version == ProtocolVersion::v5) sent.properties = properties;
                encode(out, version, sent);
                iovec part{};
                REQUIRE(out.gather(&part, 1) == 1);
                const Bytes bytes(static_cast<const std::uint8_t*>(part.iov_base), part.iov_len);
                const Result<Publish> got = decode_publish(find_frame(bytes, 0).frame, version);
                REQUIRE(got.ok());
                const Bytes again = as_received(*got, version);
                CHECK(again.data() == bytes.data());
                CHECK(again.size() == bytes.size());

                Publish other = *got;
                other.retain = true;
                CHECK(as_received(other, version).empty());
                other = *got;
                other.qos = QoS::at_least_once;
                CHECK(as_received(other, version).empty());
                other = *got;
                const std::string topic = "a/b";  // the alias's, or with a prefix
                other.topic = topic;
                CHECK(as_received(other, version).empty());
                if (other.properties.empty()) continue;
                other = *got;
                other.properties = {};
                CHECK(as_received(other, version).empty());
            }
        }
    }
}
