// What follows from the figures of a result: costs per message and connection, time in queues.
#include <algorithm>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {
namespace {

constexpr std::uint64_t kEnoughSamples = 20;

// Bytes in the queues of all sockets over bytes per second.
std::optional<double> time_in_queues(const Result& r, std::uint64_t bytes, std::uint64_t moved) {
    const Counters& c = r.counters;
    // Counts of connections that ended are not in what moved.
    const bool steady = c.dropped + c.connections_lost + c.reconnected == 0;
    if (c.queue_samples < kEnoughSamples || moved == 0 || !steady) return std::nullopt;
    const double standing = to_double(bytes) / to_double(c.queue_samples) * to_double(c.connected);
    return standing / r.per_second(moved) * 1e9;
}

}  // namespace

std::uint64_t Result::work_in_window() const {
    return subscribers > 0 ? counters.received_in_window : counters.sent_in_window;
}

std::uint64_t Result::measured_expected() const {
    const std::uint64_t owed = counters.measured_owed - std::min(counters.measured_owed, excused);
    return std::max(owed, counters.measured_received);
}

std::optional<double> Result::broker_us_per_message() const {
    if (!broker || work_in_window() == 0 || broker->cpu_ns == 0) return std::nullopt;
    return to_double(broker->cpu_ns) / 1e3 / to_double(work_in_window());
}

std::optional<double> Result::generator_us_per_message() const {
    if (work_in_window() == 0 || generator.cpu_ns == 0) return std::nullopt;
    return to_double(generator.cpu_ns) / 1e3 / to_double(work_in_window());
}

std::optional<double> Result::broker_bytes_per_connection() const {
    // Pages are the unit of what can be seen: few connections say nothing; an embedded broker's
    // memory is not told apart from ours.
    constexpr std::uint64_t kEnough = 500;
    if (!broker || counters.connected < kEnough || broker->source == "embedded" ||
        broker->rss_connected < broker->rss_before) {
        return std::nullopt;
    }
    return to_double(broker->rss_connected - broker->rss_before) / to_double(counters.connected);
}

std::optional<double> Result::unread_ns() const {
    return time_in_queues(*this, counters.receive_queue_bytes, counters.wire_received_in_window);
}

std::optional<double> Result::unsent_ns() const {
    return time_in_queues(*this, counters.send_queue_bytes, counters.wire_sent_in_window);
}

std::optional<double> Result::no_room_share() const {
    if (counters.tcp_busy_us == 0) return std::nullopt;
    return to_double(counters.tcp_no_room_us) / to_double(counters.tcp_busy_us);
}

std::optional<double> Result::retransmit_share() const {
    constexpr std::uint64_t kEnoughSegments = 1000;
    if (counters.tcp_segments < kEnoughSegments) return std::nullopt;
    return to_double(counters.tcp_retransmits) / to_double(counters.tcp_segments);
}

}  // namespace mqtt::bench
