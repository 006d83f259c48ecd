// Records and their handling.
#include "broker/mail.hpp"

#include <algorithm>
#include <cstring>

#include "broker/peer.hpp"
#include "broker/shard.hpp"
#include "core/varint.hpp"

namespace mqtt::broker {

enum class Mail::Kind : std::uint8_t {
    publication,  // topic, properties, payload; or the packet that has them
    member,       // the same, for one session
    group,        // the same and the filter of a shared subscription
    large,        // one of these, its texts in a heap block that the reader frees
    interest,     // filter
    applied,      // number: how many interest changes
    join,
    leave,
    left,
    readiness,  // filter
    went_away,  // filter
    hand_over,
    identity,  // filter, client id, user name
    joined,
    round,
};

struct Mail::Record {
    Kind kind{};
    Kind inner{};  // of `large`
    QoS qos{};
    bool flag = false;  // retain; wanted
    Readiness readiness{};
    // Publication, member and group, when the whole packet travels: bytes in front of the topic, and whether
    // properties follow it.
    std::uint8_t packet_header = 0;
    bool packet_has_properties = false;
    std::uint16_t topic_size = 0;   // identity: of the client id
    std::uint16_t filter_size = 0;  // group, identity
    SubscriptionOptions options;    // join, member
    std::uint32_t properties_size = 0;
    std::uint32_t payload_size = 0;
    std::uint32_t id = 0;   // identity: the listener
    std::uint32_t tag = 0;  // of the membership: join, leave, left, hand_over, member
    std::uint64_t number =
        0;  // publisher; session of join, leave, left, readiness and the like; count
    std::uint64_t session = 0;  // member: whom for
    std::uint64_t round = 0;    // of the journal, when it was written
    std::uint64_t transit = 0;  // publications: their number in the journal; 0: none
    TimePoint expires_at = TimePoint::max();
};

namespace {

std::string_view text_of(std::span<const std::uint8_t> bytes) {
    return as_text(bytes);
}

}  // namespace

void Mail::connect(std::vector<Ring*> out, std::vector<Ring*> in) {
    out_ = std::move(out);
    in_ = std::move(in);
}

// Writing.

std::uint8_t* Mail::write(unsigned shard, Record record, std::size_t texts) {
    record.round = shard_.journal.round();
    std::uint8_t* at = out_[shard]->add(sizeof(Record) + texts);
    std::memcpy(at, &record, sizeof(Record));
    shard_.loop().mark_dirty(*this);
    return at + sizeof(Record);
}

void Mail::write_text(unsigned shard, Record record, std::string_view text) {
    record.payload_size = static_cast<std::uint32_t>(text.size());
    std::memcpy(write(shard, record, text.size()), text.data(), text.size());
}

void Mail::write_publication(unsigned shard, Record record, const Publication& publication,
                             std::string_view filter, std::string_view group) {
    const Bytes properties = publication.properties.raw();
    record.qos = publication.qos;
    record.flag = publication.retain;
    record.filter_size = static_cast<std::uint16_t>(filter.size());
    record.topic_size = static_cast<std::uint16_t>(publication.topic.size());
    record.properties_size = static_cast<std::uint32_t>(properties.size());
    record.payload_size = static_cast<std::uint32_t>(publication.payload.size());
    record.number = publication.publisher;
    record.expires_at = publication.expires_at;
    record.transit = shard_.journal.departed(publication, shard, group);
    const Bytes packet = publication.packet;
    if (!packet.empty()) {
        const auto* topic = reinterpret_cast<const std::uint8_t*>(publication.topic.data());
        record.packet_header = static_cast<std::uint8_t>(topic - packet.data());
        record.packet_has_properties = publication.packet_has_properties;
    }
    const std::size_t parts =
        publication.topic.size() + properties.size() + publication.payload.size();
    const std::size_t texts = filter.size() + (packet.empty() ? parts : packet.size());
    std::uint8_t* at = nullptr;
    if (sizeof(Record) + texts <= out_[shard]->largest_record()) {
        at = write(shard, record, texts);
    } else {
        record.inner = std::exchange(record.kind, Kind::large);
        at = new std::uint8_t[texts];
        std::memcpy(write(shard, record, sizeof at), &at, sizeof at);
    }
    const auto put = [&](const void* data, std::size_t size) {
        if (size != 0) std::memcpy(at, data, size);
        at += size;
    };
    put(filter.data(), filter.size());
    if (!packet.empty()) {
        put(packet.data(), packet.size());
    } else {
        put(publication.topic.data(), publication.topic.size());
        put(properties.data(), properties.size());
        put(publication.payload.data(), publication.payload.size());
    }
    if (out_[shard]->is_full()) is_full_ = true;
}

void Mail::send_publication(unsigned shard, const Publication& publication) {
    Record record;
    record.kind = Kind::publication;
    write_publication(shard, record, publication);
}

void Mail::send_to_member(const Member& member, const Publication& publication) {
    Record record;
    record.kind = Kind::member;
    record.options = member.options;
    record.id = member.id;
    record.session = member.number;
    record.tag = member.tag;
    record.readiness = member.told;
    write_publication(member.shard, record, publication, {}, member.group->key());
}

void Mail::send_to_group(unsigned owner, std::string_view shared_filter,
                         const Publication& publication) {
    Record record;
    record.kind = Kind::group;
    write_publication(owner, record, publication, shared_filter, group_key(shared_filter));
}

void Mail::send_interest(std::string_view filter, bool wanted) {
    Record record;
    record.kind = Kind::interest;
    record.flag = wanted;
    for (unsigned i = 0; i < out_.size(); ++i) {
        if (out_[i] != nullptr) write_text(i, record, filter);
    }
}

void Mail::send_join(unsigned owner, const Subscriptions::Join& join) {
    Record record;
    record.kind = Kind::join;
    record.number = join.number;
    record.options = join.options;
    record.id = join.id;
    record.tag = join.tag;
    write_text(owner, record, join.filter);
    shard_.interest.expect_joined(owner);
}

void Mail::send_leave(unsigned owner, std::string_view filter, std::uint64_t session_number,
                      std::uint32_t tag) {
    Record record;
    record.kind = Kind::leave;
    record.number = session_number;
    record.tag = tag;
    write_text(owner, record, filter);
}

void Mail::send_readiness(unsigned owner, std::string_view filter, std::uint64_t session_number,
                          Readiness readiness) {
    Record record;
    record.kind = Kind::readiness;
    record.number = session_number;
    record.readiness = readiness;
    write_text(owner, record, filter);
}

void Mail::send_identity(unsigned owner, std::string_view filter, const Session& session) {
    Record record;
    record.kind = Kind::identity;
    record.number = session.number;
    record.id = static_cast<std::uint32_t>(session.identity->listener);
    record.filter_size = static_cast<std::uint16_t>(filter.size());
    record.topic_size = static_cast<std::uint16_t>(session.client_id().size());
    std::string texts(filter);
    texts.append(session.client_id()).append(session.identity->user_name);
    if (sizeof(Record) + texts.size() > out_[owner]->largest_record()) return;  // its home judges
    write_text(owner, record, texts);
}

void Mail::send_went_away(unsigned owner, std::string_view filter, std::uint64_t session_number) {
    Record record;
    record.kind = Kind::went_away;
    record.number = session_number;
    write_text(owner, record, filter);
}

void Mail::send_of_membership(Kind kind, unsigned shard, std::uint64_t session_number,
                              std::uint32_t tag) {
    Record record;
    record.kind = kind;
    record.number = session_number;
    record.tag = tag;
    write(shard, record, 0);
}

void Mail::send_hand_over(unsigned shard, std::uint64_t session_number, std::uint32_t tag) {
    send_of_membership(Kind::hand_over, shard, session_number, tag);
}

void Mail::send_left(unsigned shard, std::uint64_t session_number, std::uint32_t tag) {
    send_of_membership(Kind::left, shard, session_number, tag);
}

void Mail::send_joined(unsigned shard) {
    Record record;
    record.kind = Kind::joined;
    write(shard, record, 0);
}

void Mail::send_round() {
    Record record;
    record.kind = Kind::round;
    for (unsigned i = 0; i < out_.size(); ++i) {
        if (out_[i] != nullptr) write(i, record, 0);
    }
}

// At the end of the turn: one publication of the position, and at most one wake-up, per shard.
void Mail::on_flush() {
    for (unsigned i = 0; i < out_.size(); ++i) {
        if (out_[i] != nullptr && out_[i]->publish()) shard_.shared().shards[i]->mail.notify();
    }
    check_room();
}

// Room.

void Mail::resume_later(Peer& peer) {
    paused_.push_back(&peer);
}

void Mail::forget(const Peer& peer) {
    paused_.erase(std::remove(paused_.begin(), paused_.end(), &peer), paused_.end());
}

void Mail::check_room() {
    is_full_ = false;
    for (unsigned i = 0; i < out_.size(); ++i) {
        Ring* ring = out_[i];
        if (ring == nullptr || !ring->is_full()) continue;
        if (ring->wait_for_room()) is_full_ = true;
        if (ring->publish()) shard_.shared().shards[i]->mail.notify();
    }
    if (is_full_ || paused_.empty()) return;
    std::vector<Peer*> resumed;
    resumed.swap(paused_);
    for (Peer* peer : resumed)
        peer->resume_reading();
}

// Reading.

void Mail::notify() {
    if (notified_.exchange(true, std::memory_order_acq_rel)) return;
    shard_.loop().post([this] { drain(); });
}

void Mail::on_ready(net::Ready) {
    drain();
}

bool Mail::drain() {
    notified_.exchange(false, std::memory_order_acq_rel);
    bool has_read = false;
    for (unsigned from = 0; from < in_.size(); ++from) {
        Ring* ring = in_[from];
        if (ring == nullptr) continue;
        std::uint64_t changes = 0;
        while (!shard_.is_turn_full()) {
            const std::span<const std::uint8_t> bytes = ring->next();
            if (bytes.empty()) break;
            if (static_cast<Kind>(bytes.front()) == Kind::interest) ++changes;
            read(from, bytes);
            has_read = true;
        }
        if (changes != 0) {
            Record applied;
            applied.kind = Kind::applied;
            applied.number = changes;
            write(from, applied, 0);
        }
        if (ring->consumed()) {
            Shard& writer = *shard_.shared().shards[from];
            writer.loop().post([&writer] { writer.mail.check_room(); });
        }
    }
    if (shard_.is_turn_full()) shard_.loop().mark_ready(*this);
    return has_read;
}

void Mail::read(unsigned from, std::span<const std::uint8_t> bytes) {
    Record record;
    std::memcpy(&record, bytes.data(), sizeof record);
    shard_.journal.close_before(record.round);
    const std::span<const std::uint8_t> texts = bytes.subspan(sizeof(Record));
    switch (record.kind) {
    case Kind::publication:
    case Kind::group:
    case Kind::member: return read_publication(record, texts);
    case Kind::large: {
        std::uint8_t* block = nullptr;
        std::memcpy(&block, texts.data(), sizeof block);
        const std::unique_ptr<std::uint8_t[]> owner(block);
        record.kind = record.inner;
        std::size_t size = std::size_t{record.filter_size} + record.topic_size +
                           record.properties_size + record.payload_size + record.packet_header;
        if (record.packet_has_properties) size += core::varint_size(record.properties_size);
        return read_publication(record, {block, size});
    }
    default: return read_control(from, record, texts);
    }
}

void Mail::read_publication(const Record& record, std::span<const std::uint8_t> texts) {
    const std::string_view filter = text_of(texts.first(record.filter_size));
    texts = texts.subspan(record.filter_size);
    Publication publication;
    std::size_t before_properties = record.topic_size;
    if (record.packet_header != 0) {
        publication.packet = texts;
        publication.packet_has_properties = record.packet_has_properties;
        texts = texts.subspan(record.packet_header);
        if (record.packet_has_properties)
            before_properties += core::varint_size(record.properties_size);
    }
    publication.topic = text_of(texts.first(record.topic_size));
    publication.properties = Properties(texts.subspan(before_properties, record.properties_size));
    publication.payload = texts.subspan(before_properties + record.properties_size);
    publication.qos = record.qos;
    publication.retain = record.flag;
    publication.expires_at = record.expires_at;
    publication.publisher = record.number;
    if (record.kind == Kind::publication) {
        shard_.publisher.distribute(publication, Publisher::Scope::this_shard);
    } else if (record.kind == Kind::group) {
        shard_.publisher.to_group(filter, publication);
    } else {
        shard_.publisher.deliver_to_member(
            publication, {record.session, record.options, record.id, record.tag, record.readiness});
    }
    shard_.journal.arrived(record.transit);
}

void Mail::read_control(unsigned from, const Record& record, std::span<const std::uint8_t> texts) {
    const std::string_view filter = text_of(texts);
    switch (record.kind) {
    case Kind::interest: return shard_.subscriptions.set_remote(from, filter, record.flag);
    case Kind::applied: return shard_.interest.on_applied(from, record.number);
    case Kind::join:
        shard_.subscriptions.join(
            {filter, record.number, from, nullptr, record.options, record.id, record.tag});
        return shard_.interest.confirm_join(from);
    case Kind::leave:
        shard_.subscriptions.leave(filter, record.number);
        return send_left(from, record.number, record.tag);
    case Kind::left: return shard_.subscriptions.left(record.number, record.tag);
    case Kind::readiness:
        return shard_.subscriptions.set_readiness(filter, record.number, record.readiness);
    case Kind::went_away: return shard_.subscriptions.member_went_away(filter, record.number);
    case Kind::hand_over: return shard_.subscriptions.hand_over(record.number, record.tag);
    case Kind::joined: return shard_.interest.on_joined(from);
    case Kind::identity: {
        const std::string_view client_id = filter.substr(record.filter_size, record.topic_size);
        Identity who;
        who.user_name = filter.substr(std::size_t{record.filter_size} + record.topic_size);
        who.listener = record.id;
        return shard_.subscriptions.set_identity(filter.substr(0, record.filter_size),
                                                 record.number, client_id, who);
    }
    default: return;
    }
}

}  // namespace mqtt::broker
