// What a durable store costs, from outside the broker: the rows of scripts/bench_store. MQTT 3.1.1, TCP, loopback.
//   store_bench offline PORT BROKER_PID SECONDS WINDOW   QoS 1 to ten durable sessions that are away
//   store_bench online PORT BROKER_PID SECONDS           QoS 1 to ten durable sessions that acknowledge
//   store_bench sessions PORT COUNT                      makes so many durable sessions, each with a filter
//   store_bench retain PORT BROKER_PID COUNT             makes so many retained messages
//   store_bench first PORT                               waits until the broker is up and delivers a retained one
//   store_bench all PORT BROKER_PID COUNT                "#", until so many have come
//   store_bench sync FOLDER COUNT [PAUSE_US]             appends 4 KiB and syncs, each time after a pause
// Prints "messages N ns N cpu_ns N rss N" of the measured part; `sync` its median in ns. Payloads have 100 bytes.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/broker_meter.hpp"

namespace {

std::string publish(std::string_view topic, std::uint64_t id, bool retain = false) {
    std::string body;
    put_text(body, topic);
    body.push_back(static_cast<char>(id >> 8));
    body.push_back(static_cast<char>(id));
    body.append(kPayloadBytes, 'x');
    return packet(retain ? 0x33 : 0x32, body);
}

// Packet ids of a window: 1 to 65,535, again and again.
std::uint64_t id_of(std::uint64_t number) {
    return number % 65'535 + 1;
}

class Client {
public:
    // Not connected: nobody listens there yet.
    Client(int port, std::string_view id, bool clean) {
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            close(std::exchange(fd_, -1));
            return;
        }
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::string body;
        put_text(body, "MQTT");
        body += {'\x04', clean ? '\x02' : '\x00', '\x00', '\x00'};
        put_text(body, id);
        send_all(packet(0x10, body));
        wait([&] { return answers_ == 1; });
    }
    ~Client() {
        if (fd_ >= 0) close(fd_);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    bool is_connected() const { return fd_ >= 0; }
    std::uint64_t publishes() const { return publishes_; }
    std::uint64_t answers() const { return answers_; }  // CONNACK, SUBACK, PUBACK

    void send_all(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n < 0) die("send");
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    void subscribe(std::string_view filter, char qos) {
        std::string body{'\x00', '\x01'};
        put_text(body, filter);
        body.push_back(qos);
        const std::uint64_t before = answers_;
        send_all(packet(0x82, body));
        wait([&] { return answers_ > before; });
    }
    void leave() const { send_all(packet(0xE0, {})); }
    template <class Done>
    void wait(Done&& done) {
        const auto deadline = Clock::now() + std::chrono::seconds(120);
        while (!done()) {
            pollfd ready{fd_, POLLIN, 0};
            poll(&ready, 1, 1000);
            if (Clock::now() > deadline) die("nothing more comes");
            read_some();
        }
    }

private:
    void read_some() {
        const ssize_t n = recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) die("the broker closed a connection");
        in_.append(buffer_.data(), static_cast<std::size_t>(n));
        std::size_t done = 0;
        for (;;) {
            std::size_t length = 0;
            std::size_t head = 1;
            bool complete = false;
            for (int shift = 0; done + head < in_.size() && !complete; shift += 7) {
                const auto byte = static_cast<unsigned char>(in_[done + head++]);
                length |= static_cast<std::size_t>(byte & 0x7fu) << shift;
                complete = byte < 0x80;
            }
            if (!complete || in_.size() - done < head + length) break;
            const auto type = static_cast<unsigned char>(in_[done]);
            ++(type >> 4 == 3 ? publishes_ : answers_);
            if (type >> 4 == 3 && (type & 6) != 0) acknowledge(done + head);
            done += head + length;
        }
        in_.erase(0, done);
        send_all(acks_);
        acks_.clear();
    }
    // PUBACK with the id behind the topic that begins at `at`.
    void acknowledge(std::size_t at) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in_[at + i]); };
        const std::size_t id = 2u + static_cast<std::size_t>(byte(0) << 8 | byte(1));
        acks_ += {'\x40', '\x02', in_[at + id], in_[at + id + 1]};
    }

    int fd_ = -1;
    std::string in_;
    std::string acks_;
    std::vector<char> buffer_ = std::vector<char>(256 * 1024);
    std::uint64_t publishes_ = 0;
    std::uint64_t answers_ = 0;
};

// Sends while less than `window` are unacknowledged, until `done(sent)`; then waits for the rest.
template <class Next, class Done>
std::uint64_t stream(Client& client, std::uint64_t window, Next&& next, Done&& done) {
    const std::uint64_t before = client.answers();
    const std::uint64_t some = std::max<std::uint64_t>(window / 8, 1);
    std::uint64_t sent = 0;
    std::string batch;
    while (!done(sent)) {
        batch.clear();
        for (; sent - (client.answers() - before) < window && !done(sent); ++sent)
            batch += next(sent);
        client.send_all(batch);
        const std::uint64_t room =
            sent + some - window;  // answers that make a batch worth its call
        client.wait([&] { return sent < window || client.answers() - before >= room; });
    }
    client.wait([&] { return client.answers() - before >= sent; });
    return sent;
}

void offline(int port, const std::string& pid, int seconds, std::uint64_t window) {
    constexpr int kSessions = 10;
    for (int i = 0; i < kSessions; ++i) {
        Client away(port, "away" + std::to_string(i), false);
        away.subscribe("offline/" + std::to_string(i), 1);
        away.leave();
    }
    Client publisher(port, "publisher", true);
    const auto next = [](std::uint64_t n) {
        return publish("offline/" + std::to_string(n % kSessions), id_of(n));
    };
    const Measurement measurement(pid);
    const auto end = Clock::now() + std::chrono::seconds(seconds);
    const auto done = [&](std::uint64_t) { return Clock::now() >= end; };
    measurement.tell(stream(publisher, window, next, done));
}

void online(int port, const std::string& pid, int seconds) {
    constexpr std::uint64_t kPairs = 10;
    constexpr std::uint64_t kBatch = 100;  // for each
    std::vector<std::unique_ptr<Client>> subscribers;
    for (std::uint64_t i = 0; i < kPairs; ++i) {
        subscribers.push_back(std::make_unique<Client>(port, "sub" + std::to_string(i), false));
        subscribers.back()->subscribe("online/" + std::to_string(i), 1);
    }
    Client publisher(port, "publisher", true);
    const std::uint64_t answers = publisher.answers();
    std::uint64_t sent = 0;
    const Measurement measurement(pid);
    const auto end = Clock::now() + std::chrono::seconds(seconds);
    while (Clock::now() < end) {
        std::string batch;
        for (std::uint64_t i = 0; i < kPairs * kBatch; ++i, ++sent)
            batch += publish("online/" + std::to_string(sent % kPairs), id_of(sent));
        publisher.send_all(batch);
        for (const auto& subscriber : subscribers)
            subscriber->wait([&] { return subscriber->publishes() >= sent / kPairs; });
        publisher.wait([&] { return publisher.answers() - answers >= sent; });
    }
    measurement.tell(sent);
}

void sessions(int port, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        Client client(port, "device-" + std::to_string(i), false);
        client.subscribe("device/" + std::to_string(i) + "/+", 1);
        client.leave();
    }
}

void retain(int port, const std::string& pid, std::uint64_t count) {
    Client publisher(port, "publisher", true);
    const auto next = [](std::uint64_t n) {
        return publish("site/" + std::to_string(n % 1000) + "/device/" + std::to_string(n),
                       id_of(n), true);
    };
    const Measurement measurement(pid);
    measurement.tell(stream(publisher, 1000, next, [&](std::uint64_t n) { return n >= count; }));
}

// Called when the broker is started; its time is that of the start.
void first(int port) {
    while (true) {
        Client client(port, "first", true);
        if (client.is_connected()) {
            client.subscribe("site/7/device/7", 0);
            client.wait([&] { return client.publishes() == 1; });
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void all(int port, const std::string& pid, std::uint64_t count) {
    Client client(port, "all", true);
    const Measurement measurement(pid);
    client.subscribe("#", 0);
    client.wait([&] { return client.publishes() >= count; });
    measurement.tell(client.publishes());
}

// A disk that has just been busy is often faster than one that has not for 0.1 ms: a pause, which is not measured,
// shows what a program gets that has to wait for its clients between its syncs.
void sync_times(const std::string& folder, int count, std::chrono::microseconds pause) {
    const std::string path = folder + "/sync";
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const std::string page(4096, 'x');
    std::vector<std::uint64_t> times;
    for (int i = 0; i < count; ++i) {
        const auto resumes = Clock::now() + pause;
        while (Clock::now() < resumes) {
        }
        if (write(fd, page.data(), page.size()) != static_cast<ssize_t>(page.size())) die("write");
        const auto began = Clock::now();
        if (fdatasync(fd) != 0) die("fdatasync");
        times.push_back(ns_since(began));
    }
    close(fd);
    unlink(path.c_str());
    std::sort(times.begin(), times.end());
    std::printf("%llu\n", static_cast<unsigned long long>(times[times.size() / 2]));
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view row = argc > 1 ? argv[1] : "";
    const auto number = [&](int i) { return argc > i ? std::atoi(argv[i]) : 0; };
    const auto big = [&](int i) { return static_cast<std::uint64_t>(number(i)); };
    if (row == "offline" && argc == 6) {
        offline(number(2), argv[3], number(4), big(5));
    } else if (row == "online" && argc == 5) {
        online(number(2), argv[3], number(4));
    } else if (row == "sessions" && argc == 4) {
        sessions(number(2), big(3));
    } else if (row == "retain" && argc == 5) {
        retain(number(2), argv[3], big(4));
    } else if (row == "first" && argc == 3) {
        first(number(2));
    } else if (row == "all" && argc == 5) {
        all(number(2), argv[3], big(4));
    } else if (row == "sync" && (argc == 4 || argc == 5)) {
        sync_times(argv[2], number(3), std::chrono::microseconds(number(4)));
    } else {
        std::fputs("store_bench: see the beginning of tests/bench/store_bench.cpp\n", stderr);
        return 1;
    }
    return 0;
}
