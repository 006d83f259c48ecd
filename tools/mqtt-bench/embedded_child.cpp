// Fork, a pipe for the port, a pipe that says how long to live.
#include "mqtt-bench/embedded_child.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <thread>

#include "mqtt-bench/embedded_broker.hpp"
#include "mqtt-bench/environment.hpp"
#include "mqtt/broker.hpp"

namespace mqtt::bench {
namespace {

// The child's whole life; never returns.
[[noreturn]] void serve(int port_pipe, int lifeline) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Ctrl-C is for the parent, which ends us when it has its figures.
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    raise_descriptor_limit();
    {
        Broker broker(embedded_config());
        std::uint16_t port = 0;
        if (broker.start().ok()) port = broker.bound().front().endpoint.port;
        if (write(port_pipe, &port, sizeof port) != sizeof port) _exit(1);
        char byte = 0;
        while (port != 0 && read(lifeline, &byte, 1) > 0) {
        }
        broker.stop();
    }
    _exit(0);
}

}  // namespace

EmbeddedChild::EmbeddedChild() {
    int port_pipe[2];
    int life_pipe[2];
    if (pipe(port_pipe) != 0 || pipe(life_pipe) != 0) {
        throw std::runtime_error("the embedded broker: cannot make a pipe");
    }
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("the embedded broker: cannot fork");
    if (pid_ == 0) {
        close(port_pipe[0]);
        close(life_pipe[1]);
        serve(port_pipe[1], life_pipe[0]);
    }
    close(port_pipe[1]);
    close(life_pipe[0]);
    lifeline_ = life_pipe[1];
    std::uint16_t port = 0;
    const bool told = read(port_pipe[0], &port, sizeof port) == sizeof port && port != 0;
    close(port_pipe[0]);
    if (!told) throw std::runtime_error("the embedded broker did not start in its own process");
    endpoint_.host = "127.0.0.1";
    endpoint_.port = port;
}

EmbeddedChild::~EmbeddedChild() {
    if (lifeline_ >= 0) close(lifeline_);
    if (pid_ <= 0) return;
    for (int i = 0; i < 250; ++i) {
        if (waitpid(pid_, nullptr, WNOHANG) == pid_) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

}  // namespace mqtt::bench
