// See terminal_session.hpp. What giving back needs is in statics: exit() and signals have no object.
#include "mqtt-sub/top/terminal_session.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace mqtt_sub {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J";
constexpr std::string_view kLeave = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr int kPatienceMs = 1'000;  // with a terminal that takes nothing
constexpr std::array kCrashes{SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

volatile std::sig_atomic_t g_is_taken = 0;
int g_output = -1;
int g_input = -1;
termios g_before{};

void write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
        if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
        if (n > 0 || (n < 0 && errno == EINTR)) continue;
        if (n == 0 || errno != EAGAIN) return;
        pollfd wait{.fd = descriptor, .events = POLLOUT, .revents = 0};
        ::poll(&wait, 1, kPatienceMs);
        if ((wait.revents & POLLOUT) == 0) return;
    }
}

// Only calls that a signal handler may make.
void give_back() {
    if (g_is_taken == 0) return;
    g_is_taken = 0;
    write_all(g_output, kLeave);
    ::tcsetattr(g_input, TCSANOW, &g_before);
}

void on_crash(int signal) {
    give_back();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

}  // namespace

void TerminalSession::enter() {
    if (g_is_taken != 0 || ::tcgetattr(input_, &g_before) != 0) return;
    g_output = output_;
    g_input = input_;
    g_is_taken = 1;
    [[maybe_unused]] static const bool is_registered = [] {
        for (const int signal : kCrashes)
            std::signal(signal, on_crash);
        return std::atexit(give_back) == 0;
    }();
    termios raw = g_before;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(input_, TCSANOW, &raw);
    write_all(output_, kEnter);
}

void TerminalSession::leave() {
    give_back();
}

}  // namespace mqtt_sub
