// A relay that parses every packet and copies every PUBLISH to every subscriber: no sessions, no
// checks, and of topics no more than the number at their end, which chooses the subscriber as soon as
// two have different filters. The practical ceiling beside which scripts/bench puts a broker, so that
// a machine's bad minute is not mistaken for a slow broker. All QoS, MQTT 3.1.1 and 5.0, TCP.
// With faults it is what scripts/bench_tester tests the load tester with.
//   toy_relay PORT [FAULT N]...      prints "ready" when it listens on 127.0.0.1
//     drop N, dup N, swap N   of the deliveries to each subscriber's side: every Nth message is not
//                             delivered, delivered twice, delivered after the next one
//     stall MS                does nothing for so long, once, four seconds after the first PUBLISH
//     delay US                delivers and acknowledges so long after the PUBLISH was read
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

struct Peer {
    int fd = -1;
    bool v5 = false;
    bool dirty = false;
    bool waits = false;  // for EPOLLOUT
    std::uint16_t next_id = 1;
    std::string filter;
    std::string in;  // an incomplete packet
    std::string out;
    std::size_t sent = 0;
};

using Clock = std::chrono::steady_clock;

struct Faults {
    std::uint64_t drop = 0, dup = 0, swap = 0;
    std::chrono::milliseconds stall{0};
    std::chrono::microseconds delay{0};
    bool delays = false;
} faults;
std::uint64_t published = 0;
Clock::time_point first_publish;
bool stalled = false;
std::string held;  // a message that waits for the next one

struct Late {
    Late(Clock::time_point when, Peer* peer) : due(when), to(peer) {}
    Clock::time_point due;
    Peer* to;
    std::string bytes;
};
std::deque<Late> late;  // in order of time: all wait equally long

int poller = -1;
std::unordered_map<int, std::unique_ptr<Peer>> peers;
std::vector<Peer*> subscribers;
std::vector<std::vector<Peer*>> pairs;  // subscribers by their filter's number; empty: all get all
std::vector<Peer*> dirty;

void mark(Peer& peer) {
    if (peer.dirty) return;
    peer.dirty = true;
    dirty.push_back(&peer);
}

void watch(Peer& peer, bool writable, int operation) {
    epoll_event event{};
    event.events = EPOLLIN | (writable ? EPOLLOUT : 0u);
    event.data.fd = peer.fd;
    epoll_ctl(poller, operation, peer.fd, &event);
    peer.waits = writable;
}

void flush(Peer& peer) {
    peer.dirty = false;
    while (peer.sent < peer.out.size()) {
        const ssize_t n =
            send(peer.fd, peer.out.data() + peer.sent, peer.out.size() - peer.sent, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EAGAIN && !peer.waits) watch(peer, true, EPOLL_CTL_MOD);
            return;
        }
        peer.sent += static_cast<std::size_t>(n);
    }
    peer.out.clear();
    peer.sent = 0;
    if (peer.waits) watch(peer, false, EPOLL_CTL_MOD);
}

void flush_all() {
    for (Peer* peer : dirty)
        flush(*peer);
    dirty.clear();
}

void reply(Peer& peer, std::initializer_list<unsigned> bytes) {
    for (const unsigned byte : bytes)
        peer.out.push_back(static_cast<char>(byte));
    mark(peer);
}

// Where bytes for a peer go: with a delay they wait first.
std::string& out_of(Peer& to) {
    if (faults.delays) return late.emplace_back(Clock::now() + faults.delay, &to).bytes;
    mark(to);
    return to.out;
}

// At the end of a topic or filter; 0: there is none.
std::size_t number_of(std::string_view topic) {
    std::size_t number = 0;
    for (std::size_t i = topic.size(), unit = 1; i != 0; unit *= 10) {
        const auto digit = static_cast<unsigned>(topic[--i] - '0');
        if (digit > 9 || unit > 1000) break;
        number += digit * unit;
    }
    return number;
}

void pair_up() {
    pairs.clear();
    const auto differs = [](const Peer* peer) { return peer->filter != subscribers[0]->filter; };
    if (std::none_of(subscribers.begin(), subscribers.end(), differs)) return;
    pairs.resize(10'000);
    for (Peer* peer : subscribers)
        pairs[number_of(peer->filter)].push_back(peer);
}

const std::vector<Peer*>& receivers(std::string_view topic) {
    return pairs.empty() ? subscribers : pairs[number_of(topic)];
}

// The packet's fixed head is `head` bytes long; with QoS 1 and 2 each subscriber has its own id.
void deliver(std::string_view packet, std::size_t head) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(packet[i]); };
    const bool acknowledged = (at(0) & 0x06) != 0;
    const std::size_t id_at = head + 2 + static_cast<std::size_t>(at(head) << 8 | at(head + 1));
    for (Peer* to : receivers(packet.substr(head + 2, id_at - head - 2))) {
        std::string& out = out_of(*to);
        const std::size_t start = out.size();
        out.append(packet);
        if (!acknowledged) continue;
        out[start + id_at] = static_cast<char>(to->next_id >> 8);
        out[start + id_at + 1] = static_cast<char>(to->next_id);
        if (++to->next_id == 0) to->next_id = 1;
    }
}

void deliver_with_faults(std::string_view packet, std::size_t head) {
    const std::uint64_t n = ++published;
    if (n == 1) first_publish = Clock::now();
    if (faults.swap != 0 && n % faults.swap == 1) {
        held = packet;
        return;
    }
    if (faults.drop == 0 || n % faults.drop != 0) {
        deliver(packet, head);
        if (faults.dup != 0 && n % faults.dup == faults.dup / 2) deliver(packet, head);
    }
    if (!held.empty()) deliver(std::exchange(held, {}), head);
}

void relay(Peer& from, const std::uint8_t* packet, std::size_t size, std::size_t head) {
    deliver_with_faults({reinterpret_cast<const char*>(packet), size}, head);
    const unsigned qos = packet[0] >> 1 & 3u;
    if (qos == 0) return;
    const std::size_t id_at =
        head + 2 + static_cast<std::size_t>(packet[head] << 8 | packet[head + 1]);
    std::string& out = out_of(from);
    for (const unsigned byte :
         {qos == 1 ? 0x40u : 0x50u, 2u, unsigned{packet[id_at]}, unsigned{packet[id_at + 1]}})
        out.push_back(static_cast<char>(byte));
}

void handle(Peer& peer, const std::uint8_t* p, std::size_t size, std::size_t head) {
    switch (p[0] >> 4) {
    case 1:  // CONNECT: the level stands behind the name of four letters
        peer.v5 = p[head + 6] == 5;
        if (peer.v5) {
            reply(peer, {0x20, 3, 0, 0, 0});
        } else {
            reply(peer, {0x20, 2, 0, 0});
        }
        break;
    case 3: relay(peer, p, size, head); break;
    case 5: reply(peer, {0x62, 2, p[head], p[head + 1]}); break;  // PUBREC
    case 6: reply(peer, {0x70, 2, p[head], p[head + 1]}); break;  // PUBREL
    case 8: {                                                     // of one filter
        const std::size_t filter_at = head + (peer.v5 ? 5 : 4);
        peer.filter.assign(reinterpret_cast<const char*>(p) + filter_at, size - filter_at - 1);
        if (peer.v5) {
            reply(peer, {0x90, 4, p[head], p[head + 1], 0, p[size - 1] & 3u});
        } else {
            reply(peer, {0x90, 3, p[head], p[head + 1], p[size - 1] & 3u});
        }
        subscribers.push_back(&peer);
        pair_up();
        break;
    }
    case 12: reply(peer, {0xD0, 0}); break;
    default: break;
    }
}

// Bytes consumed: whole packets only.
std::size_t parse(Peer& peer, const std::uint8_t* data, std::size_t size) {
    std::size_t done = 0;
    while (size - done >= 2) {
        std::size_t remaining = 0;
        std::size_t head = 1;
        for (int shift = 0; head < size - done; shift += 7) {
            const std::uint8_t byte = data[done + head++];
            remaining |= static_cast<std::size_t>(byte & 0x7f) << shift;
            if (byte < 0x80) break;
        }
        if (data[done + head - 1] >= 0x80 || size - done < head + remaining) break;
        handle(peer, data + done, head + remaining, head);
        done += head + remaining;
    }
    return done;
}

void drop(Peer& peer) {
    if (std::erase(subscribers, &peer) != 0) pair_up();
    std::erase(dirty, &peer);
    std::erase_if(late, [&](const Late& one) { return one.to == &peer; });
    close(peer.fd);
    peers.erase(peer.fd);
}

bool read_once(Peer& peer) {
    static std::uint8_t buffer[64 * 1024];
    const ssize_t n = recv(peer.fd, buffer, sizeof(buffer), 0);
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    const auto size = static_cast<std::size_t>(n);
    if (peer.in.empty()) {
        const std::size_t done = parse(peer, buffer, size);
        peer.in.assign(reinterpret_cast<char*>(buffer) + done, size - done);
        return true;
    }
    peer.in.append(reinterpret_cast<char*>(buffer), size);
    peer.in.erase(
        0, parse(peer, reinterpret_cast<const std::uint8_t*>(peer.in.data()), peer.in.size()));
    return true;
}

void accept_all(int listener) {
    for (;;) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        auto peer = std::make_unique<Peer>();
        peer->fd = fd;
        watch(*peer, false, EPOLL_CTL_ADD);
        peers.emplace(fd, std::move(peer));
    }
}

int listen_on(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return -1;
    return listen(fd, 4096) == 0 ? fd : -1;
}

// What the faults want of the clock; how long epoll may wait, nothing: for ever.
std::optional<Clock::duration> pass_time() {
    if (faults.stall.count() > 0 && !stalled && published > 0 &&
        Clock::now() - first_publish >= std::chrono::seconds(4)) {
        stalled = true;
        std::this_thread::sleep_for(faults.stall);
    }
    while (!late.empty() && late.front().due <= Clock::now()) {
        late.front().to->out += late.front().bytes;
        mark(*late.front().to);
        late.pop_front();
    }
    if (!late.empty()) return std::max(late.front().due - Clock::now(), Clock::duration(0));
    if (faults.stall.count() > 0 && !stalled) return std::chrono::milliseconds(10);
    return std::nullopt;
}

bool read_faults(int argc, char** argv) {
    for (int i = 2; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const auto n = static_cast<std::uint64_t>(std::atoll(argv[i + 1]));
        if (name == "drop") {
            faults.drop = n;
        } else if (name == "dup") {
            faults.dup = n;
        } else if (name == "swap") {
            faults.swap = n;
        } else if (name == "stall") {
            faults.stall = std::chrono::milliseconds(n);
        } else if (name == "delay") {
            faults.delay = std::chrono::microseconds(n);
            faults.delays = true;
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    const int listener = listen_on(argc > 1 ? std::atoi(argv[1]) : 0);
    if (!read_faults(argc, argv)) {
        std::fputs("toy_relay: faults are drop, dup, swap, stall, delay\n", stderr);
        return 2;
    }
    if (listener < 0) {
        std::perror("toy_relay");
        return 1;
    }
    prctl(PR_SET_TIMERSLACK, 1);  // ns: waits end when they should
    poller = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listener;
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    std::puts("ready");
    std::fflush(stdout);
    epoll_event events[256];
    for (;;) {
        const auto wait = pass_time();
        flush_all();
        const timespec time{0, wait ? std::chrono::nanoseconds(*wait).count() : 0};
        const int count = epoll_pwait2(poller, events, 256, wait ? &time : nullptr, nullptr);
        for (int i = 0; i < count; ++i) {
            if (events[i].data.fd == listener) {
                accept_all(listener);
                continue;
            }
            const auto entry = peers.find(events[i].data.fd);
            if (entry == peers.end()) continue;
            Peer& peer = *entry->second;
            if ((events[i].events & EPOLLOUT) != 0) mark(peer);
            if ((events[i].events & ~EPOLLOUT) != 0 && !read_once(peer)) drop(peer);
        }
        flush_all();
    }
}
