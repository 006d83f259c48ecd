// The hostile battery as a bad neighbour of the clients that scripts/bench measures: plays its cases (tests/spec/hostile/*.txt)
// over and over, eight at a time, those that need no listener of their own and are not slow. What comes back is judged by
// tests/spec/hostile_test.cpp, not here.
//   battery PORT
// Waits until the port is open; runs until it is killed or the port is closed. Loopback.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include "support/attacker.hpp"
#include "support/hostile_case.hpp"

namespace {

using mqtt::ProtocolVersion;
using mqtt::test::Attacker;
using mqtt::test::hostile_bytes;
using mqtt::test::HostileCase;
using mqtt::test::HostileStep;

constexpr std::size_t kTogether = 8;

bool is_open(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool connects = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    return connects;
}

// One case, from one connection to the next.
class Play {
public:
    Play(const HostileCase& hostile, std::uint16_t port) : case_(hostile), port_(port) {
        for (const HostileStep& step : case_.steps)
            carry_out(step);
    }

private:
    Attacker& attacker() {
        if (!attacker_ || !attacker_->is_open()) {
            const auto version = case_.version == 3   ? ProtocolVersion::v3_1
                                 : case_.version == 4 ? ProtocolVersion::v3_1_1
                                                      : ProtocolVersion::v5;
            attacker_ = std::make_unique<Attacker>(port_, Attacker::Wire::mqtt, version);
        }
        return *attacker_;
    }
    void carry_out(const HostileStep& step) {
        using Kind = HostileStep::Kind;
        switch (step.kind) {
        case Kind::send:
            for (std::size_t i = 1; i <= step.repeat; ++i)
                attacker().send(hostile_bytes(step.text, static_cast<std::uint16_t>(i)));
            return;
        case Kind::login: return log_in(step.text);
        case Kind::expect: return wait(step.text);
        case Kind::half_close: return attacker().half_close();
        case Kind::reset: return attacker().reset();
        default: return attacker().close();
        }
    }
    void log_in(const std::string& id) {
        const std::string name = "<\"" + (id.empty() ? "hostile" : id) + "\">";
        const char* head = case_.version == 3   ? "10 {<\"MQIsdp\"> 03 02 00 3C "
                           : case_.version == 4 ? "10 {<\"MQTT\"> 04 02 00 3C "
                                                : "10 {<\"MQTT\"> 05 02 00 3C {} ";
        attacker().send(hostile_bytes(head + name + "}", 1));
        attacker().read_until(1, 0);
    }
    // About as long as hostile_test does.
    void wait(const std::string& reaction) {
        if (reaction.find("open") != std::string::npos) {
            attacker().send(std::string("\xC0\x00", 2));
            attacker().read_until(0, 1);
        } else if (reaction.find("closed") != std::string::npos) {
            attacker().read_until(~std::size_t{0}, 0);
        } else {
            attacker().read_until(1, 0);
        }
        attacker().events.clear();
    }

    const HostileCase& case_;
    const std::uint16_t port_;
    std::unique_ptr<Attacker> attacker_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    std::vector<HostileCase> cases;
    for (HostileCase& one : mqtt::test::all_hostile_cases())
        if (one.listener == "tcp" && !one.is_slow()) cases.push_back(std::move(one));
    while (!is_open(port))
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kTogether; ++i) {
        threads.emplace_back([&] {
            try {
                for (;;)
                    Play(cases[next++ % cases.size()], port);
            } catch (const std::exception&) {  // nobody listens any more
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    return 0;
}
