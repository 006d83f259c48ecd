// From what the shard holds to rows.
#include "broker/store/batch.hpp"

namespace mqtt::broker::store {
namespace {

// Of a commit that has gathered under load; an exceptional one gives its memory back.
constexpr std::size_t kMostKept = 1024;

template <class T>
void keep_memory(std::vector<T>& of, std::vector<T>& in) {
    of.clear();
    if (of.capacity() <= kMostKept) in = std::move(of);
}

}  // namespace

void Batch::clear() {
    Batch fresh;
    keep_memory(messages, fresh.messages);
    keep_memory(entries, fresh.entries);
    keep_memory(entry_changes, fresh.entry_changes);
    keep_memory(removed_messages, fresh.removed_messages);
    *this = std::move(fresh);
}

WallTime Batch::wall(TimePoint time) const {
    if (time == TimePoint::max()) return kNever;
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
    return since.count() + steady_offset;
}

MessageRow Batch::row(const core::Message& message) const {
    MessageRow row;
    row.topic = message.topic();
    row.properties = message.properties().raw();
    row.payload = message.payload();
    row.qos = message.qos();
    row.retain = message.retain();
    row.expires_at = wall(message.expires_at());
    row.publisher = message.publisher();
    return row;
}

SessionRow Batch::row(const SessionChange& change) const {
    SessionRow row = change.numbers;
    row.client_id = change.client_id;
    row.user_name = change.user_name;
    if (change.will) {
        row.will = WillRow{this->row(*change.will), change.will_expiry, change.will_delay};
    }
    return row;
}

EntryRow Batch::row(const NewEntry& entry) {
    EntryRow row;
    row.key = entry.key;
    row.session = entry.session;
    row.message = entry.message;
    row.packet_id = entry.packet_id;
    row.state = entry.state;
    row.qos = entry.qos;
    row.retain = entry.retain;
    row.subscription_ids = subscription_ids(entry);
    row.shared_tag = entry.shared_tag;
    return row;
}

std::span<const std::uint32_t> Batch::subscription_ids(const NewEntry& entry) {
    if (entry.subscription_ids) {
        return static_cast<const core::SubscriptionIds&>(*entry.subscription_ids).ids();
    }
    return {&entry.subscription_id, entry.subscription_id != 0 ? 1U : 0U};
}

}  // namespace mqtt::broker::store
