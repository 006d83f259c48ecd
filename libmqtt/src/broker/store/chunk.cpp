// The layout of a chunk: a count, then its messages; a count, then its entries. Numbers as the machine has
// them, like everything in the file that is not SQLite's.
#include "broker/store/chunk.hpp"

#include <algorithm>
#include <cstring>

namespace mqtt::broker::store {
namespace {

constexpr std::size_t kMostEntries = 256;
constexpr std::size_t kEnoughBytes = 64 * 1024;

struct MessageHead {
    Key key;
    WallTime expires_at;
    std::uint64_t publisher;
    std::uint32_t topic_bytes;
    std::uint32_t properties_bytes;
    std::uint32_t payload_bytes;
    QoS qos;
    bool retain;
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

template <class T>
void append(std::vector<std::uint8_t>& out, const T* from, std::size_t count) {
    if (count == 0) return;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(from);
    out.insert(out.end(), bytes, bytes + count * sizeof(T));
}

void append(std::vector<std::uint8_t>& out, Key key, const MessageRow& row) {
    MessageHead head;
    std::memset(&head, 0, sizeof head);  // no stray bytes in the file
    head.key = key;
    head.expires_at = row.expires_at;
    head.publisher = row.publisher;
    head.topic_bytes = static_cast<std::uint32_t>(row.topic.size());
    head.properties_bytes = static_cast<std::uint32_t>(row.properties.size());
    head.payload_bytes = static_cast<std::uint32_t>(row.payload.size());
    head.qos = row.qos;
    head.retain = row.retain;
    append(out, &head, 1);
    append(out, row.topic.data(), row.topic.size());
    append(out, row.properties.data(), row.properties.size());
    append(out, row.payload.data(), row.payload.size());
}

void append(std::vector<std::uint8_t>& out, const NewEntry& entry) {
    const auto ids = Batch::subscription_ids(entry);
    EntryHead head;
    std::memset(&head, 0, sizeof head);
    head.key = entry.key;
    head.session = entry.session;
    head.message = entry.message;
    head.ids = static_cast<std::uint32_t>(ids.size());
    head.packet_id = entry.packet_id;
    head.state = entry.state;
    head.flags =
        static_cast<std::uint8_t>(static_cast<int>(entry.qos) | (entry.retain ? kRetain : 0) |
                                  (entry.shared_tag != 0 ? kShared : 0));
    append(out, &head, 1);
    append(out, &entry.shared_tag, entry.shared_tag != 0 ? 1 : 0);
    append(out, ids.data(), ids.size());
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
    T number() {
        T value{};
        const Bytes bytes = take(sizeof value);
        if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
        return value;
    }

private:
    Bytes rest_;
    bool is_damaged_ = false;
};

void decode_message(Cursor& cursor, ChunkItems& items) {
    const auto head = cursor.number<MessageHead>();
    MessageRow row;
    const Bytes topic = cursor.take(head.topic_bytes);
    row.topic = {reinterpret_cast<const char*>(topic.data()), topic.size()};
    row.properties = cursor.take(head.properties_bytes);
    row.payload = cursor.take(head.payload_bytes);
    row.qos = head.qos;
    row.retain = head.retain;
    row.expires_at = head.expires_at;
    row.publisher = head.publisher;
    if (!cursor.is_damaged()) items.on_message(head.key, row);
}

void decode_entry(Cursor& cursor, ChunkItems& items, std::vector<std::uint32_t>& ids) {
    const auto head = cursor.number<EntryHead>();
    const auto tag = (head.flags & kShared) != 0 ? cursor.number<std::uint32_t>() : 0;
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
    out.clear();
    const auto counted = [&](auto&& each) {
        const std::size_t at = out.size();
        std::uint32_t count = 0;
        append(out, &count, 1);
        each(count);
        std::memcpy(out.data() + at, &count, sizeof count);
    };
    counted([&](std::uint32_t& count) {
        for (std::size_t i = part.first_message; i < part.end_message; ++i) {
            const NewMessage& message = batch.messages[i];
            if (!message.message) continue;
            append(out, message.key, batch.row(*message.message));
            ++count;
        }
    });
    counted([&](std::uint32_t& count) {
        for (std::size_t i = part.first_entry; i < part.end_entry; ++i) {
            if (batch.entries[i].is_cancelled) continue;
            append(out, batch.entries[i]);
            ++count;
        }
    });
}

bool decode_chunk(Bytes bytes, ChunkItems& items) {
    Cursor cursor(bytes);
    std::vector<std::uint32_t> ids;
    auto left = cursor.number<std::uint32_t>();
    for (; left != 0 && !cursor.is_damaged(); --left)
        decode_message(cursor, items);
    left = cursor.number<std::uint32_t>();
    for (; left != 0 && !cursor.is_damaged(); --left)
        decode_entry(cursor, items, ids);
    return !cursor.is_damaged() && cursor.is_at_end();
}

}  // namespace mqtt::broker::store
