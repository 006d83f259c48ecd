// Sending: schedules, windows, waiting messages, saturation. Receiving is in generator_receive.
#include "mqtt-bench/generator.hpp"

#include <algorithm>

#include "mqtt-bench/payload_header.hpp"

namespace mqtt::bench {
namespace {

constexpr std::uint32_t kNoSlot = ~0u;
constexpr int kSlotsPerCall = 4096;  // so that acknowledgements are read in between
constexpr int kSlotsPerClockRead = 64;

}  // namespace

Shared::Shared(const Plan& plan, std::uint32_t worker_count, bool outages, std::uint32_t hosts,
               std::uint32_t host)
    : progress(std::make_unique<Progress[]>(worker_count))
    , workers(worker_count) {
    if (plan.has_short_header()) sent_times = std::make_unique<SentTimes>(plan.streams());
    if (outages) next_of_stream = std::make_unique<std::atomic<std::uint64_t>[]>(plan.streams());
    if (hosts == 1) return;
    clocks = std::make_unique<HostClock[]>(hosts);
    clocks[host].set(0, 0);
    host_of_stream.resize(plan.streams());
    for (std::uint32_t s = 0; s < plan.streams(); ++s)
        host_of_stream[s] =
            static_cast<std::uint16_t>(plan.worker_of(s, workers) * hosts / workers);
}

Generator::Generator(const Plan& plan, const Spec& spec, Shared& shared, std::uint32_t worker,
                     Wire& wire)
    : plan_(plan)
    , spec_(spec)
    , shared_(shared)
    , wire_(wire)
    , worker_(worker)
    , flush_each_(spec.coalesce == Coalesce::off)
    , free_slot_(kNoSlot)
    , checks_(plan.is_foreign())
    , interval_(std::make_unique<SeriesSet>()) {
    add_groups();
    add_subscribers();
    if (publishers_.empty() || !spec.max) return;
    const std::uint64_t fan_out = std::max(1u, plan.fan_out());
    max_outstanding_ = plan.subscribers() == 0
                           ? ~std::uint64_t{0} / 2
                           : std::max<std::uint64_t>(spec.max_outstanding, fan_out);
    pump_step_ = std::min(std::uint64_t{spec.batch} * fan_out, max_outstanding_);
}

Generator::~Generator() = default;

void Generator::add_groups() {
    for (const PlannedGroup& group : plan_.groups()) {
        if (group.publishers == 0) continue;
        const auto index = static_cast<std::uint16_t>(groups_.size());
        groups_.push_back(
            std::make_unique<LoadGroup>(plan_, group, spec_, worker_, shared_.workers));
        groups_.back()->set_first_local(publishers());
        for (std::uint32_t n = worker_; n < group.publishers; n += shared_.workers) {
            PublisherState& p = publishers_.emplace_back();
            p.number = group.first_publisher + n;
            p.first_stream = group.first_stream + n * group.topics_each;
            p.group = index;
            p.fan_out = plan_.fan_out_of(p.first_stream);
            if (group.fixed_topic) plan_.append_topic(group, n, 0, 0, p.topic);
            if (group.topics_each > 1) p.sequences.resize(group.topics_each);
        }
    }
}

void Generator::add_subscribers() {
    bool some_qos_0 = false;
    for (const PlannedGroup& group : plan_.groups()) {
        if (group.publishers == 0) continue;
        some_qos_0 |= group.spec.qos == QoS::at_most_once;
        for (const QosShare& share : group.spec.qos_mix)
            some_qos_0 |= share.qos == QoS::at_most_once;
    }
    shared_checks_.resize(plan_.stream_sets());
    for (const PlannedGroup& group : plan_.groups()) {
        for (std::uint32_t n = worker_; n < group.subscribers; n += shared_.workers) {
            const std::uint32_t set = plan_.set_of(group.first_subscriber + n);
            const bool checked = !group.shared && !plan_.is_foreign();
            subscribers_.push_back({set, checked ? checks_.add_streams(plan_.streams_in(set)) : 0,
                                    group.shared,
                                    some_qos_0 || group.spec.subscribe_qos == QoS::at_most_once});
        }
    }
    per_subscriber_.resize(subscribers_.size());
}

void Generator::on_connected(std::uint32_t publisher, std::uint16_t receive_maximum, bool resumed) {
    PublisherState& p = publishers_[publisher];
    if (!resumed) on_closed(publisher);
    forget_in_flight();
    p.connected = true;
    p.window = std::min(groups_[p.group]->planned().spec.inflight, receive_maximum);
    drain_pending(publisher, wire_.now_ns());
}

void Generator::on_closed(std::uint32_t publisher, bool keeps) {
    PublisherState& p = publishers_[publisher];
    p.connected = false;
    if (keeps || p.in_flight == 0) return;
    // Their acknowledgements will not come any more.
    in_flight_ -= p.in_flight;
    p.in_flight = 0;
    forgetting_ = true;
}

// One pass for all that closed since the last one: slots in use of publishers with nothing in
// flight. Before a new connection sends anything.
void Generator::forget_in_flight() {
    if (!forgetting_) return;
    forgetting_ = false;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const InFlight& slot = slots_[i];
        if (slot.publisher == InFlight::kFree || publishers_[slot.publisher].in_flight > 0)
            continue;
        ++counters_.unproven;
        add_uncertain(slot.stream, slot.sequence);
        release_slot(i);
    }
}

void Generator::start(std::int64_t zero_ns) {
    zero_ = zero_ns;
    if (spec_.limit != 0) {
        // A count ends the run, not the clock; all of it is measured.
        measure_from_ = zero_;
    } else if (!spec_.warmup_until_steady) {
        measure(zero_ + spec_.warmup.count());
    }
}

void Generator::measure(std::int64_t from_ns) {
    measure_from_ = from_ns;
    measure_until_ = measure_from_ + spec_.duration.count();
    end_ = measure_until_ + spec_.cooldown.count();
}

std::int64_t Generator::due_of(const LoadGroup& group) const {
    if (group.schedule() == nullptr || group.is_used_up()) return kNever;
    return zero_ + group.start_ns() + group.schedule()->peek().due_ns;
}

LoadGroup* Generator::next_group() {
    LoadGroup* first = nullptr;
    std::int64_t due = end_;
    for (const auto& group : groups_) {
        const std::int64_t its = due_of(*group);
        if (its >= due) continue;
        due = its;
        first = group.get();
    }
    return first;
}

std::int64_t Generator::next_due() const {
    if (zero_ == kNever) return kNever;
    std::int64_t due = kNever;
    for (const auto& group : groups_)
        due = std::min(due, due_of(*group));
    return due < end_ ? due : kNever;
}

void Generator::on_time(std::int64_t now) {
    if (zero_ == kNever) return;
    for (int i = 1; i <= kSlotsPerCall; ++i) {
        LoadGroup* group = next_group();
        if (group == nullptr) break;
        const std::int64_t due = due_of(*group);
        if (due > now) break;
        group->count_offer();
        offer(group->first_local() + group->schedule()->peek().publisher, due, now);
        group->schedule()->advance();
        if (i % kSlotsPerClockRead == 0) now = wire_.now_ns();
    }
    shared_.progress[worker_].sent.store(counters_.sent, std::memory_order_relaxed);
    shared_.progress[worker_].owed.store(counters_.owed, std::memory_order_relaxed);
}

void Generator::end() {
    // Slots before this instant that are late are still sent, and charged.
    end_ = std::min(end_, wire_.now_ns());
}

void Generator::offer(std::uint32_t publisher, std::int64_t intended, std::int64_t now) {
    ++counters_.offered;
    if (is_measured(intended)) {
        ++counters_.measured_offered;
        // Only our own lateness; waiting for a window or a socket is the response time's.
        (*interval_)[SeriesId::lag].record(now - intended);
    }
    PublisherState& p = publishers_[publisher];
    if (p.pending.empty() && has_room(p, publisher)) {
        if (send(publisher, intended, now) != Sent::no) return;
    }
    if (p.connected) ++(is_window_full(p) ? counters_.waits_window : counters_.waits_socket);
    p.pending.push(intended);
    ++pending_;
}

bool Generator::is_window_full(const PublisherState& p) const {
    return p.in_flight >= p.window && p.in_flight > 0;
}

bool Generator::has_room(const PublisherState& p, std::uint32_t index) {
    return p.connected && !is_window_full(p) && !wire_.is_blocked(index);
}

Generator::Sent Generator::send(std::uint32_t publisher, std::int64_t intended, std::int64_t now) {
    PublisherState& p = publishers_[publisher];
    LoadGroup& group = *groups_[p.group];
    const std::uint32_t choice = group.choice_of(p);
    const LoadGroup::Message message = group.next(p, choice);
    const InFlight what{intended, now, p.sequence_of(choice), publisher, p.first_stream + choice,
                        kNoSlot};
    write_payload(group.planned(), message.payload,
                  {plan_.run_id(), what.stream, what.sequence, intended, now - intended});
    const bool acknowledged = message.request.qos != QoS::at_most_once;
    const std::uint64_t token = acknowledged ? take_slot(what) : 0;
    const SendStatus status = wire_.publish(publisher, message.request, token);
    if (status == SendStatus::sent) {
        if (flush_each_) wire_.flush(publisher);
        if (acknowledged) {
            ++p.in_flight;
            ++in_flight_;
            counters_.window_sum += p.in_flight;
        }
        count_sent(p, choice, what);
        return Sent::yes;
    }
    if (acknowledged) release_slot(token);
    if (status == SendStatus::no_quota || status == SendStatus::not_connected) return Sent::no;
    ++counters_.refused;
    return Sent::refused;
}

void Generator::count_sent(PublisherState& p, std::uint32_t choice, const InFlight& what) {
    if (shared_.sent_times) {
        shared_.sent_times->put(what.stream, what.sequence, what.intended, what.actual);
    }
    counters_.longest_wait_ns = std::max(counters_.longest_wait_ns,
                                         static_cast<std::uint64_t>(what.actual - what.intended));
    ++p.messages;
    const std::uint32_t owed = p.sequences.empty() ? p.fan_out : plan_.fan_out_of(what.stream);
    if (!p.sequences.empty()) ++p.sequences[choice];
    if (shared_.next_of_stream) {
        shared_.next_of_stream[what.stream].store(what.sequence + 1, std::memory_order_relaxed);
    }
    ++counters_.sent;
    counters_.owed += owed;
    if (is_measured(what.actual)) ++counters_.sent_in_window;
    if (is_measured(what.intended)) {
        ++counters_.measured_sent;
        counters_.measured_owed += owed;
    }
}

void Generator::write_payload(const PlannedGroup& group, std::span<std::uint8_t> payload,
                              const PayloadHeader& header) {
    if (group.has_header) {
        write_payload_header(payload.first<kPayloadHeaderBytes>(), header);
    } else if (group.has_short_header) {
        for (std::size_t i = 0; i < 4; ++i) {
            payload[i] = static_cast<std::uint8_t>(header.stream >> (24 - 8 * i));
            payload[4 + i] = static_cast<std::uint8_t>(header.sequence >> (24 - 8 * i));
        }
    }
}

std::uint64_t Generator::take_slot(const InFlight& what) {
    if (free_slot_ == kNoSlot) {
        slots_.push_back({});
        slots_.back().next_free = kNoSlot;
        free_slot_ = static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t token = free_slot_;
    free_slot_ = slots_[token].next_free;
    slots_[token] = what;
    return token;
}

void Generator::release_slot(std::uint64_t token) {
    slots_[token].publisher = InFlight::kFree;
    slots_[token].next_free = free_slot_;
    free_slot_ = static_cast<std::uint32_t>(token);
}

void Generator::on_delivered(std::uint64_t token, bool refused, std::int64_t now) {
    const InFlight slot = slots_[token];
    release_slot(token);
    PublisherState& p = publishers_[slot.publisher];
    if (p.in_flight > 0) {
        --p.in_flight;
        --in_flight_;
    }
    if (refused) {
        ++counters_.refused;
        add_uncertain(slot.stream, slot.sequence);
    } else {
        ++counters_.acked;
        if (is_measured(now)) ++counters_.acked_in_window;
        if (is_measured(slot.intended)) {
            ++counters_.measured_acked;
            (*interval_)[SeriesId::ack].record(now - slot.intended);
        }
    }
    if (!p.pending.empty()) drain_pending(slot.publisher, now);
}

void Generator::on_room(std::uint32_t publisher, std::int64_t now) {
    drain_pending(publisher, now);
}

void Generator::drain_pending(std::uint32_t publisher, std::int64_t now) {
    PublisherState& p = publishers_[publisher];
    while (!p.pending.empty() && has_room(p, publisher)) {
        if (send(publisher, p.pending.front(), now) == Sent::no) return;
        p.pending.pop();
        --pending_;
    }
}

}  // namespace mqtt::bench
