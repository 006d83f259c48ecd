// What the golden vectors cannot say: views, refusal versions, errors with their reason codes.
#include "core/decode.hpp"

#include <doctest/doctest.h>

#include "core/reason_code.hpp"
#include "support/wire.hpp"

using namespace mqtt;
using namespace mqtt::core;

namespace {

Frame frame_of(const std::vector<std::uint8_t>& bytes) {
    const FrameResult found = find_frame(bytes, 0);
    REQUIRE(found.status == FrameStatus::complete);
    return found.frame;
}

}  // namespace

TEST_CASE("decode: a packet views the buffer and copies nothing") {
    const auto bytes = mqtt::test::encoded(
        ProtocolVersion::v5, Publish{.topic = "topic", .payload = as_bytes("payload")});
    const auto publish = decode_publish(frame_of(bytes), ProtocolVersion::v5);
    REQUIRE(publish.ok());
    const auto inside = [&](const void* at) {
        return at >= bytes.data() && at < bytes.data() + bytes.size();
    };
    CHECK(inside(publish->topic.data()));
    CHECK(inside(publish->payload.data()));
}

TEST_CASE("decode: CONNECT brings its own version") {
    for (const ProtocolVersion version :
         {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        Connect connect;
        connect.version = version;
        connect.client_id = "id";
        const auto bytes = mqtt::test::encoded(version, Packet(connect));
        for (const ProtocolVersion assumed :
             {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
            const auto packet = decode(frame_of(bytes), assumed);
            REQUIRE(packet.ok());
            CHECK(std::get<Connect>(*packet).version == version);
        }
        CHECK(refusal_version(frame_of(bytes)) == version);
    }
}

TEST_CASE(
    "decode: an unknown level is refused in the words of the nearest version "
    "[MQTT-3.1.2-2] [MQTT311-3.1.2-2] [MQTT31-2]") {
    const auto refusal = [](std::uint8_t level) {
        return refusal_version(frame_of({0x10, 8, 0, 4, 'M', 'Q', 'T', 'T', level, 2}));
    };
    CHECK(refusal(6) == ProtocolVersion::v5);
    CHECK(refusal(127) == ProtocolVersion::v5);
    CHECK(refusal(0x86) == ProtocolVersion::v5);
    CHECK(refusal(2) == ProtocolVersion::v3_1_1);
    CHECK(refusal(0) == ProtocolVersion::v3_1_1);
    CHECK(refusal(3) == ProtocolVersion::v3_1);
    CHECK(refusal_version(frame_of({0x10, 1, 0})) == ProtocolVersion::v3_1_1);
    CHECK(refusal_version(frame_of({0x10, 0})) == ProtocolVersion::v3_1_1);
}

TEST_CASE("errors: every code has a row with name and text") {
    for (int code = 0; code <= static_cast<int>(Errc::out_of_memory); ++code) {
        const ErrcInfo& row = info(static_cast<Errc>(code));
        CHECK(static_cast<int>(row.code) == code);
        CHECK_FALSE(row.name.empty());
        CHECK_FALSE(row.text.empty());
        CHECK((row.exit_code == 0) == (code == 0));
        CHECK(make_error_code(row.code).message() == row.text);
        CHECK(Error(row.code).reason == row.reason);
        CHECK(bool(Error(row.code)) == (code != 0));
    }
    CHECK(mqtt_category().message(9999) == "unknown error");
}

TEST_CASE("reason codes: the table has the 43 of the standard and no other") {
    CHECK(reason_table().size() == 43);
    CHECK(reason_name(ReasonCode::not_authorized) == "not_authorized");
    CHECK(reason_text(ReasonCode::not_authorized) == "Not authorized");
    CHECK(reason_name(static_cast<ReasonCode>(0x03)) == "unknown");
    for (int code = 0; code < 256; ++code) {
        const auto reason = static_cast<ReasonCode>(code);
        const ReasonInfo* row = find_reason(reason);
        CHECK((row != nullptr) == (reason_name(reason) != "unknown"));
        if (row != nullptr) CHECK(row->allowed_in != 0);
    }
}
