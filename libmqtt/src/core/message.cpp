// One pooled allocation per message, and the split of received properties.
#include "core/message.hpp"

#include <cstring>
#include <limits>
#include <new>

#include "base/assert.hpp"
#include "base/pool.hpp"
#include "core/writer.hpp"

namespace mqtt::core {

base::Ref<Message> Message::create(const Init& init) {
    MQTT_ASSERT(init.topic.size() <= 0xFFFF);
    MQTT_ASSERT(init.payload.size() <= kMaxRemainingLength);
    const Bytes properties = init.properties.raw();
    const std::size_t tail = init.topic.size() + properties.size() + init.payload.size();
    auto* message = ::new (base::pool_allocate(sizeof(Message) + tail)) Message;
    message->publisher_ = init.publisher;
    message->source_ = init.source;
    message->expires_at_ = init.expires_at;
    message->payload_size_ = static_cast<std::uint32_t>(init.payload.size());
    message->properties_size_ = static_cast<std::uint32_t>(properties.size());
    message->topic_size_ = static_cast<std::uint16_t>(init.topic.size());
    message->qos_ = init.qos;
    message->retain_ = init.retain;
    Writer writer(reinterpret_cast<std::uint8_t*>(message + 1), tail);
    writer.bytes(as_bytes(init.topic));
    writer.bytes(properties);
    writer.bytes(init.payload);
    return base::Ref<Message>(message);
}

std::size_t Message::size_bytes() const {
    return base::pool_size_class(sizeof(Message) + topic_size_ + properties_size_ + payload_size_);
}

void Message::destroy() noexcept {
    const std::size_t size = sizeof(Message) + topic_size_ + properties_size_ + payload_size_;
    this->~Message();
    base::pool_free(this, size);
}

std::optional<std::uint32_t> remaining_expiry(TimePoint expires_at, TimePoint now) {
    if (expires_at == TimePoint::max()) return std::nullopt;
    if (expires_at <= now) return 0;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(expires_at - now).count();
    constexpr auto kLargest = std::numeric_limits<std::uint32_t>::max();
    return seconds > kLargest ? kLargest : static_cast<std::uint32_t>(seconds);
}

PublishProperties split_publish_properties(Properties received,
                                           std::vector<std::uint8_t>& scratch) {
    PublishProperties split;
    split.forwardable = received;
    bool cut = false;
    const std::uint8_t* kept = received.raw().data();  // begin of the run not yet copied
    const std::uint8_t* const end = kept + received.raw().size();
    for (auto it = received.begin(); it != received.end(); ++it) {
        switch (it->info->id) {
        case PropertyId::topic_alias:
            split.topic_alias = static_cast<std::uint16_t>(it->number);
            break;
        case PropertyId::message_expiry_interval: split.message_expiry_interval = it->number; break;
        case PropertyId::subscription_identifier: break;
        default: continue;
        }
        if (!cut) scratch.clear();
        cut = true;
        scratch.insert(scratch.end(), kept, it.position());
        kept = it.next_position();
    }
    if (cut) {
        scratch.insert(scratch.end(), kept, end);
        split.forwardable = Properties(Bytes(scratch));
    }
    return split;
}

}  // namespace mqtt::core
