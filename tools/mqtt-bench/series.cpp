// Sums of counters over workers.
#include "mqtt-bench/series.hpp"

#include <algorithm>

namespace mqtt::bench {

void Counters::add(const Counters& o) {
    connected += o.connected;
    connect_failed += o.connect_failed;
    subscribed += o.subscribed;
    subscribe_failed += o.subscribe_failed;
    connections_lost += o.connections_lost;
    dropped += o.dropped;
    reconnected += o.reconnected;
    sessions_lost += o.sessions_lost;
    offered += o.offered;
    sent += o.sent;
    owed += o.owed;
    acked += o.acked;
    refused += o.refused;
    window_sum += o.window_sum;
    waits_window += o.waits_window;
    waits_socket += o.waits_socket;
    measured_offered += o.measured_offered;
    measured_sent += o.measured_sent;
    measured_acked += o.measured_acked;
    measured_owed += o.measured_owed;
    longest_wait_ns = std::max(longest_wait_ns, o.longest_wait_ns);
    tls_full += o.tls_full;
    tls_resumed += o.tls_resumed;
    received += o.received;
    received_bytes += o.received_bytes;
    foreign += o.foreign;
    measured_received += o.measured_received;
    received_in_window += o.received_in_window;
    sent_in_window += o.sent_in_window;
    acked_in_window += o.acked_in_window;
    unmeasured += o.unmeasured;
    retained += o.retained;
    answered += o.answered;
    unproven += o.unproven;
    unkept_deliveries += o.unkept_deliveries;
    queue_samples += o.queue_samples;
    receive_queue_bytes += o.receive_queue_bytes;
    receive_queues_used += o.receive_queues_used;
    send_queue_bytes += o.send_queue_bytes;
    send_queues_used += o.send_queues_used;
    wire_received_in_window += o.wire_received_in_window;
    wire_sent_in_window += o.wire_sent_in_window;
    tcp_busy_us += o.tcp_busy_us;
    tcp_no_room_us += o.tcp_no_room_us;
    tcp_segments += o.tcp_segments;
    tcp_retransmits += o.tcp_retransmits;
    turns += o.turns;
    cpu_ns += o.cpu_ns;
    cpu_ns_in_window += o.cpu_ns_in_window;
    waiting_ns_in_window += o.waiting_ns_in_window;
}

}  // namespace mqtt::bench
