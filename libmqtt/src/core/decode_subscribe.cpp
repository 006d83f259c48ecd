// SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, and iteration over their filters.
#include "base/assert.hpp"
#include "core/decode_detail.hpp"
#include "core/reason_code.hpp"
#include "core/subscription_options.hpp"
#include "mqtt/topic.hpp"

namespace mqtt {

using core::Reader;

FilterList::Iterator::Iterator(const std::uint8_t* at, const std::uint8_t* end, bool with_options)
    : at_(at)
    , next_(at)
    , end_(end)
    , with_options_(with_options) {
    read();
}

FilterList::Iterator& FilterList::Iterator::operator++() {
    at_ = next_;
    read();
    return *this;
}

void FilterList::Iterator::read() {
    if (at_ == end_) return;
    Reader reader(Bytes(at_, end_));
    current_.filter = reader.raw_text();
    if (with_options_) current_.options = core::unpack_options(reader.u8());
    if (!reader.ok()) {  // bytes that nobody validated: end here
        MQTT_ASSERT(false);
        at_ = next_ = end_;
        return;
    }
    next_ = reader.position();
}

std::size_t FilterList::count() const {
    std::size_t count = 0;
    for (auto it = begin(); it != end(); ++it)
        ++count;
    return count;
}

namespace core {
namespace {

// Before 5.0 there is only the QoS; all other bits are reserved.
Error check_options(std::uint8_t byte, ProtocolVersion version) {
    const int reserved = version == ProtocolVersion::v5 ? 0xC0 : 0xFC;
    if ((byte & reserved) != 0) {  // [MQTT-3.8.3-5] [MQTT311-3.8.3-4]
        return malformed("reserved bit of the subscription options is set");
    }
    if ((byte & 3) == 3) {  // [MQTT311-3.8.3-4]: there it is malformed
        constexpr std::string_view kWhy = "subscription with QoS 3";
        return version == ProtocolVersion::v5 ? protocol_error(kWhy) : malformed(kWhy);
    }
    if ((byte & 0x30) == 0x30) return protocol_error("Retain Handling is 3");
    return {};
}

Error read_filter(Reader& reader, ProtocolVersion version, bool with_options) {
    const std::string_view filter = reader.text();  // [MQTT-3.8.3-1] [MQTT-3.10.3-1]
    const std::uint8_t options = with_options ? reader.u8() : std::uint8_t{0};
    if (!reader.ok()) return reader.error();
    if (const Status status = validate_topic_filter(filter); !status) return status.error();
    if (const Error error = check_options(options, version)) return error;
    if (unpack_options(options).no_local && parse_shared_filter(filter)) {
        return protocol_error("No Local on a shared subscription");  // [MQTT-3.8.3-4]
    }
    return {};
}

// The common layout of SUBSCRIBE and UNSUBSCRIBE.
template <class T>
Result<Packet> decode_request(const Frame& frame, ProtocolVersion version, PropertyPlace place) {
    constexpr bool kWithOptions = std::is_same_v<T, Subscribe>;
    Reader reader(frame.body);
    Error error;
    T packet;
    packet.id = reader.u16();
    packet.properties = read_properties(reader, version, place, error);
    if (!reader.ok()) return reader.error();
    if (error) return error;
    if (packet.id == 0) return protocol_error(kZeroPacketId);  // [MQTT-2.2.1-3] [MQTT311-2.3.1-1]
    if (reader.at_end()) {  // [MQTT-3.8.3-2] [MQTT-3.10.3-2] [MQTT311-3.8.3-3] [MQTT311-3.10.3-2]
        return protocol_error("request without a topic filter");
    }
    const Bytes filters(reader.position(), reader.remaining());
    while (!reader.at_end()) {
        if (const Error wrong = read_filter(reader, version, kWithOptions)) return wrong;
    }
    packet.filters = FilterList(filters, kWithOptions);
    return Packet(packet);
}

bool is_suback_code(std::uint8_t code, ProtocolVersion version, PropertyPlace place) {
    if (version == ProtocolVersion::v5) return is_allowed(static_cast<ReasonCode>(code), place);
    if (version == ProtocolVersion::v3_1) return code <= 2;  // which knows no failure
    return code <= 2 || code == 0x80;
}

// The common layout of SUBACK and UNSUBACK: a code for each filter.
template <class T>
Result<Packet> decode_answer(const Frame& frame, ProtocolVersion version, PropertyPlace place) {
    const bool with_codes = place == PropertyPlace::suback || version == ProtocolVersion::v5;
    Reader reader(frame.body);
    Error error;
    T packet;
    packet.id = reader.u16();
    packet.properties = read_properties(reader, version, place, error);
    if (with_codes) packet.codes = reader.rest();
    if (const Error wrong = finish(reader, error)) return wrong;
    if (packet.id == 0) return protocol_error(kZeroPacketId);
    if (with_codes && packet.codes.empty()) return protocol_error("answer without a reason code");
    for (const std::uint8_t code : packet.codes) {
        if (!is_suback_code(code, version,
                            place)) {  // [MQTT-3.9.3-2] [MQTT-3.11.3-2] [MQTT311-3.9.3-2]
            return protocol_error("unknown reason code in SUBACK or UNSUBACK");
        }
    }
    return Packet(packet);
}

}  // namespace

Result<Packet> decode_subscribe(const Frame& frame, ProtocolVersion version) {
    return decode_request<Subscribe>(frame, version, PropertyPlace::subscribe);
}

Result<Packet> decode_unsubscribe(const Frame& frame, ProtocolVersion version) {
    return decode_request<Unsubscribe>(frame, version, PropertyPlace::unsubscribe);
}

Result<Packet> decode_suback(const Frame& frame, ProtocolVersion version) {
    return decode_answer<Suback>(frame, version, PropertyPlace::suback);
}

Result<Packet> decode_unsuback(const Frame& frame, ProtocolVersion version) {
    return decode_answer<Unsuback>(frame, version, PropertyPlace::unsuback);
}

}  // namespace core
}  // namespace mqtt
