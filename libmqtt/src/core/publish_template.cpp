// See publish_template.hpp.
#include "core/publish_template.hpp"

#include <utility>

#include "base/assert.hpp"
#include "core/encode_detail.hpp"

namespace mqtt::core {

PublishTemplate::PublishTemplate(ProtocolVersion version, const OutgoingPublish& common) {
    OutgoingPublish publish = common;
    const bool with_id = common.qos != QoS::at_most_once;
    publish.id = with_id ? PacketId{1} : PacketId{0};
    publish.payload = {};
    encode(example_, version, publish);
    iovec whole{};
    example_.gather(&whole, 1);
    const Bytes bytes(static_cast<const std::uint8_t*>(whole.iov_base), whole.iov_len);
    first_ = bytes[0];
    std::uint32_t body = 0;
    const int used = decode_varint(bytes.data() + 1, bytes.data() + bytes.size(), body);
    middle_ = bytes.subspan(1 + static_cast<std::size_t>(used));
    if (with_id) id_at_ = text_size(publish.omit_topic ? 0 : publish.topic.size());
}

std::uint8_t* PublishTemplate::write_head(std::uint8_t* at, PacketId id,
                                          std::size_t payload_bytes) const {
    MQTT_ASSERT((id != 0) == (id_at_ != 0));
    *at++ = first_;
    at = encode_varint(at, static_cast<std::uint32_t>(middle_.size() + payload_bytes));
    std::memcpy(at, middle_.data(), middle_.size());
    if (id_at_ != 0) {
        at[id_at_] = static_cast<std::uint8_t>(id >> 8);
        at[id_at_ + 1] = static_cast<std::uint8_t>(id);
    }
    return at + middle_.size();
}

void PublishTemplate::append(base::OutBuffer& out, PacketId id, Bytes payload,
                             base::KeepAliveRef owner) const {
    write_head(out.grow(packet_size(payload.size()) - payload.size()), id, payload.size());
    out.append_reference(payload, std::move(owner));
}

}  // namespace mqtt::core
