// One bad neighbour of the clients that scripts/bench measures: what the others lose by it is the row's figure.
//   disturber stalled|unfinished|flood|logins|guesses PORT
//     stalled     subscribes to everything and stops reading
//     unfinished  500 connections with half a CONNECT, opened again when the broker has closed them
//     flood       publishes as fast as it can, to nobody
//     logins      64 connections at a time with a wrong password, again and again
//     guesses     the same with another password each time
// Waits until the port is open; runs until it is killed or the port is closed. MQTT 3.1.1, TCP, loopback.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

// -1: nobody listens.
int connect_to(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

int wait_for(int port) {
    for (;;) {
        const int fd = connect_to(port);
        if (fd >= 0) return fd;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void put_text(std::string& out, std::string_view text) {
    out.push_back(static_cast<char>(text.size() >> 8));
    out.push_back(static_cast<char>(text.size()));
    out.append(text);
}

// Bodies under 128 bytes.
std::string packet(int first_byte, const std::string& body) {
    return std::string{static_cast<char>(first_byte), static_cast<char>(body.size())} + body;
}

std::string connect_packet(std::string_view id, char flags, std::string_view password = {}) {
    std::string body;
    put_text(body, "MQTT");
    body += {4, flags, 0, 0};
    put_text(body, id);
    if ((flags & 0x40) != 0) {
        put_text(body, "bench");
        put_text(body, password);
    }
    return packet(0x10, body);
}

constexpr char kClean = 2;
constexpr char kWithPassword = static_cast<char>(0xC2);

bool say(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

void stalled(int port) {
    const int fd = wait_for(port);
    std::string body("\0\1", 2);
    put_text(body, "#");
    body.push_back(0);
    say(fd, connect_packet("stalled", kClean) + packet(0x82, body));
    for (;;)
        pause();
}

// A flood waits in its socket when the broker does not read.
void flood(int port) {
    const int fd = wait_for(port);
    std::string body;
    put_text(body, "nobody/listens");
    body.append(100, 'x');
    std::string many;
    for (int i = 0; i < 200; ++i)
        many += packet(0x30, body);
    if (!say(fd, connect_packet("flood", kClean))) return;
    while (say(fd, many)) {
    }
}

// Keeps `count` connections, each told `hello()` when it opens, and opens those again that the broker ends.
template <class Hello>
void keep_open(int port, std::size_t count, Hello&& hello) {
    close(wait_for(port));
    std::vector<pollfd> sockets(count, {-1, POLLIN, 0});
    for (;;) {
        for (pollfd& entry : sockets) {
            if (entry.fd >= 0) continue;
            entry.fd = connect_to(port);
            if (entry.fd < 0) return;
            say(entry.fd, hello());
        }
        poll(sockets.data(), sockets.size(), 1000);
        for (pollfd& entry : sockets) {
            char bytes[64];
            if (entry.revents == 0 || recv(entry.fd, bytes, sizeof bytes, 0) > 0) continue;
            close(entry.fd);
            entry.fd = -1;
        }
    }
}

void unfinished(int port) {
    keep_open(port, 500, [] { return connect_packet("unfinished", kClean).substr(0, 9); });
}

void logins(int port) {
    keep_open(port, 64, [] { return connect_packet("stranger", kWithPassword, "wrong"); });
}

void guesses(int port) {
    keep_open(port, 64, [number = 0]() mutable {
        return connect_packet("stranger", kWithPassword, std::to_string(++number));
    });
}

struct Kind {
    std::string_view name;
    void (*run)(int port);
};
constexpr Kind kKinds[] = {{"stalled", stalled},
                           {"unfinished", unfinished},
                           {"flood", flood},
                           {"logins", logins},
                           {"guesses", guesses}};

}  // namespace

int main(int argc, char** argv) {
    for (const Kind& kind : kKinds) {
        if (argc != 3 || kind.name != argv[1]) continue;
        kind.run(std::atoi(argv[2]));
        return 0;
    }
    std::fputs("usage: disturber stalled|unfinished|flood|logins|guesses PORT\n", stderr);
    return 2;
}
