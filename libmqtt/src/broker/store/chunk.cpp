// The layout of a chunk: a count, then its messages; a count, then its entries.
#include "broker/store/chunk.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mqtt::broker::store {
namespace {

constexpr std::size_t kMostEntries = 256;
constexpr std::size_t kEnoughBytes = 64 * 1024;

// The first number of a body tells the layouts apart: files before version 6 of the schema have counts of
// messages there, and fixed heads (below).
constexpr std::uint32_t kCompact = 0xFFFFFFFF;

// In the compact layout numbers are of seven bits per byte, and keys are told from the ones before, which
// are mostly near: a message and its entry cost some 15 bytes beside topic and payload.
std::uint64_t zigzag(std::uint64_t difference) {
    return difference << 1 ^ (0 - (difference >> 63));
}
std::uint64_t from_zigzag(std::uint64_t number) {
    return number >> 1 ^ (0 - (number & 1));
}

// First byte of a message, and of an entry; what it does not announce is not there.
namespace message_flags {
constexpr int kQos = 3;
constexpr int kRetain = 4;
constexpr int kExpires = 8;
constexpr int kProperties = 16;
}  // namespace message_flags
namespace entry_flags {
constexpr int kQos = 3;
constexpr int kRetain = 4;
constexpr int kShared = 8;
constexpr int kPacketId = 16;
constexpr int kState = 32;  // and the next bit
constexpr int kIds = 128;
}  // namespace entry_flags

// What the next item is told from.
struct Before {
    Key key = 0;
    Key other = 0;  // its publisher, or session
    Key message = 0;
};

// Grows in steps, so that single bytes are not checked.
class Pen {
public:
    explicit Pen(std::vector<std::uint8_t>& out) : out_(out) {}
    ~Pen() { out_.resize(size_); }
    Pen(const Pen&) = delete;
    Pen& operator=(const Pen&) = delete;

    // Room for numbers, and for so many bytes.
    void begin_item(std::size_t bytes) {
        constexpr std::size_t kHead = 128;
        const std::size_t wanted = size_ + kHead + bytes;
        if (wanted > out_.size()) out_.resize(std::max(wanted, out_.size() * 2));
    }
    void byte(int value) { out_[size_++] = static_cast<std::uint8_t>(value); }
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7)
            out_[size_++] = static_cast<std::uint8_t>(value | 0x80);
        out_[size_++] = static_cast<std::uint8_t>(value);
    }
    // How far `value` is from `before`, which becomes it.
    void step(Key& before, Key value) { number(zigzag(value - std::exchange(before, value))); }
    void bytes(const void* from, std::size_t size) {
        if (size != 0) std::memcpy(out_.data() + size_, from, size);
        size_ += size;
    }

private:
    std::vector<std::uint8_t>& out_;
    std::size_t size_ = 0;
};

void put(Pen& pen, Before& before, Key key, const MessageRow& row) {
    namespace flags = message_flags;
    pen.begin_item(row.topic.size() + row.properties.size() + row.payload.size());
    pen.byte(static_cast<int>(row.qos) | (row.retain ? flags::kRetain : 0) |
             (row.expires_at != kNever ? flags::kExpires : 0) |
             (row.properties.empty() ? 0 : flags::kProperties));
    pen.step(before.key, key);
    pen.step(before.other, row.publisher);
    if (row.expires_at != kNever) pen.number(static_cast<std::uint64_t>(row.expires_at));
    pen.number(row.topic.size());
    if (!row.properties.empty()) pen.number(row.properties.size());
    pen.number(row.payload.size());
    pen.bytes(row.topic.data(), row.topic.size());
    pen.bytes(row.properties.data(), row.properties.size());
    pen.bytes(row.payload.data(), row.payload.size());
}

void put(Pen& pen, Before& before, const NewEntry& entry) {
    namespace flags = entry_flags;
    const auto ids = Batch::subscription_ids(entry);
    pen.begin_item(ids.size() * 5);
    pen.byte(static_cast<int>(entry.qos) | (entry.retain ? flags::kRetain : 0) |
             (entry.shared_tag != 0 ? flags::kShared : 0) |
             (entry.packet_id != 0 ? flags::kPacketId : 0) |
             static_cast<int>(entry.state) * flags::kState | (ids.empty() ? 0 : flags::kIds));
    pen.step(before.key, entry.key);
    pen.step(before.other, entry.session);
    pen.step(before.message, entry.message);
    if (entry.packet_id != 0) pen.number(entry.packet_id);
    if (entry.shared_tag != 0) pen.number(entry.shared_tag);
    if (!ids.empty()) pen.number(ids.size());
    for (const std::uint32_t id : ids)
        pen.number(id);
}

// Takes from the front; damaged for good when there is too little.
class Cursor {
public:
    explicit Cursor(Bytes bytes) : rest_(bytes) {}
    bool is_damaged() const { return is_damaged_; }
    bool is_at_end() const { return rest_.empty(); }

    Bytes take(std::size_t size) {
        if (size > rest_.size()) {
            is_damaged_ = true;
            return {};
        }
        const Bytes taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    template <class T>
    T fixed() {
        T value{};
        const Bytes bytes = take(sizeof value);
        if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
        return value;
    }
    std::uint8_t byte() { return fixed<std::uint8_t>(); }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !is_damaged_; shift += 7) {
            const std::uint8_t next = byte();
            value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        is_damaged_ = true;
        return 0;
    }
    Key step(Key& before) { return before += from_zigzag(number()); }

private:
    Bytes rest_;
    bool is_damaged_ = false;
};

void take_message(Cursor& cursor, Before& before, ChunkItems& items) {
    namespace flags = message_flags;
    const int head = cursor.byte();
    const Key key = cursor.step(before.key);
    MessageRow row;
    row.publisher = cursor.step(before.other);
    if ((head & flags::kExpires) != 0) row.expires_at = static_cast<WallTime>(cursor.number());
    const std::uint64_t topic_bytes = cursor.number();
    const std::uint64_t properties_bytes = (head & flags::kProperties) != 0 ? cursor.number() : 0;
    const std::uint64_t payload_bytes = cursor.number();
    const Bytes topic = cursor.take(topic_bytes);
    row.topic = {reinterpret_cast<const char*>(topic.data()), topic.size()};
    row.properties = cursor.take(properties_bytes);
    row.payload = cursor.take(payload_bytes);
    row.qos = static_cast<QoS>(head & flags::kQos);
    row.retain = (head & flags::kRetain) != 0;
    if (!cursor.is_damaged()) items.on_message(key, row);
}

void take_entry(Cursor& cursor, Before& before, ChunkItems& items,
                std::vector<std::uint32_t>& ids) {
    namespace flags = entry_flags;
    const int head = cursor.byte();
    EntryRow row;
    row.key = cursor.step(before.key);
    row.session = cursor.step(before.other);
    row.message = cursor.step(before.message);
    if ((head & flags::kPacketId) != 0) row.packet_id = static_cast<PacketId>(cursor.number());
    if ((head & flags::kShared) != 0) row.shared_tag = static_cast<std::uint32_t>(cursor.number());
    ids.clear();
    std::uint64_t left = (head & flags::kIds) != 0 ? cursor.number() : 0;
    for (; left != 0 && !cursor.is_damaged(); --left)
        ids.push_back(static_cast<std::uint32_t>(cursor.number()));
    row.state = static_cast<EntryState>(head / flags::kState & 3);
    row.qos = static_cast<QoS>(head & flags::kQos);
    row.retain = (head & flags::kRetain) != 0;
    row.subscription_ids = ids;
    if (!cursor.is_damaged()) items.on_entry(row);
}

// Of files before version 6.

struct MessageHead {
    Key key;
    WallTime expires_at;
    std::uint64_t publisher;
    std::uint32_t topic_bytes;
    std::uint32_t properties_bytes;
    std::uint32_t payload_bytes;
    QoS qos;
    std::uint8_t retain;  // not a bool: the file may be damaged
};

struct EntryHead {
    Key key;
    Key session;
    Key message;
    std::uint32_t ids;
    PacketId packet_id;
    EntryState state;
    std::uint8_t flags;
};
// Flags of an entry, above its QoS.
constexpr int kQos = 3;
constexpr int kRetain = 4;
constexpr int kShared = 8;  // its tag follows

void fixed_message(Cursor& cursor, ChunkItems& items) {
    const auto head = cursor.fixed<MessageHead>();
    MessageRow row;
    const Bytes topic = cursor.take(head.topic_bytes);
    row.topic = {reinterpret_cast<const char*>(topic.data()), topic.size()};
    row.properties = cursor.take(head.properties_bytes);
    row.payload = cursor.take(head.payload_bytes);
    row.qos = head.qos;
    row.retain = head.retain != 0;
    row.expires_at = head.expires_at;
    row.publisher = head.publisher;
    if (!cursor.is_damaged()) items.on_message(head.key, row);
}

void fixed_entry(Cursor& cursor, ChunkItems& items, std::vector<std::uint32_t>& ids) {
    const auto head = cursor.fixed<EntryHead>();
    const auto tag = (head.flags & kShared) != 0 ? cursor.fixed<std::uint32_t>() : 0;
    const Bytes bytes = cursor.take(head.ids * sizeof(std::uint32_t));
    ids.resize(bytes.size() / sizeof(std::uint32_t));
    if (!ids.empty()) std::memcpy(ids.data(), bytes.data(), bytes.size());
    EntryRow row;
    row.key = head.key;
    row.session = head.session;
    row.message = head.message;
    row.packet_id = head.packet_id;
    row.state = head.state;
    row.qos = static_cast<QoS>(head.flags & kQos);
    row.retain = (head.flags & kRetain) != 0;
    row.subscription_ids = ids;
    row.shared_tag = tag;
    if (!cursor.is_damaged()) items.on_entry(row);
}

}  // namespace

ChunkPart next_chunk(const Batch& batch, const ChunkPart& previous) {
    ChunkPart part;
    part.first_message = part.end_message = previous.end_message;
    part.first_entry = part.end_entry = previous.end_entry;
    std::size_t bytes = 0;
    const auto take_message = [&] {
        const NewMessage& message = batch.messages[part.end_message++];
        if (!message.message) return;
        ++part.live;
        bytes += message.message->size_bytes();
    };
    while (part.end_entry < batch.entries.size()) {
        const bool is_enough =
            part.end_entry - part.first_entry >= kMostEntries || bytes >= kEnoughBytes;
        if (is_enough) return part;
        const NewEntry& entry = batch.entries[part.end_entry++];
        if (entry.is_cancelled) continue;
        ++part.live;
        while (part.end_message < batch.messages.size() &&
               batch.messages[part.end_message].key <= entry.message)
            take_message();
    }
    while (part.end_message < batch.messages.size())
        take_message();
    return part;
}

void encode_chunk(const Batch& batch, const ChunkPart& part, std::vector<std::uint8_t>& out) {
    const std::span messages(batch.messages.data() + part.first_message,
                             batch.messages.data() + part.end_message);
    const std::span entries(batch.entries.data() + part.first_entry,
                            batch.entries.data() + part.end_entry);
    const auto is_there = [](const NewMessage& m) { return static_cast<bool>(m.message); };
    const auto is_live = [](const NewEntry& e) { return !e.is_cancelled; };
    Pen pen(out);
    Before before;
    pen.begin_item(0);
    pen.bytes(&kCompact, sizeof kCompact);
    pen.number(static_cast<std::uint64_t>(std::ranges::count_if(messages, is_there)));
    for (const NewMessage& message : messages) {
        if (is_there(message)) put(pen, before, message.key, batch.row(*message.message));
    }
    before = {};
    pen.begin_item(0);
    pen.number(static_cast<std::uint64_t>(std::ranges::count_if(entries, is_live)));
    for (const NewEntry& entry : entries) {
        if (is_live(entry)) put(pen, before, entry);
    }
}

bool decode_chunk(Bytes bytes, ChunkItems& items) {
    Cursor cursor(bytes);
    std::vector<std::uint32_t> ids;
    auto left = std::uint64_t{cursor.fixed<std::uint32_t>()};
    const bool is_compact = left == kCompact;
    Before before;
    if (is_compact) left = cursor.number();
    for (; left != 0 && !cursor.is_damaged(); --left)
        is_compact ? take_message(cursor, before, items) : fixed_message(cursor, items);
    before = {};
    left = is_compact ? cursor.number() : cursor.fixed<std::uint32_t>();
    for (; left != 0 && !cursor.is_damaged(); --left)
        is_compact ? take_entry(cursor, before, items, ids) : fixed_entry(cursor, items, ids);
    return !cursor.is_damaged() && cursor.is_at_end();
}

}  // namespace mqtt::broker::store
