// Sending: schedule, windows, waiting messages, saturation. Receiving is in generator_receive.
#include "mqtt-bench/generator.hpp"

#include <algorithm>

#include "mqtt-bench/payload_header.hpp"

namespace mqtt::bench {
namespace {

constexpr std::uint32_t kNoSlot = ~0u;
constexpr int kSlotsPerCall = 4096;  // so that acknowledgements are read in between
constexpr int kSlotsPerClockRead = 64;
constexpr std::int64_t kForgiveAfter = 1'000'000'000;

}  // namespace

Shared::Shared(const Plan& plan, std::uint32_t worker_count)
    : progress(std::make_unique<Progress[]>(worker_count))
    , workers(worker_count) {
    if (plan.has_short_header()) sent_times = std::make_unique<SentTimes>(plan.publishers());
}

Generator::Generator(const Plan& plan, const Spec& spec, Shared& shared, std::uint32_t worker,
                     Wire& wire)
    : plan_(plan)
    , spec_(spec)
    , shared_(shared)
    , wire_(wire)
    , worker_(worker)
    , payload_(spec.payload_bytes)
    , free_slot_(kNoSlot)
    , checks_(plan.is_foreign())
    , interval_(std::make_unique<SeriesSet>()) {
    for (std::uint32_t p = worker; p < plan.publishers(); p += shared.workers) {
        publishers_.emplace_back();
        publishers_.back().number = p;
        publishers_.back().topic = plan.topic_of(p);
    }
    for (std::uint32_t s = worker; s < plan.subscribers(); s += shared.workers) {
        const Plan::Streams streams = plan.streams_of(s);
        const bool checked = !plan.is_shared() && !plan.is_foreign();
        subscribers_.push_back({streams, checked ? checks_.add_streams(streams.count) : 0});
    }
    per_subscriber_.resize(subscribers_.size());
    Random random(spec.seed * 31 + worker);
    for (std::uint8_t& byte : payload_)
        byte = static_cast<std::uint8_t>(random.next());
    request_.qos = spec.qos;
    request_.retain = spec.retain;
    request_.payload = payload_;
    if (spec.limit != 0) {
        limit_ = spec.limit / shared.workers + (worker < spec.limit % shared.workers ? 1 : 0);
    }
    if (publishers_.empty()) return;
    if (!spec.max) {
        schedule_ = std::make_unique<Schedule>(plan.schedule(spec.seed), plan.publishers(), worker,
                                               shared.workers);
        return;
    }
    const std::uint64_t step = std::uint64_t{spec.batch} * plan.fan_out();
    max_outstanding_ = spec.command == Command::pub
                           ? ~std::uint64_t{0} / 2
                           : std::max<std::uint64_t>(spec.max_outstanding, plan.fan_out());
    pump_step_ = std::min(step, max_outstanding_);
}

Generator::~Generator() = default;

void Generator::on_connected(std::uint32_t publisher, std::uint16_t receive_maximum) {
    PublisherState& p = publishers_[publisher];
    p.connected = true;
    p.window = std::min(spec_.inflight, receive_maximum);
    drain_pending(publisher, wire_.now_ns());
}

void Generator::on_closed(std::uint32_t publisher) {
    PublisherState& p = publishers_[publisher];
    p.connected = false;
    // Their acknowledgements will not come any more.
    in_flight_ -= p.in_flight;
    p.in_flight = 0;
}

void Generator::start(std::int64_t zero_ns) {
    zero_ = zero_ns;
    measure_from_ = zero_ + spec_.warmup.count();
    measure_until_ = measure_from_ + spec_.duration.count();
    end_ = measure_until_ + spec_.cooldown.count();
    if (spec_.limit == 0) return;
    // A count ends the run, not the clock; all of it is measured.
    measure_from_ = zero_;
    end_ = measure_until_ = kNever;
}

std::int64_t Generator::next_due() const {
    if (!schedule_ || zero_ == kNever || counters_.offered >= limit_) return kNever;
    const std::int64_t due = zero_ + schedule_->peek().due_ns;
    return due < end_ ? due : kNever;
}

void Generator::on_time(std::int64_t now) {
    for (int i = 1; i <= kSlotsPerCall; ++i) {
        const std::int64_t due = next_due();
        if (due > now) break;
        offer(schedule_->peek().publisher, due, now);
        schedule_->advance();
        if (i % kSlotsPerClockRead == 0) now = wire_.now_ns();
    }
    shared_.progress[worker_].sent.store(counters_.sent, std::memory_order_relaxed);
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
    return spec_.qos != QoS::at_most_once && p.in_flight >= p.window;
}

bool Generator::has_room(const PublisherState& p, std::uint32_t index) {
    return p.connected && !is_window_full(p) && !wire_.is_blocked(index);
}

Generator::Sent Generator::send(std::uint32_t publisher, std::int64_t intended, std::int64_t now) {
    PublisherState& p = publishers_[publisher];
    write_payload(p, intended, now);
    request_.topic = p.topic;
    const bool acknowledged = spec_.qos != QoS::at_most_once;
    const std::uint64_t token = acknowledged ? take_slot(publisher, intended, now) : 0;
    const SendStatus status = wire_.publish(publisher, request_, token);
    if (status == SendStatus::sent) {
        if (acknowledged) {
            ++p.in_flight;
            ++in_flight_;
            counters_.window_sum += p.in_flight;
        }
        count_sent(publisher, intended, now);
        return Sent::yes;
    }
    if (acknowledged) release_slot(token);
    if (status == SendStatus::no_quota || status == SendStatus::not_connected) return Sent::no;
    ++counters_.refused;
    return Sent::refused;
}

void Generator::count_sent(std::uint32_t publisher, std::int64_t intended, std::int64_t now) {
    PublisherState& p = publishers_[publisher];
    if (shared_.sent_times) shared_.sent_times->put(p.number, p.sequence, intended, now);
    ++p.sequence;
    ++counters_.sent;
    if (is_measured(now)) ++counters_.sent_in_window;
    if (is_measured(intended)) ++counters_.measured_sent;
}

void Generator::write_payload(const PublisherState& p, std::int64_t intended, std::int64_t now) {
    if (plan_.has_header()) {
        write_payload_header(std::span<std::uint8_t, kPayloadHeaderBytes>(payload_.data(), 32),
                             {plan_.run_id(), p.number, p.sequence, intended, now - intended});
    } else if (plan_.has_short_header()) {
        for (std::size_t i = 0; i < 4; ++i) {
            payload_[i] = static_cast<std::uint8_t>(p.number >> (24 - 8 * i));
            payload_[4 + i] = static_cast<std::uint8_t>(p.sequence >> (24 - 8 * i));
        }
    }
}

std::uint64_t Generator::take_slot(std::uint32_t publisher, std::int64_t intended,
                                   std::int64_t now) {
    if (free_slot_ == kNoSlot) {
        slots_.push_back({0, 0, 0, kNoSlot});
        free_slot_ = static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t token = free_slot_;
    free_slot_ = slots_[token].next_free;
    slots_[token] = {intended, now, publisher, kNoSlot};
    return token;
}

void Generator::release_slot(std::uint64_t token) {
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

std::uint64_t Generator::outstanding() const {
    if (shared_.workers == 1) return counters_.sent * plan_.fan_out() - distinct_ - forgiven_;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    for (std::uint32_t w = 0; w < shared_.workers; ++w) {
        sent += shared_.progress[w].sent.load(std::memory_order_relaxed);
        received += shared_.progress[w].received.load(std::memory_order_relaxed);
    }
    const std::uint64_t deliveries = sent * plan_.fan_out();
    return deliveries > received + forgiven_ ? deliveries - received - forgiven_ : 0;
}

bool Generator::pump(std::int64_t now) {
    if (!spec_.max || now >= end_ || zero_ == kNever || publishers_.empty()) return false;
    bool sent_any = false;
    // Every publisher at most once per call, so that what it caused is read in between.
    for (std::size_t n = 0; n < publishers_.size() && counters_.offered < limit_; ++n) {
        if (!can_pump()) break;
        const std::uint32_t publisher = cursor_;
        cursor_ = cursor_ + 1 == publishers_.size() ? 0 : cursor_ + 1;
        if (send_batch(publisher, now) > 0) sent_any = true;
        if (n % 8 == 7) now = wire_.now_ns();
    }
    if (sent_any || can_pump()) {
        stalled_since_ = kNever;
    } else if (stalled_since_ == kNever) {
        stalled_since_ = now;
    } else if (now - stalled_since_ > kForgiveAfter) {
        // Dropped by the broker, most likely: the check will say so; go on.
        forgiven_ += outstanding();
        stalled_since_ = kNever;
    }
    return sent_any;
}

std::uint32_t Generator::send_batch(std::uint32_t publisher, std::int64_t now) {
    PublisherState& p = publishers_[publisher];
    const std::uint64_t room = (max_outstanding_ - outstanding()) / std::max(1u, plan_.fan_out());
    const auto wanted = static_cast<std::uint32_t>(std::min<std::uint64_t>(
        {spec_.batch, std::max<std::uint64_t>(room, 1), limit_ - counters_.offered}));
    std::uint32_t count = 0;
    while (count < wanted && has_room(p, publisher)) {
        if (send(publisher, now, now) == Sent::no) break;
        ++counters_.offered;
        if (is_measured(now)) ++counters_.measured_offered;
        ++count;
    }
    if (count == 0) return 0;
    wire_.flush(publisher);
    shared_.progress[worker_].sent.store(counters_.sent, std::memory_order_relaxed);
    return count;
}

}  // namespace mqtt::bench
