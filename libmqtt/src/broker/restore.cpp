// Rows of the store to sessions, subscriptions, queues, exchanges and retained messages.
#include "broker/restore.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

#include "broker/from_store.hpp"
#include "broker/restored_messages.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {
namespace {

using store::Key;

class Restorer final : public store::Reader {
public:
    Restorer(Shared& shared, TimePoint now) : shared_(shared), from_(now, shared.time_of_day()) {}
    void finish();

    void on_session(const store::SessionRow& row) override;
    void on_subscription(const store::SubscriptionRow& row) override;
    void on_handover(const store::HandoverRow& row) override;
    void on_message(Key key, const store::MessageRow& row) override;
    void on_waiting_messages() override { are_others_ = true; }
    void on_entry(const store::EntryRow& row) override;
    void on_received_id(Key session, PacketId id) override;
    void on_retained(const store::RetainedRow& row) override;
    void on_transit(const store::TransitRow& row) override;
    void on_used_key(Key key) override { used(key); }

private:
    struct Home {
        Shard* shard;
        Session* session;
    };
    struct Loaded {
        core::MessageRef message;
        StoredMessageRef stored;  // with the first entry
    };
    // Under way to a client when the process ended.
    struct Sent {
        PacketId id;
        store::EntryState state;
        QueuedMessage message;
    };
    using Member = std::pair<Key, std::uint32_t>;  // session and tag
    struct Transit {
        Key key;
        Publisher::Home home;
        std::string filter;
        core::MessageRef message;
    };
    std::unique_ptr<WillMessage> will(const store::WillRow& row) const;
    void set_deadlines(Shard& shard, Session& session, const store::SessionRow& row) const;
    const Home* find(Key session) const;
    void used(Key key) {
        if (key >> 8 > last_key_ >> 8) last_key_ = key;
    }
    StoredMessageRef take_message(Journal& journal, Key key, QueuedMessage& into);
    void arrive(const Transit& transit);
    static void queue(Shard& shard, Session& session, QueuedMessage message);
    static void in_order_of_sending(std::vector<Sent>& sent);
    static void send_again(const Home& home, Sent sent);

    Shared& shared_;
    const FromStore from_;
    std::unordered_map<Key, Home> sessions_;
    RestoredMessages messages_;
    std::unordered_map<Key, Loaded> loaded_;           // of these
    std::unordered_map<Key, std::vector<Sent>> sent_;  // by session
    std::map<Member, Shard*> handovers_;               // to the owner of their group
    std::vector<Transit> transits_;
    Key last_key_ = 0;
    std::size_t in_memory_ = 0;  // bytes of messages
    bool are_others_ = false;    // they may stay on the disk
    Key last_session_ = 0;
    std::uint32_t last_tag_ = 0;  // of shared subscriptions
};

std::unique_ptr<WillMessage> Restorer::will(const store::WillRow& row) const {
    auto will = std::make_unique<WillMessage>();
    will->message = from_.message(row.message);
    will->expiry_interval = row.expiry_interval;
    will->delay = row.delay;
    return will;
}

// Clients that were connected went away with the process: their time begins now.
void Restorer::set_deadlines(Shard& shard, Session& session, const store::SessionRow& row) const {
    auto absence = std::make_unique<Absence>(shard, session);
    if (row.is_online) {
        if (session.will) {
            absence->will_at = from_.now() + std::chrono::seconds(session.will->delay);
        }
        if (row.expiry_interval != kNeverExpires) {
            absence->ends_at = from_.now() + std::chrono::seconds(row.expiry_interval);
        }
    } else {
        absence->will_at = from_.steady(row.will_at);
        absence->ends_at = from_.steady(row.ends_at);
    }
    shard.loop().set_timer(*absence, absence->next());
    session.absence = std::move(absence);
}

void Restorer::on_session(const store::SessionRow& row) {
    Shard& shard = *shared_.shards[shared_.home_of(client_hash(row.client_id))];
    if (shard.sessions.find(row.client_id) != nullptr) return;
    Session& session = shard.sessions.restore(row.client_id, row.number);
    session.is_stored = true;
    session.expiry_interval = row.expiry_interval;
    if (row.has_identity) {
        session.identity = std::make_unique<Identity>();
        session.identity->user_name = row.user_name;
        session.identity->listener = static_cast<std::size_t>(row.listener);
    }
    if (row.will) session.will = will(*row.will);
    set_deadlines(shard, session, row);
    sessions_[row.number] = {&shard, &session};
    last_session_ = std::max(last_session_, row.number);
}

const Restorer::Home* Restorer::find(Key session) const {
    const auto at = sessions_.find(session);
    return at == sessions_.end() ? nullptr : &at->second;
}

void Restorer::on_subscription(const store::SubscriptionRow& row) {
    if (const Home* home = find(row.session)) {
        home->shard->subscriptions.restore(*home->session, row.filter, row.options, row.id,
                                           row.shared_tag);
        last_tag_ = std::max(last_tag_, row.shared_tag);
    }
}

void Restorer::on_handover(const store::HandoverRow& row) {
    const unsigned owner = shared_.shards.front()->subscriptions.owner_of(row.filter);
    Shard* shard = shared_.shards[owner].get();
    shard->handovers.restore(row);
    handovers_[{row.session, row.shared_tag}] = shard;
    last_session_ = std::max(last_session_, row.session);
    last_tag_ = std::max(last_tag_, row.shared_tag);
}

void Restorer::on_message(Key key, const store::MessageRow& row) {
    used(key);
    const std::size_t size = FromStore::size_bytes(row);
    messages_.add(key, size);
    const std::size_t mark = shared_.settings().config.queue_memory;
    if (mark != 0 && in_memory_ + size > mark && are_others_) return;
    in_memory_ += size;
    loaded_[key].message = from_.message(row);
}

// Null: it is not there.
StoredMessageRef Restorer::take_message(Journal& journal, Key key, QueuedMessage& into) {
    if (messages_.size_bytes(key) == nullptr) return {};
    const bool is_first = messages_.use(key);
    const auto at = loaded_.find(key);
    if (at == loaded_.end()) return journal.restore_unread(key, is_first);
    Loaded& loaded = at->second;
    if (is_first) loaded.stored = journal.restore_message(key);
    into.message = loaded.message;
    return loaded.stored;
}

void Restorer::on_entry(const store::EntryRow& row) {
    used(row.key);
    const Home* home = find(row.session);
    const bool is_queued = row.state == store::EntryState::queued;
    const auto handover = handovers_.find({row.session, is_queued ? row.shared_tag : 0});
    if (home == nullptr && handover == handovers_.end()) return;
    Shard& shard = handover != handovers_.end() ? *handover->second : *home->shard;
    QueuedMessage message;
    StoredMessageRef stored = take_message(shard.journal, row.message, message);
    if (!stored && row.state != store::EntryState::await_pubcomp) return;
    message.token = shard.journal.restore_entry(row.key, stored, row.shared_tag);
    last_tag_ = std::max(last_tag_, row.shared_tag);
    if (stored && !message.message)
        message.token.entry()->size_bytes = *messages_.size_bytes(row.message);
    stored = {};  // its entry alone counts
    message.qos = row.qos;
    message.retain = row.retain;
    if (row.subscription_ids.size() == 1) {
        message.subscription_id = row.subscription_ids.front();
    } else if (!row.subscription_ids.empty()) {
        message.subscription_ids = core::SubscriptionIds::create(row.subscription_ids);
    }
    if (handover != handovers_.end())
        shard.handovers.restore(row.session, std::move(message));
    else if (is_queued)
        queue(shard, *home->session, std::move(message));
    else
        sent_[row.session].push_back({row.packet_id, row.state, std::move(message)});
}

void Restorer::queue(Shard& shard, Session& session, QueuedMessage message) {
    const std::size_t size = message.size_bytes();
    if (message.is_on_disk())
        shard.counters.queued_bytes_on_disk += size;
    else
        shard.spill.on_queue(message);  // one for many sessions is in memory for some of them
    ++shard.counters.queued_messages;
    shard.counters.queued_bytes += size;
    shard.spill.push(session, std::move(message));
}

// Ids are given in the order of sending, and from 1 again after the last: what was sent first is behind the
// widest gap. The order of the entries is another one where retained messages overtook a queue.
void Restorer::in_order_of_sending(std::vector<Sent>& sent) {
    std::stable_sort(sent.begin(), sent.end(),
                     [](const Sent& a, const Sent& b) { return a.id < b.id; });
    constexpr int kIds = 65'535;
    std::size_t first = 0;
    int widest = sent.front().id + kIds - sent.back().id;
    for (std::size_t i = 1; i < sent.size(); ++i) {
        if (const int gap = sent[i].id - sent[i - 1].id; gap > widest) {
            widest = gap;
            first = i;
        }
    }
    std::rotate(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(first), sent.end());
}

void Restorer::send_again(const Home& home, Sent sent) {
    const QueuedMessage& message = sent.message;
    core::InflightEntry entry;
    entry.message = message.message;
    entry.token = message.token.bits();
    entry.subscription_ids = message.subscription_ids;
    entry.subscription_id = message.subscription_id;
    entry.qos = message.qos;
    entry.retain = message.retain;
    switch (sent.state) {
    case store::EntryState::await_puback: entry.state = core::InflightState::await_puback; break;
    case store::EntryState::await_pubrec: entry.state = core::InflightState::await_pubrec; break;
    default: entry.state = core::InflightState::await_pubcomp; break;
    }
    if (home.session->exchange.outgoing.restore(sent.id, std::move(entry))) return;
    // Somebody else has changed the file: two have the same id.
    if (message.message)
        queue(*home.shard, *home.session, std::move(sent.message));
    else
        home.shard->journal.done(message.token);
}

void Restorer::on_received_id(Key session, PacketId id) {
    if (const Home* home = find(session)) home->session->exchange.inbox.insert(id);
}

void Restorer::on_retained(const store::RetainedRow& retained) {
    const store::MessageRow& row = retained.message;
    // Earlier versions kept these; the row goes.
    if (row.topic.starts_with("$SYS/")) {
        return shared_.shards.front()->journal.retained_changed(row.topic);
    }
    // One that expired while the broker was away is taken in and swept, so that its row goes, too.
    shared_.retained.store(from_.init(row), retained.source ? &*retained.source : nullptr);
    shared_.shards.front()->retained_sweep.expect(from_.steady(row.expires_at));
}

void Restorer::on_transit(const store::TransitRow& row) {
    used(row.key);
    transits_.push_back({row.key,
                         {row.seed, row.shards, row.shard},
                         std::string(row.filter),
                         from_.message(row.message)});
}

// To where it was going, as if it arrived now.
void Restorer::arrive(const Transit& transit) {
    const core::Message& message = *transit.message;
    Publication publication;
    publication.topic = message.topic();
    publication.properties = message.properties();
    publication.payload = message.payload();
    publication.qos = message.qos();
    publication.retain = message.retain();
    publication.expires_at = message.expires_at();
    publication.publisher = message.publisher();
    for (const auto& shard : shared_.shards) {
        if (transit.filter.empty())
            shard->publisher.restore(publication, transit.home);
        else
            shard->publisher.to_group("$share/" + transit.filter, publication);
    }
    shared_.shards.front()->journal.arrived(transit.key);
}

// New keys come after all that were read; messages that nobody waits for go.
void Restorer::finish() {
    for (const auto& shard : shared_.shards) {
        shard->journal.continue_after(last_key_);
        // Who is at home on one shard may have been on another before, and has its number from there.
        shard->sessions.continue_after(last_session_);
        shard->subscriptions.continue_after(last_tag_);
    }
    for (auto& [session, sent] : sent_) {
        in_order_of_sending(sent);
        for (Sent& one : sent)
            send_again(*find(session), std::move(one));
    }
    loaded_.clear();
    messages_.each_unused([this](Key key) { shared_.shards.front()->journal.remove_orphan(key); });
    shared_.settle_mail();  // before anybody is let in
    for (const Transit& transit : transits_)
        arrive(transit);
    for (const auto& shard : shared_.shards)
        shard->handovers.go_on();
}

}  // namespace

store::Fault restore(Shared& shared, store::Backend& backend, TimePoint now) {
    Restorer restorer(shared, now);
    store::Fault fault = backend.read(restorer, shared.shards.size() > 1);
    if (!fault) restorer.finish();
    return fault;
}

}  // namespace mqtt::broker
