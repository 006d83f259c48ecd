// The rows of scripts/bench that need clients of a special kind: many filters per connection,
// subscribers that stop reading, retained replay, connecting alone. MQTT 3.1.1, TCP, loopback.
//   load_rows wildcard|filters|slow|retained|retain|connects PORT BROKER_PID SECONDS
// Prints "messages N ns N cpu_ns N rss N" of the measured part: messages (or connections) counted here,
// CPU time and growth of memory of the broker.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bench/broker_meter.hpp"

namespace {

constexpr std::uint64_t kBatch = 32;  // messages per write

std::string publish(std::string_view topic) {
    std::string body;
    put_text(body, topic);
    body.append(kPayloadBytes, 'x');
    return packet(0x30, body);
}

struct Client {
    int fd = -1;
    std::string in;  // an incomplete packet
    std::uint64_t publishes = 0;
    std::uint64_t answers = 0;  // CONNACK, SUBACK, PINGRESP

    void send_all(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n < 0) die("send");
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    // Counts the whole packets; false at the end of the stream.
    bool read_once() {
        static char buffer[64 * 1024];
        const ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (n < 0) return errno == EAGAIN;
        if (n == 0) return false;
        in.append(buffer, static_cast<std::size_t>(n));
        std::size_t done = 0;
        for (;;) {
            std::size_t length = 0;
            std::size_t head = 1;
            bool complete = false;
            for (int shift = 0; done + head < in.size() && !complete; shift += 7) {
                const auto byte = static_cast<unsigned char>(in[done + head++]);
                length |= static_cast<std::size_t>(byte & 0x7fu) << shift;
                complete = byte < 0x80;
            }
            if (!complete || in.size() - done < head + length) break;
            if ((static_cast<unsigned char>(in[done]) >> 4) == 3)
                ++publishes;
            else
                ++answers;
            done += head + length;
        }
        in.erase(0, done);
        return true;
    }
};

class Load {
public:
    explicit Load(int port) : port_(port) {}

    Client& connect_one() {
        auto client = std::make_unique<Client>();
        client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port_));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(client->fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            die("connect");
        }
        const int on = 1;
        setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::string body;
        put_text(body, "MQTT");
        body += std::string("\x04\x02\x00\x00", 4);  // 3.1.1, clean session, no keep-alive
        put_text(body, "load" + std::to_string(clients_.size()));
        client->send_all(packet(0x10, body));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = client.get();
        epoll_ctl(poller_, EPOLL_CTL_ADD, client->fd, &event);
        clients_.push_back(std::move(client));
        return *clients_.back();
    }

    // Nothing more is read from this client.
    void stall(const Client& client) const {
        epoll_ctl(poller_, EPOLL_CTL_DEL, client.fd, nullptr);
    }

    void run_until(const std::function<bool()>& done) {
        const auto deadline = Clock::now() + std::chrono::seconds(60);
        epoll_event events[256];
        while (!done()) {
            if (Clock::now() > deadline) {
                std::fputs("load_rows: nothing more comes\n", stderr);
                std::exit(1);
            }
            const int count = epoll_wait(poller_, events, 256, 1000);
            for (int i = 0; i < count; ++i) {
                if (!static_cast<Client*>(events[i].data.ptr)->read_once()) {
                    std::fputs("load_rows: the broker closed a connection\n", stderr);
                    std::exit(1);
                }
            }
        }
    }
    void wait_answers(const Client& client, std::uint64_t count) {
        run_until([&] { return client.answers >= count; });
    }

    Client& connect_ready() {
        Client& client = connect_one();
        wait_answers(client, 1);
        return client;
    }

    void subscribe(Client& client, const std::vector<std::string>& filters) {
        std::string body("\x00\x01", 2);
        for (const std::string& filter : filters) {
            put_text(body, filter);
            body.push_back(0);
        }
        const std::uint64_t answers = client.answers;
        client.send_all(packet(0x82, body));
        wait_answers(client, answers + 1);
    }

private:
    int port_;
    int poller_ = epoll_create1(EPOLL_CLOEXEC);
    std::vector<std::unique_ptr<Client>> clients_;
};

// Publishes `next` for `seconds`, with at most `window` messages under way, where every message
// counts `received` up by what `expected` says.
struct Stream {
    std::function<std::string_view(std::uint64_t& expected)> next;
    std::function<std::uint64_t()> received;
    std::uint64_t window = 2000;
};

std::uint64_t run_stream(Load& load, const Client& publisher, const Stream& stream, int seconds) {
    std::uint64_t expected = 0;
    const std::uint64_t before = stream.received();
    const auto end = Clock::now() + std::chrono::seconds(seconds);
    std::string batch;
    while (Clock::now() < end) {
        batch.clear();
        for (std::uint64_t i = 0; i < kBatch; ++i)
            batch += stream.next(expected);
        publisher.send_all(batch);
        load.run_until([&] { return stream.received() - before + stream.window >= expected; });
    }
    load.run_until([&] { return stream.received() - before >= expected; });
    return expected;
}

constexpr int kFilterClients = 60;
constexpr int kLines = 500;  // of each client

std::string line(int client, int i) {
    return "plant/" + std::to_string(client) + "/line/" + std::to_string(i);
}

// 60,000 filters with one wildcard each at 60 clients: a line's "+/temperature" at one, its "s7/#"
// at the next.
std::vector<Client*> subscribe_filters(Load& load) {
    std::vector<Client*> clients;
    for (int c = 0; c < kFilterClients; ++c) {
        std::vector<std::string> filters;
        for (int i = 0; i < kLines; ++i) {
            filters.push_back(line(c, i) + "/+/temperature");
            filters.push_back(line((c + 1) % kFilterClients, i) + "/s7/#");
        }
        clients.push_back(&load.connect_ready());
        load.subscribe(*clients.back(), filters);
    }
    return clients;
}

void filters(Load& load, const std::string& pid, int) {
    const Measurement measurement(pid);
    subscribe_filters(load);
    measurement.tell(std::uint64_t{2} * kFilterClients * kLines);
}

// Into them: 60,000 topics, drawn at random; a message matches 1.54 filters on average.
void wildcard(Load& load, const std::string& pid, int seconds) {
    const std::vector<Client*> clients = subscribe_filters(load);
    std::vector<std::string> one;   // matched by one filter
    std::vector<std::string> both;  // by two
    for (int c = 0; c < kFilterClients; ++c) {
        for (int i = 0; i < kLines; ++i) {
            one.push_back(publish(line(c, i) + "/s3/temperature"));
            both.push_back(publish(line(c, i) + "/s7/temperature"));
        }
    }
    std::mt19937 random(1);
    Stream stream;
    stream.next = [&](std::uint64_t& expected) -> std::string_view {
        const bool two = random() % 100 < 54;
        expected += two ? 2 : 1;
        return (two ? both : one)[random() % one.size()];
    };
    stream.received = [&] {
        std::uint64_t sum = 0;
        for (const Client* client : clients)
            sum += client->publishes;
        return sum;
    };
    const Client& publisher = load.connect_ready();
    run_stream(load, publisher, stream, 1);
    const Measurement measurement(pid);
    measurement.tell(run_stream(load, publisher, stream, seconds));
}

// Eight subscribers of one topic, four of which stop reading; at most 1,000 messages under way.
void slow(Load& load, const std::string& pid, int seconds) {
    std::vector<Client*> reading;
    for (int i = 0; i < 8; ++i) {
        Client& client = load.connect_ready();
        load.subscribe(client, {"t"});
        if (i % 2 == 0)
            load.stall(client);
        else
            reading.push_back(&client);
    }
    const std::string message = publish("t");
    Stream stream;
    stream.window = 1000 * reading.size();
    stream.next = [&](std::uint64_t& expected) -> std::string_view {
        expected += reading.size();
        return message;
    };
    stream.received = [&] {
        std::uint64_t sum = 0;
        for (const Client* client : reading)
            sum += client->publishes;
        return sum;
    };
    const Client& publisher = load.connect_ready();
    run_stream(load, publisher, stream, 1);  // until the stalled ones' buffers are full
    const Measurement measurement(pid);
    measurement.tell(run_stream(load, publisher, stream, seconds));
}

constexpr std::uint64_t kRetained = 50'000;

// At QoS 1, 100 at a time.
void publish_retained(Load& load) {
    Client& publisher = load.connect_ready();
    std::string batch;
    for (std::uint64_t i = 0; i < kRetained; ++i) {
        std::string body;
        put_text(body, "site/" + std::to_string(i % 100) + "/device/" + std::to_string(i));
        body += std::string("\x00\x01", 2);
        body.append(kPayloadBytes, 'x');
        batch += packet(0x33, body);
        if (i % 100 != 99) continue;
        publisher.send_all(batch);
        batch.clear();
        load.wait_answers(publisher, i + 2);  // after the CONNACK
    }
}

void retain(Load& load, const std::string& pid, int) {
    const Measurement measurement(pid);
    publish_retained(load);
    measurement.tell(kRetained);
}

// Ten clients that subscribe to "#", one after another.
void retained(Load& load, const std::string& pid, int) {
    publish_retained(load);
    std::vector<Client*> clients;
    for (int i = 0; i < 10; ++i)
        clients.push_back(&load.connect_ready());
    const Measurement measurement(pid);
    for (Client* client : clients) {
        load.subscribe(*client, {"#"});
        load.run_until([&] { return client->publishes >= kRetained; });
    }
    measurement.tell(kRetained * clients.size());
}

// 19,000 clients that connect one after another, 64 at a time, and stay.
void connects(Load& load, const std::string& pid, int) {
    constexpr int kClients = 19000;
    const Measurement measurement(pid);
    std::vector<Client*> clients;
    for (int i = 0; i < kClients; ++i) {
        clients.push_back(&load.connect_one());
        if (i >= 64) load.wait_answers(*clients[static_cast<std::size_t>(i - 64)], 1);
    }
    for (const Client* client : clients)
        load.wait_answers(*client, 1);
    measurement.tell(kClients);
}

struct Row {
    std::string_view name;
    void (*run)(Load& load, const std::string& pid, int seconds);
};
constexpr Row kRows[] = {{"wildcard", wildcard}, {"filters", filters}, {"slow", slow},
                         {"retained", retained}, {"retain", retain},   {"connects", connects}};

}  // namespace

int main(int argc, char** argv) {
    for (const Row& row : kRows) {
        if (argc != 5 || row.name != argv[1]) continue;
        Load load(std::atoi(argv[2]));
        row.run(load, argv[3], std::atoi(argv[4]));
        return 0;
    }
    std::fputs("usage: load_rows ROW PORT BROKER_PID SECONDS\n", stderr);
    return 2;
}
