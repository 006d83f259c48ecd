// What lies in the queues of this worker's sockets: unread input is the generator's debt, output that
// does not go is the broker's or the network's. A few sockets ten times a second, in turn.
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstddef>

#include "mqtt-bench/worker_client.hpp"

namespace mqtt::bench {
namespace {

constexpr std::int64_t kSampleEvery = 100'000'000;
constexpr std::size_t kSocketsAtOnce = 16;
constexpr std::size_t kConnectionsAsked = 10'000;  // for their TCP state, once

}  // namespace

// Called when a turn's input is read and handled: what is there then was not read in time.
void Worker::sample_queues(std::int64_t now) {
    if (now < next_sample_ || window_step_ != 1 || clients_.empty()) return;
    next_sample_ = now + kSampleEvery;
    Counters& c = generator_->counters();
    for (std::size_t i = 0; i < std::min(kSocketsAtOnce, clients_.size()); ++i) {
        sample_cursor_ = (sample_cursor_ + 1) % clients_.size();
        const int descriptor = clients_[sample_cursor_].measurable_descriptor();
        int unread = 0;
        int unsent = 0;
        if (descriptor < 0 || ::ioctl(descriptor, SIOCINQ, &unread) != 0 ||
            ::ioctl(descriptor, SIOCOUTQ, &unsent) != 0) {
            continue;
        }
        ++c.queue_samples;
        c.receive_queue_bytes += static_cast<std::uint64_t>(unread);
        c.send_queue_bytes += static_cast<std::uint64_t>(unsent);
        if (unread > 0) ++c.receive_queues_used;
        if (unsent > 0) ++c.send_queues_used;
    }
}

// Bytes that went over this worker's connections so far.
Worker::Moved Worker::moved() const {
    Moved sum;
    for (const Client& client : clients_) {
        const ConnectionStats stats = client.stats();
        sum.received += stats.bytes_received;
        sum.sent += stats.bytes_sent;
    }
    return sum;
}

// How long TCP had something to send, and how much of that the peer left no room; what went twice.
void Worker::ask_tcp() {
    Counters& c = generator_->counters();
    for (std::size_t i = 0; i < std::min(kConnectionsAsked, clients_.size()); ++i) {
        tcp_info info{};
        socklen_t size = sizeof info;
        const int descriptor = clients_[i].measurable_descriptor();
        if (descriptor < 0 || ::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
            continue;
        }
        c.tcp_busy_us += info.tcpi_busy_time;
        c.tcp_no_room_us += info.tcpi_rwnd_limited;
        c.tcp_segments += info.tcpi_segs_out;
        c.tcp_retransmits += info.tcpi_total_retrans;
    }
}

}  // namespace mqtt::bench
