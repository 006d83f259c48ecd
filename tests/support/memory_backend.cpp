// Batches applied to maps, and told from there.
#include "support/memory_backend.hpp"

namespace test {

using namespace mqtt::broker::store;

namespace {

MemoryBackend::Message kept(const MessageRow& row) {
    MemoryBackend::Message message;
    message.topic = row.topic;
    message.properties.assign(row.properties.begin(), row.properties.end());
    message.payload.assign(row.payload.begin(), row.payload.end());
    message.rest = row;
    return message;
}

void apply_sessions(const Batch& batch, MemoryBackend::Content& content) {
    for (const auto& [number, change] : batch.sessions) {
        if (change.is_removed) {
            content.sessions.erase(number);
            std::erase_if(content.subscriptions,
                          [key = number](const auto& s) { return s.first.first == key; });
            std::erase_if(content.received_ids,
                          [key = number](const auto& id) { return id.first == key; });
            continue;
        }
        MemoryBackend::Session& session = content.sessions[number];
        session = {change.client_id, change.user_name, change.numbers, {}, {}};
        if (!change.will) continue;
        session.will = kept(batch.row(*change.will));
        session.will_rest = {{}, change.will_expiry, change.will_delay};
    }
}

void apply_entries(const Batch& batch, MemoryBackend::Content& content) {
    for (const NewMessage& fresh : batch.messages) {
        if (fresh.message) content.messages[fresh.key] = kept(batch.row(*fresh.message));
    }
    for (const NewEntry& fresh : batch.entries) {
        if (fresh.is_cancelled) continue;
        MemoryBackend::Entry& entry = content.entries[fresh.key];
        entry.row = {fresh.key,       fresh.session, fresh.message, fresh.packet_id,
                     fresh.state,     fresh.qos,     fresh.retain,  {},
                     fresh.shared_tag};
        const auto ids = Batch::subscription_ids(fresh);
        entry.subscription_ids.assign(ids.begin(), ids.end());
    }
    for (const EntryChange& change : batch.entry_changes) {
        const auto at = content.entries.find(change.key);
        if (at == content.entries.end()) continue;
        switch (change.kind) {
        case EntryChange::Kind::removed: content.entries.erase(at); continue;
        case EntryChange::Kind::received: at->second.row.message = 0; break;
        case EntryChange::Kind::sent: at->second.row.packet_id = change.packet_id; break;
        }
        at->second.row.state = change.state;
    }
    for (const Key key : batch.removed_messages)
        content.messages.erase(key);
}

void apply_rest(const Batch& batch, MemoryBackend::Content& content) {
    for (const SubscriptionChange& change : batch.subscriptions) {
        const std::pair key(change.session, change.filter);
        if (change.is_removed)
            content.subscriptions.erase(key);
        else
            content.subscriptions[key] = {
                change.session, {}, change.options, change.id, change.shared_tag};
    }
    for (const HandoverChange& change : batch.handovers) {
        const std::pair key(change.session, change.shared_tag);
        if (change.is_removed)
            content.handovers.erase(key);
        else
            content.handovers[key] = change.filter;
    }
    for (const ReceivedIdChange& change : batch.received_ids) {
        const std::pair key(change.session, change.id);
        if (change.is_removed)
            content.received_ids.erase(key);
        else
            content.received_ids.insert(key);
    }
    for (const auto& [topic, change] : batch.retained) {
        if (change.message)
            content.retained.insert_or_assign(
                topic, MemoryBackend::Retained{kept(batch.row(*change.message)), change.source});
        else
            content.retained.erase(topic);
    }
    for (const NewTransit& transit : batch.transits) {
        content.transits[transit.key] = {
            {transit.key, batch.hash_seed, batch.shards, transit.shard, {}, {}},
            transit.filter,
            kept(batch.row(*transit.message))};
    }
}

}  // namespace

MessageRow MemoryBackend::Message::row() const {
    MessageRow row = rest;
    row.topic = topic;
    row.properties = properties;
    row.payload = payload;
    return row;
}

Fault MemoryBackend::write(std::span<const Batch* const> batches) {
    ++tries_;
    if (fails_to_write) return {"no memory", true};
    const std::lock_guard lock(mutex_);
    for (const Batch* batch : batches) {
        apply_entries(*batch, content_);
        apply_rest(*batch, content_);
        apply_sessions(*batch, content_);
    }
    for (const Batch* batch : batches) {
        for (const Key key : batch->arrived)
            content_.transits.erase(key);
    }
    ++writes_;
    return {};
}

Fault MemoryBackend::find(std::span<const Key> messages, std::vector<FoundMessage>& found) {
    ++tries_;
    if (fails_to_read) return {"it cannot be read", false};
    const std::lock_guard lock(mutex_);
    for (const Key key : messages) {
        const auto at = content_.messages.find(key);
        if (at != content_.messages.end()) found.emplace_back(key, at->second.row());
    }
    return {};
}

Fault MemoryBackend::copy(const std::string&, bool& is_done) {
    const std::lock_guard lock(mutex_);
    is_done = ++copied_ >= content_.messages.size();
    if (is_done) copied_ = 0;
    return {};
}

Fault MemoryBackend::read(Reader& reader, bool) {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, session] : content_.sessions) {
        SessionRow row = session.row;
        row.client_id = session.client_id;
        row.user_name = session.user_name;
        if (session.will) {
            row.will = session.will_rest;
            row.will->message = session.will->row();
        }
        reader.on_session(row);
    }
    for (const auto& [key, subscription] : content_.subscriptions) {
        SubscriptionRow row = subscription;
        row.filter = key.second;
        reader.on_subscription(row);
    }
    for (const auto& [key, filter] : content_.handovers)
        reader.on_handover({key.first, key.second, filter});
    std::set<Key> under_way;
    for (const auto& [key, entry] : content_.entries) {
        if (entry.row.state != EntryState::queued) under_way.insert(entry.row.message);
    }
    for (const bool waiting : {false, true}) {
        if (waiting) reader.on_waiting_messages();
        for (const auto& [key, message] : content_.messages) {
            if (under_way.contains(key) != waiting) reader.on_message(key, message.row());
        }
    }
    for (const auto& [key, entry] : content_.entries) {
        EntryRow row = entry.row;
        row.subscription_ids = entry.subscription_ids;
        reader.on_entry(row);
    }
    for (const auto& [session, id] : content_.received_ids)
        reader.on_received_id(session, id);
    for (const auto& [topic, retained] : content_.retained) {
        RetainedRow row{retained.message.row(), std::nullopt};
        if (retained.source) row.source = retained.source->view();
        reader.on_retained(row);
    }
    for (const auto& [key, transit] : content_.transits) {
        TransitRow row = transit.row;
        row.filter = transit.filter;
        row.message = transit.message.row();
        reader.on_transit(row);
    }
    return {};
}

}  // namespace test
