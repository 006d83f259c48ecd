// What a simulated client does and tells the referee.
#include <cstdio>
#include <cstdlib>

#include "core/describe.hpp"
#include "support/sim_world.hpp"

namespace mqtt::sim {
namespace {

constexpr std::uint32_t kExpiries[] = {0, 5, kNeverExpires};

Bytes view(const std::string& text) {
    return as_bytes(text);
}

}  // namespace

Client::Client(World& world, int number)
    : world_(world)
    , number_(number)
    , id_("client" + std::to_string(number))
    , version_(number % 3 == 1 ? ProtocolVersion::v3_1_1 : ProtocolVersion::v5)
    , expiry_(number == 0 ? kNeverExpires : kExpiries[number / 3 % 3])
    , is_calm_(number == 0) {}

void Client::trace(const std::string& what) const {
    static const char* wanted = std::getenv("MQTT_SIM_TRACE");
    if (wanted == nullptr || std::atoi(wanted) != number_) return;
    std::fprintf(stderr, "%llu %s: %s\n", static_cast<unsigned long long>(world_.referee.now),
                 id_.c_str(), what.c_str());
}

void Client::connect(bool clean) {
    // Having thrown its state away, a client must not take up what the broker may still have.
    // [MQTT-3.2.2-4]
    clean = clean || is_empty_handed_;
    is_empty_handed_ = clean;
    // What belonged to a clean session of 3.1.1 ended with it. [MQTT311-3.1.2-6]
    if (version_ == ProtocolVersion::v3_1_1 && is_clean_ && !clean) {
        session_.clear();
        unfinished_.clear();
        world_.referee.session_in_doubt(number_);
    }
    trace(clean ? "CONNECT, clean" : "CONNECT");
    Connect connect;
    connect.version = version_;
    connect.client_id = id_;
    connect.clean_start = clean;
    connect.keep_alive = is_calm_ ? 0 : 60;
    PropertyList properties, will_properties;
    if (version_ == ProtocolVersion::v5) {
        properties.add(PropertyId::session_expiry_interval, expiry_);
        if (world_.random.one_in(2)) {
            properties.add(PropertyId::receive_maximum,
                           static_cast<std::uint32_t>(1 + world_.random.below(5)));
        }
        if (world_.random.one_in(2)) properties.add(PropertyId::topic_alias_maximum, 3u);
    }
    connect.properties = properties;
    will_ = -1;
    std::string text, topic;
    if (!is_calm_ && world_.random.one_in(3)) {
        SentMessage will;
        will.publisher = number_;
        will.topic = topic = "w/" + id_;
        will.qos = QoS::at_least_once;
        will.is_will = true;
        will_ = world_.referee.send(will);
        text = std::to_string(will_);
        connect.will = WillView{};
        connect.will->topic = topic;
        connect.will->payload = view(text);
        connect.will->qos = QoS::at_least_once;
    }
    is_clean_ = clean;
    is_leaving_ = was_accepted_ = false;
    if (clean) world_.referee.session_in_doubt(number_);
    tail_.clear();
    owed_.clear();
    subscribing_.clear();
    unsubscribing_.clear();
    out_.clear();
    for (const int message : unfinished_) {
        SentMessage& sent = world_.referee.messages[static_cast<std::size_t>(message)];
        sent.was_resent = true;
        sent.may_be_late = sent.may_be_late || world_.may_refuse();
    }
    if (clean) unfinished_.clear();
    link_ = world_.open_link();
    protocol_ = std::make_unique<core::ClientProtocol>(out_);
    protocol_->connect(connect, session_, world_.now, std::chrono::seconds(20));
    flush();
}

// The session may be kept, must be, or must not. [MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT-3.1.2-23]
void Client::expect_present(const Connack& connack) const {
    const auto away = world_.now - gone_since_;
    const auto limit = std::chrono::seconds(expiry_);
    Kept kept = kept_;
    if (is_clean_) kept = Kept::no;
    if (kept == Kept::yes && expiry_ != kNeverExpires && away >= limit) kept = Kept::perhaps;
    if (kept == Kept::yes && expiry_ == 0) kept = Kept::no;
    if (kept == Kept::yes && !connack.session_present) Referee::complain(id_ + " lost its session");
    if (kept == Kept::no && connack.session_present)
        Referee::complain(id_ + " has a session that should not be");
}

void Client::on_connack(const Connack& connack) {
    trace(connack.session_present ? "CONNACK, session present" : "CONNACK");
    if (connack.reason != ReasonCode::success) {
        if (!world_.may_refuse()) Referee::complain(id_ + " was refused");
        return;  // the broker closes
    }
    expect_present(connack);
    was_accepted_ = true;
    is_empty_handed_ = false;
    world_.referee.reconnected(number_);
    if (!connack.session_present) {
        world_.referee.session_began(number_);
        retained.clear();
    }
    kept_ = version_ == ProtocolVersion::v3_1_1 ? (is_clean_ ? Kept::no : Kept::yes)
            : expiry_ == 0                      ? Kept::no
                                                : Kept::yes;
}

void Client::on_session_lost(core::Inflight&) {
    unfinished_.clear();  // the program would have to decide; this one forgets
}

void Client::subscribe(std::string_view filter, QoS qos) {
    FilterListBuilder filters(true);
    filters.add(filter, {.qos = qos});
    const PacketId id = protocol_->subscribe(filters.view());
    if (id == 0) return;
    trace("SUBSCRIBE " + std::string(filter));
    const bool is_kept = version_ == ProtocolVersion::v5 ? expiry_ != 0 : !is_clean_;
    subscribing_[id] = world_.referee.subscribing(number_, filter, qos, is_kept);
    flush();
}

void Client::on_suback(const Suback& suback) {
    const auto place = subscribing_.find(suback.id);
    if (place == subscribing_.end()) Referee::complain("SUBACK for nothing");
    if (suback.codes[0] > 2) {
        if (!world_.may_refuse()) Referee::complain("a subscription was refused");
        world_.referee.not_subscribed(number_, place->second);
        subscribing_.erase(place);
        return;
    }
    world_.referee.subscribed(number_, place->second, static_cast<QoS>(suback.codes[0]));
    subscribing_.erase(place);
}

std::string Client::random_filter() {
    static constexpr const char* kFilters[] = {"t/#", "t/0", "t/+", "r/#", "t/1", "r/+", "t/2/#"};
    return kFilters[world_.random.below(std::size(kFilters))];
}

void Client::unsubscribe() {
    const std::string filter = random_filter();
    FilterListBuilder filters(false);
    filters.add(filter);
    const PacketId id = protocol_->unsubscribe(filters.view());
    if (id == 0) return;
    unsubscribing_[id] = filter;
    world_.referee.unsubscribing(number_, filter);
    flush();
}

void Client::on_unsuback(const Unsuback& unsuback) {
    unsubscribing_.erase(unsuback.id);
}

void Client::publish() {
    SentMessage message;
    message.publisher = number_;
    const std::size_t kind = world_.random.below(8);
    message.topic = kind == 0   ? "r/" + id_
                    : kind == 1 ? "s/" + std::to_string(world_.random.below(2))
                                : "t/" + std::to_string(world_.random.below(4));
    message.qos = static_cast<QoS>(world_.random.below(3));
    message.retain = kind == 0;
    if (message.qos != QoS::at_most_once && !protocol_->has_send_quota()) return;
    const int number = world_.referee.send(message);
    core::Message::Init init;
    const std::string payload = std::to_string(number);
    init.topic = message.topic;
    init.payload = view(payload);
    init.qos = message.qos;
    init.retain = message.retain;
    const core::MessageRef kept = core::Message::create(init);
    core::OutgoingPublish out;
    out.topic = kept->topic();
    out.payload = kept->payload();
    out.qos = message.qos;
    out.retain = message.retain;
    const auto result =
        protocol_->publish(out, message.qos == QoS::at_most_once ? core::MessageRef() : kept,
                           static_cast<std::uint64_t>(number));
    trace("PUBLISH " + payload + " id " + std::to_string(result.id));
    if (result.status != core::SendStatus::sent) Referee::complain("a publish had no room");
    if (message.qos != QoS::at_most_once) unfinished_.insert(number);
    flush();
}

void Client::on_delivered(PacketId, std::uint64_t token, ReasonCode reason) {
    const int number = static_cast<int>(token);
    trace("delivered " + std::to_string(number));
    unfinished_.erase(number);
    if (is_error(reason)) {
        if (!world_.may_refuse()) Referee::complain("a message was refused");
        return;
    }
    world_.referee.accepted(number);
}

core::AckDecision Client::on_publish(const Publish& publish) {
    const int message = std::stoi(std::string(as_text(publish.payload)));
    trace(core::describe(publish) + ", message " + std::to_string(message));
    world_.referee.arrived(number_, message, publish.topic, publish.qos, publish.retain,
                           publish.dup);
    if (publish.retain) retained[std::string(publish.topic)] = message;
    if (publish.qos == QoS::at_most_once || !world_.random.one_in(4))
        return core::AckDecision::now();
    owed_.push_back({publish.id, message});
    return core::AckDecision::later();
}

void Client::acknowledge_some(bool all) {
    while (!owed_.empty()) {
        const std::size_t at = world_.random.below(owed_.size());
        protocol_->acknowledge(owed_[at].id);
        owed_.erase(owed_.begin() + static_cast<std::ptrdiff_t>(at));
        if (!all) break;
    }
    flush();
}

void Client::on_protocol_error(const Error& error) {
    if (error.code == Errc::keep_alive_timeout) return;
    Referee::complain(id_ + ": the broker broke the protocol: " + std::string(error.detail));
}

void Client::keep_alive() {
    if (!protocol_ || !link_) return;
    protocol_->on_time(world_.now, *this);
    flush();
    if (protocol_->is_closing() && !is_leaving_) cut();
}

void Client::disconnect() {
    protocol_->disconnect(ReasonCode::success);
    flush();
    trace("DISCONNECT");
    gone_since_ = world_.now;
    is_leaving_ = true;  // from now on it only waits for the broker to close
    if (will_ >= 0) {
        // Where it may refuse, the broker may have ended the connection before it reads this.
        world_.referee.messages[static_cast<std::size_t>(will_)].will =
            world_.may_refuse() ? SentMessage::Will::possible : SentMessage::Will::never;
    }
}

// The link is gone without a word.
void Client::cut() {
    link_->is_cut = true;
    link_->readable_edge = link_->writable_edge = true;
    lost();
}

void Client::lost() {
    trace("connection ends");
    if (will_ >= 0 && was_accepted_ && !is_leaving_) {
        world_.referee.messages[static_cast<std::size_t>(will_)].will = SentMessage::Will::due;
    }
    // A CONNECT whose answer never came may have been carried out.
    if (!was_accepted_ && kept_ != Kept::no) kept_ = Kept::perhaps;
    if (!was_accepted_ && kept_ == Kept::no && (expiry_ != 0 || version_ != ProtocolVersion::v5))
        kept_ = Kept::perhaps;
    // And if the session had expired by then, a new one is there that looks like the old one. How long the
    // broker has been alone only the broker knows: it may have seen the end long before.
    if (!was_accepted_ && version_ == ProtocolVersion::v5 && expiry_ != kNeverExpires) {
        for (const int message : unfinished_)
            world_.referee.messages[static_cast<std::size_t>(message)].is_doubtful = true;
        if (session_.inbox.count() != 0) world_.referee.inbox_in_doubt(number_);
    }
    if (was_accepted_ && !is_leaving_) gone_since_ = world_.now;
    for (const Owed& owed : owed_)
        world_.referee.not_taken(number_, owed.message);
    owed_.clear();
    link_.reset();
    protocol_.reset();
}

void Client::flush() {
    if (!link_) return;
    iovec parts[16];
    while (!out_.empty()) {
        const int count = out_.gather(parts, 16);
        std::size_t size = 0;
        for (int i = 0; i < count; ++i) {
            link_->to_broker.travelling.append(static_cast<const char*>(parts[i].iov_base),
                                               parts[i].iov_len);
            size += parts[i].iov_len;
        }
        out_.consume(size);
    }
}

void Client::read() {
    if (!link_ || stalled_until_ > world_.referee.now) return;
    Lane& lane = link_->to_client;
    const bool was_full = lane.room() == 0;
    const std::size_t n = world_.random.one_in(3) ? lane.arrived.size()
                                                  : world_.random.below(lane.arrived.size() + 1);
    tail_.append(lane.arrived, 0, n);
    lane.arrived.erase(0, n);
    if (was_full && n != 0) link_->writable_edge = true;
    const base::Consumed consumed = protocol_->feed(view(tail_), world_.now, *this);
    tail_.erase(0, consumed.bytes);
    flush();
    if (lane.ended && lane.arrived.empty()) {  // the broker has closed
        link_->to_broker.ends_after = true;
        link_->to_broker.travel(~std::size_t{0});
        link_->readable_edge = true;
        // When the broker closed, by keep-alive, is not known here.
        if (!is_leaving_ && kept_ == Kept::yes && expiry_ != kNeverExpires) kept_ = Kept::perhaps;
        lost();
    }
}

void Client::act() {
    if (!protocol_) {
        if (world_.random.one_in(3))
            connect(!is_calm_ && (expiry_ == 0 || world_.random.one_in(10)));
        return;
    }
    if (is_leaving_ || stalled_until_ > world_.referee.now) return;
    if (!is_calm_) {
        const std::size_t fate = world_.random.below(400);
        if (fate < 3) return cut();
        if (fate == 3 && was_accepted_) return disconnect();
        if (fate == 4) stalled_until_ = world_.referee.now + world_.random.below(5'000);
        if (fate == 5) {  // again, while the old connection still stands: a take-over
            lost();
            return connect(expiry_ == 0);
        }
    }
    if (!protocol_->is_connected()) return;
    switch (world_.random.below(20)) {
    case 0:
    case 1: return subscribe(random_filter(), static_cast<QoS>(world_.random.below(3)));
    case 2:
        if (number_ % 2 == 0) return subscribe("$share/g/s/#", QoS::at_least_once);
        return;
    case 3: return unsubscribe();
    case 4:
    case 5:
    case 6: return acknowledge_some(false);
    default: return publish();
    }
}

void Client::settle() {
    stalled_until_ = 0;
    if (!protocol_) return connect(false);
    read();
    if (protocol_ && protocol_->is_connected()) acknowledge_some(true);
}

bool Client::is_at_rest() const {
    return is_online() && unfinished_.empty() && owed_.empty() &&
           link_->to_client.arrived.empty() && link_->to_client.travelling.empty() &&
           link_->to_broker.travelling.empty() && link_->to_broker.arrived.empty() &&
           subscribing_.empty();
}

std::string Client::state() const {
    return id_ +
           (is_online() ? " online"
            : protocol_ ? " connecting"
                        : " away") +
           ", " + std::to_string(unfinished_.size()) + " unfinished, " +
           std::to_string(owed_.size()) + " owed, " + std::to_string(subscribing_.size()) +
           " subscribing" +
           (link_ ? ", " + std::to_string(link_->to_client.arrived.size()) + "+" +
                        std::to_string(link_->to_client.travelling.size()) + " bytes to it, " +
                        std::to_string(link_->to_broker.arrived.size()) + "+" +
                        std::to_string(link_->to_broker.travelling.size()) + " from it;"
                  : ";");
}

}  // namespace mqtt::sim
