// A broker with clients in memory: no socket, no kernel, no clock but the caller's. What it costs is the
// broker's own work, in any number of sessions. Used by the programs of tests/bench that count
// instructions, sessions by the million, and shards.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/out_buffer.hpp"
#include "bench/meter.hpp"
#include "broker/hash.hpp"
#include "broker/shard.hpp"
#include "core/encode.hpp"
#include "core/frame.hpp"
#include "net/byte_stream.hpp"
#include "net/poller.hpp"

namespace mqtt::bench {

[[noreturn]] inline void give_up(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::exit(1);
}

// Before the first hash: two runs do the same.
inline void fix_hashes() {
    broker::choose_hash_seed(0x5EED);
}

template <class... P>
std::string bytes_of(const P&... packet) {
    base::OutBuffer out;
    core::encode(out, packet...);
    iovec part{};
    out.gather(&part, 1);
    return {static_cast<const char*>(part.iov_base), part.iov_len};
}

class Poller;

// The client's end. What it has sent lies in `in` until the broker reads it; what the broker has written is
// answered after the turn, as the protocol wants it.
struct Client {
    int descriptor = 0;
    Poller* poller = nullptr;  // of the shard that has its connection
    std::string in;
    std::size_t in_from = 0;
    std::string out;
    // Not 0: all that comes are publications of this size, and they are counted alone.
    std::size_t only_bytes = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t publishes = 0;  // received
    std::uint64_t delivered = 0;  // PUBACK and PUBCOMP for its own
    std::uint64_t answers = 0;    // CONNACK, SUBACK, UNSUBACK
    bool has_news = false;
    bool is_over = false;

    std::uint64_t received() const {
        return only_bytes != 0 ? received_bytes / only_bytes : publishes;
    }
    // Lets go of the memory that its strings have.
    void trim() {
        if (in.empty()) std::string().swap(in);
        if (out.empty()) std::string().swap(out);
    }
    inline void send(std::string_view bytes);
    inline void answer();
    void on_packet(const core::Frame& frame);
};

// Readiness in one shard: whoever has sent something, once.
class Poller final : public net::GuestPoller {
public:
    explicit Poller(std::vector<std::unique_ptr<Client>>& clients) : clients_(clients) {}

    void watch(int descriptor, net::Watcher& watcher) override {
        const auto at = static_cast<std::size_t>(descriptor);
        if (at >= watchers_.size()) watchers_.resize(at + at / 2 + 1);
        watchers_[at] = &watcher;
        clients_[at]->poller = this;
        ready(descriptor);
    }
    void want_readable(int descriptor, bool on) override {
        if (on) ready(descriptor);
    }
    void want_writable(int, net::Watcher&) override {}  // these clients take everything
    void unwatch(int descriptor, net::Watcher&) override {
        watchers_[static_cast<std::size_t>(descriptor)] = nullptr;
    }
    void dispatch() override {
        now_.swap(ready_);
        for (const int descriptor : now_) {
            net::Watcher* watcher = watchers_[static_cast<std::size_t>(descriptor)];
            if (watcher != nullptr) watcher->on_ready({.readable = true});
        }
        now_.clear();
    }

    void ready(int descriptor) { ready_.push_back(descriptor); }
    bool has_ready() const { return !ready_.empty(); }
    void spoke(Client& client) { news_.push_back(&client); }
    // After a turn: the clients answer. False: there was nothing to do.
    bool answer() {
        const bool was_any = !news_.empty();
        for (std::size_t i = 0; i < news_.size(); ++i)
            news_[i]->answer();
        news_.clear();
        return was_any || !ready_.empty();
    }

private:
    std::vector<std::unique_ptr<Client>>& clients_;
    std::vector<net::Watcher*> watchers_;  // by descriptor
    std::vector<int> ready_, now_;
    std::vector<Client*> news_;
};

class Stream final : public net::ByteStream {
public:
    explicit Stream(Client& client) : client_(client) {}
    ~Stream() override { client_.is_over = true; }
    net::IoResult read(std::span<std::uint8_t> into) override {
        net::IoResult result;
        std::string& in = client_.in;
        result.n = std::min(into.size(), in.size() - client_.in_from);
        std::memcpy(into.data(), in.data() + client_.in_from, result.n);
        client_.in_from += result.n;
        if (client_.in_from == in.size()) {
            in.clear();
            client_.in_from = 0;
        }
        result.want_read = result.n < into.size();
        return result;
    }
    net::IoResult write(const iovec* vectors, int count) override {
        net::IoResult result;
        for (int i = 0; i < count; ++i) {
            result.n += vectors[i].iov_len;
            if (client_.only_bytes != 0) continue;
            client_.out.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
        }
        client_.received_bytes += result.n;
        if (client_.only_bytes == 0 && !std::exchange(client_.has_news, true)) {
            client_.poller->spoke(client_);
        }
        return result;
    }
    int descriptor() const override { return client_.descriptor; }

private:
    Client& client_;
};

void Client::send(std::string_view bytes) {
    in.append(bytes);
    if (poller != nullptr) poller->ready(descriptor);
}

void Client::answer() {
    has_news = false;
    Bytes left(reinterpret_cast<const std::uint8_t*>(out.data()), out.size());
    const std::size_t before = in.size();
    while (!left.empty()) {
        const core::FrameResult found = core::find_frame(left, 0);
        if (found.status != core::FrameStatus::complete) give_up("half a packet");
        on_packet(found.frame);
        left = left.subspan(found.frame.size);
    }
    out.clear();
    if (in.size() != before) poller->ready(descriptor);
}

inline void Client::on_packet(const core::Frame& frame) {
    const auto acknowledge = [this](unsigned first, const std::uint8_t* id) {
        const char packet[] = {static_cast<char>(first), 2, static_cast<char>(id[0]),
                               static_cast<char>(id[1])};
        in.append(packet, sizeof packet);
    };
    const std::uint8_t* body = frame.body.data();
    switch (frame.type) {
    case PacketType::publish: {
        ++publishes;
        const unsigned qos = frame.flags >> 1 & 3u;
        const std::size_t topic_size = static_cast<std::size_t>(body[0]) << 8 | body[1];
        if (qos != 0) acknowledge(qos == 1 ? 0x40 : 0x50, body + 2 + topic_size);
        return;
    }
    case PacketType::pubrec: return acknowledge(0x62, body);
    case PacketType::pubrel: return acknowledge(0x70, body);
    case PacketType::puback:
    case PacketType::pubcomp: ++delivered; return;
    case PacketType::connack:
        if (body[1] != 0) give_up("CONNECT was refused");
        [[fallthrough]];
    case PacketType::suback:
    case PacketType::unsuback: ++answers; return;
    case PacketType::disconnect: give_up("the broker ended a connection");
    default: return;
    }
}

struct Identity {
    std::string id;
    ProtocolVersion version = ProtocolVersion::v3_1_1;
    bool clean = true;
};

// The broker and its clients.
class World {
public:
    explicit World(unsigned shards, BrokerConfig config = {}) {
        fix_hashes();
        if (config.listeners.empty()) config.listeners.emplace_back();
        config.threads = shards;
        config.sys_interval = std::chrono::seconds(0);
        for (unsigned i = 0; i < shards; ++i)
            pollers_.push_back(std::make_unique<Poller>(clients_));
        shared_ = std::make_unique<broker::Shared>(
            std::move(config), [this](unsigned i) { return pollers_[i].get(); }, now);
    }
    ~World() { shared_.reset(); }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // The clients' own memory for so many more, so that what is measured later is the broker's.
    void prepare(std::size_t more) {
        for (std::size_t i = 0; i < more; ++i)
            clients_.push_back(std::make_unique<Client>());
    }
    // Its CONNECT is on its way; settle() to have it answered.
    Client& connect(const Identity& identity) {
        if (next_ == clients_.size()) prepare(1);
        Client& client = *clients_[next_];
        client.descriptor = static_cast<int>(next_++);
        Connect packet;
        packet.version = identity.version;
        packet.client_id = identity.id;
        packet.clean_start = identity.clean;
        packet.keep_alive = 0;
        client.in = bytes_of(packet);
        broker::Peer::Luggage luggage;
        luggage.stream = std::make_unique<Stream>(client);
        luggage.origin.deadline = now + std::chrono::hours(1);
        shared_->shards.front()->lobby.receive(std::move(luggage));
        return client;
    }
    Client& connected(const Identity& identity) {
        Client& client = connect(identity);
        settle();
        if (client.answers != 1) give_up("no CONNACK");
        return client;
    }
    void subscribe(Client& client, std::string_view filter, QoS qos = QoS::at_most_once,
                   ProtocolVersion version = ProtocolVersion::v3_1_1) {
        FilterListBuilder filters(true);
        filters.add(filter, {.qos = qos});
        Subscribe packet;
        packet.id = 1;
        packet.filters = filters.view();
        client.send(bytes_of(version, packet));
        const std::uint64_t answers = client.answers;
        settle();
        if (client.answers != answers + 1) give_up("no SUBACK");
    }

    void turn(unsigned shard) { shared_->shards[shard]->loop().run_turn(now); }
    bool answer(unsigned shard) { return pollers_[shard]->answer(); }
    // Turns of all shards until nobody has anything to do.
    void settle() {
        for (int quiet = 0; quiet < 3;) {
            for (unsigned i = 0; i < pollers_.size(); ++i)
                turn(i);
            bool busy = false;
            for (unsigned i = 0; i < pollers_.size(); ++i)
                busy = answer(i) || is_busy(i) || busy;
            quiet = busy ? 0 : quiet + 1;
        }
    }
    // The same; what the broker does is measured, what the clients do is not.
    void drive(Meter& meter) {
        for (int quiet = 0; quiet < 2;) {
            bool busy = false;
            for (unsigned i = 0; i < shards(); ++i) {
                meter.measure([&] { turn(i); });
                busy = answer(i) || busy;
            }
            for (unsigned i = 0; i < shards(); ++i)
                busy = is_busy(i) || busy;
            quiet = busy ? 0 : quiet + 1;
        }
    }
    bool is_busy(unsigned shard) const {
        return shared_->shards[shard]->loop().next_turn() == TimePoint::min();
    }
    // Whether a turn would find something to do.
    bool has_work(unsigned shard) const { return is_busy(shard) || pollers_[shard]->has_ready(); }
    bool is_home(const Client& client, unsigned shard) const {
        return client.poller == pollers_[shard].get();
    }
    broker::Shared& shared() { return *shared_; }
    unsigned shards() const { return static_cast<unsigned>(pollers_.size()); }

    TimePoint now{std::chrono::hours(1'000)};

private:
    std::vector<std::unique_ptr<Client>> clients_;  // by descriptor
    std::size_t next_ = 0;                          // the first that is not used yet
    std::vector<std::unique_ptr<Poller>> pollers_;
    std::unique_ptr<broker::Shared> shared_;
};

}  // namespace mqtt::bench
