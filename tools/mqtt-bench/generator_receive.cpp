// Receiving: reading the header, checking the stream, measuring; and what is left at the end.
#include "mqtt-bench/generator.hpp"
#include "mqtt-bench/payload_header.hpp"

namespace mqtt::bench {

void Generator::on_message(std::uint32_t subscriber, Bytes payload, bool dup, std::int64_t now,
                           bool retained) {
    ++counters_.received;
    counters_.received_bytes += payload.size();
    if (retained) {
        ++counters_.retained;
        note_backlog(now);
        return;
    }
    PayloadHeader header;
    if (plan_.is_foreign()) {
        if (!read_payload_header(payload, header)) {
            ++counters_.unmeasured;
            note_backlog(now);
            if (is_measured(now)) ++counters_.received_in_window;
            return;
        }
        return on_known(subscriber, header, header.intended_ns,
                        is_same_clock(header.run_id, plan_.run_id()), dup, now);
    }
    if (plan_.has_header() && read_payload_header(payload, header)) {
        if (header.run_id == plan_.run_id()) return on_own(subscriber, header, dup, now);
        ++counters_.foreign;
        return;
    }
    if (plan_.has_short_header() && payload.size() >= kShortHeaderBytes) {
        header = {};
        for (std::size_t i = 0; i < 4; ++i) {
            header.stream = header.stream << 8 | payload[i];
            header.sequence = header.sequence << 8 | payload[4 + i];
        }
        if (header.stream < plan_.streams()) {
            const bool timed = shared_.sent_times->get(header.stream, header.sequence,
                                                       header.intended_ns, header.delay_ns);
            return on_known(subscriber, header, header.intended_ns, timed, dup, now);
        }
    }
    if (!plan_.has_plain()) {
        ++counters_.foreign;
        return;
    }
    ++distinct_;
    ++per_subscriber_[subscriber];
    ++counters_.unmeasured;
    note_backlog(now);
    if (is_measured(now)) ++counters_.received_in_window;
    // When it was sent is not known; without a cool-down the last ones come after the window.
    if (now >= measure_from_ && (now < measure_until_ || spec_.cooldown.count() == 0)) {
        ++counters_.measured_received;
    }
}

// Of this run: perhaps from another host, whose clock is another.
void Generator::on_own(std::uint32_t subscriber, PayloadHeader& header, bool dup,
                       std::int64_t now) {
    std::int64_t slot = header.intended_ns;
    bool timed = true;
    if (shared_.clocks && header.stream < shared_.host_of_stream.size()) {
        const Shared::HostClock& clock = shared_.clocks[shared_.host_of_stream[header.stream]];
        timed = clock.is_known();
        slot += clock.zero_shift();
        header.intended_ns += clock.shift();
    }
    on_known(subscriber, header, slot, timed, dup, now);
}

// `slot`: the intended instant by this host's schedule.
void Generator::on_known(std::uint32_t subscriber, const PayloadHeader& header, std::int64_t slot,
                         bool timed, bool dup, std::int64_t now) {
    if (!check(subscriber, header, dup)) return;
    ++distinct_;
    ++per_subscriber_[subscriber];
    if (is_measured(now)) ++counters_.received_in_window;
    if (!timed) {
        ++counters_.unmeasured;
        return;
    }
    if (header.intended_ns < mark_) note_backlog(now);
    if (!is_measured(slot)) return;
    ++counters_.measured_received;
    const std::int64_t response = now - header.intended_ns;
    (*interval_)[SeriesId::e2e].record(response);
    (*interval_)[SeriesId::service].record(response - header.delay_ns);
}

// False: a duplicate, or not a stream of this subscriber.
bool Generator::check(std::uint32_t subscriber, const PayloadHeader& header, bool dup) {
    const Subscriber& sub = subscribers_[subscriber];
    std::uint32_t stream = 0;
    if (plan_.is_foreign()) {
        stream = foreign_stream(subscriber, header);
    } else {
        const std::uint32_t place = plan_.place_in(sub.set, header.stream);
        if (place == Plan::kNone) {
            ++counters_.foreign;
            return false;
        }
        if (sub.shared) {
            SharedCheck& group = shared_checks_[sub.set];
            const std::uint64_t before = group.counts().distinct();
            group.on_message(header.stream, header.sequence, dup);
            return group.counts().distinct() > before;
        }
        stream = sub.first_check + place;
    }
    return checks_.on_message(stream, header.sequence, dup) != StreamChecks::Kind::duplicate;
}

std::uint32_t Generator::foreign_stream(std::uint32_t subscriber, const PayloadHeader& header) {
    // Publishers of one run number their streams; every subscriber sees its own copy of each.
    const ForeignKey key{header.run_id, header.stream, subscriber};
    const auto [entry, is_new] = foreign_streams_.try_emplace(key, 0);
    if (is_new) entry->second = checks_.add_streams(1);
    return entry->second;
}

void Generator::show_progress() {
    Shared::Progress& progress = shared_.progress[worker_];
    progress.received.store(distinct_, std::memory_order_relaxed);
    progress.sent.store(counters_.sent, std::memory_order_relaxed);
    progress.owed.store(counters_.owed, std::memory_order_relaxed);
}

}  // namespace mqtt::bench
