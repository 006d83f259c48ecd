// See outbox_record.hpp.
#include "mqtt-pub/outbox_record.hpp"

#include <cstring>

namespace mqtt_pub {
namespace {

struct Head {
    std::int64_t queued_at = 0;
    std::uint32_t expiry = 0;
    std::uint32_t properties_bytes = 0;
    std::uint32_t payload_bytes = 0;
    std::uint16_t topic_bytes = 0;
    std::uint8_t qos = 0;
    std::uint8_t flags = 0;
};
static_assert(sizeof(Head) == 24);

constexpr std::uint8_t kRetain = 1;
constexpr std::uint8_t kExpires = 2;
constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

std::optional<std::uint32_t> OutboxMessage::remaining_expiry(std::int64_t now) const {
    if (!request.message_expiry_interval) return std::nullopt;
    const std::int64_t age = now > queued_at ? now - queued_at : 0;
    const std::int64_t left = *request.message_expiry_interval * kSecond - age;
    return left <= 0 ? 0 : static_cast<std::uint32_t>((left + kSecond - 1) / kSecond);
}

std::size_t outbox_message_bytes(const mqtt::PublishRequest& request) {
    return sizeof(Head) + request.topic.size() + request.properties.raw().size() +
           request.payload.size();
}

void append_outbox_message(std::string& out, const OutboxMessage& message) {
    const mqtt::PublishRequest& request = message.request;
    const mqtt::Bytes properties = request.properties.raw();
    Head head;
    head.queued_at = message.queued_at;
    head.expiry = request.message_expiry_interval.value_or(0);
    head.properties_bytes = static_cast<std::uint32_t>(properties.size());
    head.payload_bytes = static_cast<std::uint32_t>(request.payload.size());
    head.topic_bytes = static_cast<std::uint16_t>(request.topic.size());
    head.qos = static_cast<std::uint8_t>(request.qos);
    head.flags = static_cast<std::uint8_t>((request.retain ? kRetain : 0) |
                                           (request.message_expiry_interval ? kExpires : 0));
    out.append(reinterpret_cast<const char*>(&head), sizeof head);
    out.append(request.topic);
    out.append(mqtt::as_text(properties));
    out.append(mqtt::as_text(request.payload));
}

std::optional<OutboxMessage> read_outbox_message(std::string_view bytes) {
    Head head;
    if (bytes.size() < sizeof head) return std::nullopt;
    std::memcpy(&head, bytes.data(), sizeof head);
    bytes.remove_prefix(sizeof head);
    const std::uint64_t needed =
        std::uint64_t{head.topic_bytes} + head.properties_bytes + head.payload_bytes;
    if (needed > bytes.size() || head.qos > 2) return std::nullopt;
    OutboxMessage message;
    message.queued_at = head.queued_at;
    mqtt::PublishRequest& request = message.request;
    request.topic = bytes.substr(0, head.topic_bytes);
    request.properties =
        mqtt::Properties(mqtt::as_bytes(bytes.substr(head.topic_bytes, head.properties_bytes)));
    request.payload =
        mqtt::as_bytes(bytes.substr(head.topic_bytes + head.properties_bytes, head.payload_bytes));
    request.qos = static_cast<mqtt::QoS>(head.qos);
    request.retain = (head.flags & kRetain) != 0;
    if ((head.flags & kExpires) != 0) request.message_expiry_interval = head.expiry;
    return message;
}

}  // namespace mqtt_pub
