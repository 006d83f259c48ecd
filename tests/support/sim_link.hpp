// A simulated connection between a client and a broker's shard: bytes travel when the scheduler says so,
// any number at a time, and readiness is announced as an edge-triggered epoll set would. One thread.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/byte_stream.hpp"
#include "net/poller.hpp"

namespace mqtt::sim {

// One direction: written, under way, arrived.
struct Lane {
    std::string travelling, arrived;
    bool ends_after = false;  // the writer has closed; the end comes behind the bytes
    bool ended = false;       // and has arrived
    static constexpr std::size_t kCapacity = 16 * 1024;
    std::size_t room() const {
        const std::size_t used = travelling.size() + arrived.size();
        return used < kCapacity ? kCapacity - used : 0;
    }
    // True when something new has arrived.
    bool travel(std::size_t bytes) {
        const std::size_t n = std::min(bytes, travelling.size());
        arrived.append(travelling, 0, n);
        travelling.erase(0, n);
        const bool ends = ends_after && travelling.empty() && !ended;
        ended = ended || ends;
        return n != 0 || ends;
    }
};

struct Link {
    int descriptor = 0;
    Lane to_broker, to_client;
    bool is_cut = false;         // reset: both sides see an error
    bool broker_closed = false;  // its stream is destroyed
    bool readable_edge = true, writable_edge = false;
    bool is_over() const { return is_cut || broker_closed; }
};

class Stream final : public net::ByteStream {
public:
    explicit Stream(std::shared_ptr<Link> link) : link_(std::move(link)) {}
    ~Stream() override {
        link_->broker_closed = true;
        link_->to_client.ends_after = true;
    }
    net::IoResult read(std::span<std::uint8_t> into) override {
        net::IoResult result;
        Lane& lane = link_->to_broker;
        if (link_->is_cut) {
            result.error = std::make_error_code(std::errc::connection_reset);
            return result;
        }
        result.n = std::min(into.size(), lane.arrived.size());
        std::memcpy(into.data(), lane.arrived.data(), result.n);
        lane.arrived.erase(0, result.n);
        if (result.n == 0 && lane.ended)
            result.eof = true;
        else
            result.want_read = result.n < into.size();
        return result;
    }
    net::IoResult write(const iovec* vectors, int count) override {
        net::IoResult result;
        if (link_->is_cut) {
            result.error = std::make_error_code(std::errc::broken_pipe);
            return result;
        }
        Lane& lane = link_->to_client;
        for (int i = 0; i < count; ++i) {
            const std::size_t n = std::min(vectors[i].iov_len, lane.room());
            lane.travelling.append(static_cast<const char*>(vectors[i].iov_base), n);
            result.n += n;
            if (n < vectors[i].iov_len) break;
        }
        result.want_write = result.n < net::total_bytes(vectors, count);
        return result;
    }
    void shutdown() override { link_->to_client.ends_after = true; }
    int descriptor() const override { return link_->descriptor; }

private:
    std::shared_ptr<Link> link_;
};

// All links by descriptor, whichever shard has them.
using Links = std::map<int, std::weak_ptr<Link>>;

class SimPoller final : public net::GuestPoller {
public:
    explicit SimPoller(Links& links) : links_(links) {}

    void watch(int descriptor, net::Watcher& watcher) override {
        watched_[descriptor] = {&watcher, true, false};
        if (const auto link = links_[descriptor].lock()) link->readable_edge = true;
    }
    void want_readable(int descriptor, bool on) override {
        watched_[descriptor].reads = on;
        if (const auto link = links_[descriptor].lock(); link && on) link->readable_edge = true;
    }
    void want_writable(int descriptor, net::Watcher&) override {
        watched_[descriptor].writes = true;
        const auto link = links_[descriptor].lock();
        if (link && (link->to_client.room() != 0 || link->is_cut)) link->writable_edge = true;
    }
    void unwatch(int descriptor, net::Watcher&) override { watched_.erase(descriptor); }

    void dispatch() override {
        std::vector<int> descriptors;
        for (const auto& entry : watched_)
            descriptors.push_back(entry.first);
        for (const int descriptor : descriptors) {
            const auto place = watched_.find(descriptor);
            const auto link = links_[descriptor].lock();
            if (place == watched_.end() || !link) continue;
            Watched& watched = place->second;
            net::Ready ready;
            ready.readable = watched.reads && std::exchange(link->readable_edge, false);
            ready.writable = watched.writes && std::exchange(link->writable_edge, false);
            ready.ended =
                (ready.readable || ready.writable) && (link->is_cut || link->to_broker.ended);
            if (ready.writable) watched.writes = false;
            if (ready.readable || ready.writable) watched.watcher->on_ready(ready);
        }
    }

private:
    struct Watched {
        net::Watcher* watcher = nullptr;
        bool reads = true, writes = false;
    };
    Links& links_;
    std::map<int, Watched> watched_;
};

}  // namespace mqtt::sim
