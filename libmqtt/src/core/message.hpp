// An application message that somebody keeps: topic, forwardable properties and payload in one
// pooled allocation with a plain count. Used by sessions, queues, retained store, outgoing store.
// Immutable after creation; belongs to one loop; never copied per subscriber.
#pragma once

#include <optional>
#include <vector>

#include "base/keep_alive_ref.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::core {

class Message final : public base::Counted {
public:
    struct Init {
        std::string_view topic;
        Properties properties;  // forwardable only: no topic alias, expiry, subscription ids
        Bytes payload;
        QoS qos = QoS::at_most_once;
        bool retain = false;
        TimePoint expires_at = TimePoint::max();  // Message Expiry Interval as a deadline
        std::uint64_t publisher = 0;              // for No Local; 0: none
        std::uint32_t source = 0;  // its owner's: who may still have to answer for it
    };
    // Topic up to 65535 bytes, payload and properties up to what a packet can hold (asserted).
    static base::Ref<Message> create(const Init& init);

    // Topic, properties and payload follow the object in its allocation, in this order.
    std::string_view topic() const { return as_text({bytes(), topic_size_}); }
    Properties properties() const {
        return Properties(Bytes(bytes() + topic_size_, properties_size_));
    }
    Bytes payload() const { return {bytes() + topic_size_ + properties_size_, payload_size_}; }
    QoS qos() const { return qos_; }
    bool retain() const { return retain_; }
    TimePoint expires_at() const { return expires_at_; }
    bool expired(TimePoint now) const { return expires_at_ <= now; }
    std::uint64_t publisher() const { return publisher_; }
    std::uint32_t source() const { return source_; }
    std::size_t size_bytes() const;  // memory that it holds

private:
    Message() = default;
    ~Message() = default;
    void destroy() noexcept override;
    const std::uint8_t* bytes() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }

    std::uint64_t publisher_ = 0;
    TimePoint expires_at_{};
    std::uint32_t payload_size_ = 0;
    std::uint32_t properties_size_ = 0;
    std::uint16_t topic_size_ = 0;
    QoS qos_{};
    bool retain_ = false;
    std::uint32_t source_ = 0;  // where the compiler would pad
};
static_assert(sizeof(Message) == 48);
using MessageRef = base::Ref<Message>;

// Remaining whole seconds of an expiry deadline, rounded up, 0 when it has passed; nothing when it
// has none (TimePoint::max()) [MQTT-3.3.2-6].
std::optional<std::uint32_t> remaining_expiry(TimePoint expires_at, TimePoint now);

// Splits received properties into what is forwarded (raw bytes appended to `forwardable`, in
// order) and what belongs to the hop. `forwardable` may share the raw bytes when nothing is cut.
struct PublishProperties {
    Properties forwardable;
    std::optional<std::uint32_t> message_expiry_interval;
    std::uint16_t topic_alias = 0;
};
// `scratch` is overwritten and holds the bytes when something had to be cut out; it must outlive the
// result. Subscription identifiers, which belong to the hop too, are dropped.
PublishProperties split_publish_properties(Properties received, std::vector<std::uint8_t>& scratch);

}  // namespace mqtt::core
