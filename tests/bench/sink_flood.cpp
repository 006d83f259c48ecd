// The peer beside which scripts/bench_clients measures clients: it does next to nothing per message, so that
// what is measured is the client. It reads and writes blocks of 64 KiB, grants every QoS and a Receive
// Maximum of 65,535, keeps no topics and checks nothing. One connection at a time, MQTT 3.1.1 and 5.0, TCP.
//   sink_flood PORT COUNT BYTES     prints "ready" when it listens on 127.0.0.1; acknowledges what is published
//                                   to it, and answers a SUBSCRIBE with COUNT messages of BYTES bytes, QoS 0;
//                                   prints how many were published when a connection ends
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;

bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

void append_size(std::string& out, std::size_t size) {
    for (; size > 127; size /= 128)
        out += static_cast<char>(size % 128 + 128);
    out += static_cast<char>(size);
}

class Conversation {
public:
    Conversation(int fd, std::uint64_t count, std::size_t bytes)
        : fd_(fd)
        , count_(count)
        , bytes_(bytes) {}

    std::uint64_t published() const { return published_; }

    void run() {
        std::vector<char> block(kBlockBytes);
        while (true) {
            const ssize_t n = recv(fd_, block.data(), block.size(), 0);
            if (n <= 0) return;
            in_.append(block.data(), static_cast<std::size_t>(n));
            if (!take_packets() || !send_all(fd_, out_)) return;
            out_.clear();
        }
    }

private:
    // False at DISCONNECT.
    bool take_packets() {
        std::size_t at = 0;
        while (true) {
            std::size_t size = 0;
            std::size_t header = 1;
            for (unsigned shift = 0;; shift += 7) {
                if (at + header >= in_.size()) return keep_from(at);
                const auto byte = static_cast<unsigned char>(in_[at + header++]);
                size |= static_cast<std::size_t>(byte & 127U) << shift;
                if (byte < 128) break;
            }
            if (in_.size() - at < header + size) return keep_from(at);
            const auto first = static_cast<unsigned char>(in_[at]);
            if (first >> 4 == 14) return false;
            take(first, std::string_view(in_).substr(at + header, size));
            at += header + size;
        }
    }
    bool keep_from(std::size_t at) {
        in_.erase(0, at);
        return true;
    }

    void take(unsigned first, std::string_view body) {
        switch (first >> 4) {
        case 1:
            v5_ = body.size() > 6 && body[6] == 5;
            out_ += v5_ ? std::string_view("\x20\x06\0\0\x03\x21\xFF\xFF", 8)
                        : std::string_view("\x20\x02\0\0", 4);
            break;
        case 3:
            ++published_;
            acknowledge(first, body);
            break;
        case 6:
            out_ += "\x70\x02";
            out_ += body.substr(0, 2);
            break;
        case 8: flood(body); break;
        case 12: out_ += std::string_view("\xD0\0", 2); break;
        default: break;
        }
    }

    void acknowledge(unsigned first, std::string_view body) {
        const unsigned qos = first >> 1 & 3U;
        if (qos == 0 || body.size() < 2) return;
        const auto topic_bytes = static_cast<std::size_t>(static_cast<unsigned char>(body[0]))
                                     << 8 |
                                 static_cast<unsigned char>(body[1]);
        out_ += qos == 1 ? "\x40\x02" : "\x50\x02";
        out_ += body.substr(2 + topic_bytes, 2);
    }

    void flood(std::string_view body) {
        out_ += v5_ ? "\x90\x04" : "\x90\x03";
        out_ += body.substr(0, 2);
        out_.append(v5_ ? 2 : 1, '\0');
        std::string message("\x30", 1);
        const std::string_view topic = "bench/topic";
        append_size(message, 2 + topic.size() + (v5_ ? 1 : 0) + bytes_);
        message += '\0';
        message += static_cast<char>(topic.size());
        message += topic;
        if (v5_) message += '\0';
        message.append(bytes_, 'x');
        std::string block;
        const std::size_t per_block = std::max<std::size_t>(1, kBlockBytes / message.size());
        for (std::size_t i = 0; i < per_block; ++i)
            block += message;
        if (!send_all(fd_, out_)) return;
        out_.clear();
        std::uint64_t left = count_;
        for (; left >= per_block; left -= per_block) {
            if (!send_all(fd_, block)) return;
        }
        out_ = block.substr(0, left * message.size());
    }

    int fd_;
    std::uint64_t count_;
    std::uint64_t published_ = 0;
    std::size_t bytes_;
    bool v5_ = false;
    std::string in_;
    std::string out_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: sink_flood PORT COUNT BYTES\n");
        return 1;
    }
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener, 16) != 0) {
        std::perror("sink_flood");
        return 1;
    }
    std::puts("ready");
    std::fflush(stdout);
    while (true) {
        const int fd = accept(listener, nullptr, nullptr);
        if (fd < 0) return 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        Conversation conversation(fd, std::strtoull(argv[2], nullptr, 10),
                                  std::strtoull(argv[3], nullptr, 10));
        conversation.run();
        close(fd);
        std::printf("%llu\n", static_cast<unsigned long long>(conversation.published()));
        std::fflush(stdout);
    }
}
