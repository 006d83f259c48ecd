// What a worker counts and measures. Counters run over the whole run, those called measured over
// the time between warm-up and cool-down (by intended send time); histograms over the latter.
// Written by one worker, read by the controller after a hand-over.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "mqtt-bench/histogram.hpp"

namespace mqtt::bench {

enum class SeriesId : std::uint8_t { e2e, service, ack, lag, connect, subscribe };
inline constexpr std::size_t kSeriesCount = 6;
inline constexpr std::array<std::string_view, kSeriesCount> kSeriesNames = {
    "e2e", "service", "ack", "lag", "connect", "subscribe"};
// As interval logs tag them.
inline constexpr std::array<std::string_view, kSeriesCount> kSeriesTags = {"e2e", "service", "ack",
                                                                           "lag", "conn",    "sub"};

struct SeriesSet {
    std::array<Histogram, kSeriesCount> series;
    Histogram per_read;  // messages that one look at a socket brought, which share a time stamp

    Histogram& operator[](SeriesId id) { return series[static_cast<std::size_t>(id)]; }
    const Histogram& operator[](SeriesId id) const { return series[static_cast<std::size_t>(id)]; }
    void merge(const SeriesSet& other) {
        for (std::size_t i = 0; i < kSeriesCount; ++i)
            series[i].merge(other.series[i]);
        per_read.merge(other.per_read);
    }
    void clear() {
        for (Histogram& histogram : series)
            histogram.clear();
        per_read.clear();
    }
};

struct Counters {
    // connections
    std::uint64_t connected = 0;
    std::uint64_t connect_failed = 0;
    std::uint64_t subscribed = 0;
    std::uint64_t subscribe_failed = 0;
    std::uint64_t connections_lost = 0;  // ended while the run needed them
    std::uint64_t dropped = 0;           // ended by a stage or churn
    std::uint64_t reconnected = 0;
    std::uint64_t sessions_lost = 0;  // asked to resume one, the broker had none
    // publishing
    std::uint64_t offered = 0;  // slots that became due
    std::uint64_t sent = 0;
    std::uint64_t owed = 0;          // deliveries that what was sent should cause
    std::uint64_t acked = 0;         // QoS 1/2, with a reason code below 0x80
    std::uint64_t refused = 0;       // acknowledged with an error, or over the server's limits
    std::uint64_t window_sum = 0;    // messages in flight, summed over QoS 1/2 sendings
    std::uint64_t waits_window = 0;  // slots that found the QoS window full
    std::uint64_t waits_socket = 0;  // slots that found the socket full
    std::uint64_t measured_offered = 0;
    std::uint64_t measured_sent = 0;
    std::uint64_t measured_acked = 0;
    std::uint64_t measured_owed = 0;
    std::uint64_t longest_wait_ns = 0;  // from due to sent, whatever it was for
    // receiving
    std::uint64_t received = 0;
    std::uint64_t received_bytes = 0;      // payload
    std::uint64_t foreign = 0;             // not of this run
    std::uint64_t measured_received = 0;   // intended within the measured time
    std::uint64_t received_in_window = 0;  // arrived within the measured time
    std::uint64_t sent_in_window = 0;
    std::uint64_t acked_in_window = 0;
    std::uint64_t unmeasured = 0;  // without a usable time stamp
    std::uint64_t retained = 0;    // replayed because of a subscription
    std::uint64_t answered = 0;    // requests, by a group of role answer
    std::uint64_t tls_full = 0;    // handshakes, counted with --tls-resume
    std::uint64_t tls_resumed = 0;
    // messages whose acknowledgement went down with their connection
    std::uint64_t unproven = 0;
    std::uint64_t unkept_deliveries = 0;  // of those beyond what is kept by number
    // sockets' queues within the measured time, sampled; TCP's own word at its end
    std::uint64_t queue_samples = 0;
    std::uint64_t receive_queue_bytes = 0;  // summed over samples
    std::uint64_t receive_queues_used = 0;  // samples with something in it
    std::uint64_t send_queue_bytes = 0;
    std::uint64_t send_queues_used = 0;
    std::uint64_t wire_received_in_window = 0;  // bytes
    std::uint64_t wire_sent_in_window = 0;
    std::uint64_t tcp_busy_us = 0;     // with something to send
    std::uint64_t tcp_no_room_us = 0;  // of that: the peer's window was full
    std::uint64_t tcp_segments = 0;
    std::uint64_t tcp_retransmits = 0;
    // the worker itself
    std::uint64_t turns = 0;
    std::uint64_t cpu_ns = 0;
    std::uint64_t cpu_ns_in_window = 0;
    std::uint64_t waiting_ns_in_window = 0;  // ready to run, without a core

    void add(const Counters& other);
};

}  // namespace mqtt::bench
