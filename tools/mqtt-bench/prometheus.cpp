// The text, and one connection after the other.
#include "mqtt-bench/prometheus.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <stdexcept>

namespace mqtt::bench {
namespace {

using Out = std::back_insert_iterator<std::string>;

struct Row {
    std::string_view name, help;
    double (*value)(const Result&, const Second&);
    bool is_counter = true;
};

double number(std::uint64_t value) {
    return static_cast<double>(value);
}

constexpr Row kRows[] = {
    {"offered_total", "messages that were due",
     [](const Result& r, const Second&) { return number(r.counters.offered); }},
    {"sent_total", "messages sent",
     [](const Result& r, const Second&) { return number(r.counters.sent); }},
    {"acked_total", "QoS 1 and 2 messages acknowledged",
     [](const Result& r, const Second&) { return number(r.counters.acked); }},
    {"refused_total", "messages acknowledged with an error",
     [](const Result& r, const Second&) { return number(r.counters.refused); }},
    {"received_total", "messages received",
     [](const Result& r, const Second&) { return number(r.counters.received); }},
    {"received_bytes_total", "payload received",
     [](const Result& r, const Second&) { return number(r.counters.received_bytes); }},
    {"connected_total", "connections that came up",
     [](const Result& r, const Second&) { return number(r.counters.connected); }},
    {"connect_failed_total", "attempts to connect that failed",
     [](const Result& r, const Second&) { return number(r.counters.connect_failed); }},
    {"connections_lost_total", "connections that ended while they were needed",
     [](const Result& r, const Second&) { return number(r.counters.connections_lost); }},
    {"reconnected_total", "connections that came back",
     [](const Result& r, const Second&) { return number(r.counters.reconnected); }},
    {"generator_cpu_seconds_total", "CPU time of the load generator's threads",
     [](const Result& r, const Second&) { return number(r.counters.cpu_ns) / 1e9; }},
    {"connections", "connections that stand",
     [](const Result&, const Second& s) { return number(s.connected); }, false},
    {"outstanding", "messages due or in flight",
     [](const Result&, const Second& s) { return number(s.outstanding); }, false},
    {"offered_rate", "messages per second asked for",
     [](const Result& r, const Second&) { return r.offered_rate; }, false},
    {"measured_seconds", "length of the measured time up to now",
     [](const Result& r, const Second&) { return r.measured_seconds; }, false},
    {"generator_busy", "of one core, in the last second",
     [](const Result&, const Second& s) { return s.generator_cpu_share; }, false},
    {"broker_cpu", "of one core, in the last second",
     [](const Result&, const Second& s) { return s.broker_cpu_share; }, false},
    {"broker_rss_bytes", "memory of the broker",
     [](const Result&, const Second& s) { return number(s.broker_rss_bytes); }, false},
};

// Seconds; what lies above the last counts in +Inf.
constexpr double kBounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                              0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};

void write_histogram(Out out, std::string_view name, const Histogram& h) {
    if (h.empty()) return;
    fmt::format_to(out, "# TYPE mqtt_bench_{}_seconds histogram\n", name);
    for (const double bound : kBounds) {
        const auto above = h.count_above(static_cast<std::uint64_t>(bound * 1e9));
        fmt::format_to(out, "mqtt_bench_{}_seconds_bucket{{le=\"{}\"}} {}\n", name, bound,
                       h.count() - above);
    }
    fmt::format_to(out, "mqtt_bench_{}_seconds_bucket{{le=\"+Inf\"}} {}\n", name, h.count());
    fmt::format_to(out, "mqtt_bench_{}_seconds_sum {}\n", name, h.mean() * number(h.count()) / 1e9);
    fmt::format_to(out, "mqtt_bench_{}_seconds_count {}\n", name, h.count());
}

// The loopback address unless a host is said.
std::pair<std::string, std::string> split(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos || colon + 1 == address.size()) {
        throw std::invalid_argument(
            fmt::format("option '--prometheus' needs [HOST]:PORT, not '{}'", address));
    }
    std::string host = address.substr(0, colon);
    if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    return {host.empty() ? "127.0.0.1" : host, address.substr(colon + 1)};
}

std::string name_of(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    char host[NI_MAXHOST] = {};
    char port[NI_MAXSERV] = {};
    getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    const bool v6 = std::strchr(host, ':') != nullptr;
    return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

int listen_at(const std::string& address) {
    const auto [host, port] = split(address);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
        throw std::invalid_argument(
            fmt::format("option '--prometheus': '{}': {}", address, gai_strerror(error)));
    }
    const int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool ok = socket >= 0 && ::bind(socket, found->ai_addr, found->ai_addrlen) == 0 &&
                    ::listen(socket, 16) == 0;
    const int reason = errno;
    freeaddrinfo(found);
    if (ok) return socket;
    if (socket >= 0) ::close(socket);
    throw std::invalid_argument(fmt::format("option '--prometheus': cannot listen on '{}': {}",
                                            address, std::strerror(reason)));
}

}  // namespace

std::string prometheus_text(const Result& r, const Second& s) {
    std::string text;
    const Out out(text);
    for (const Row& row : kRows) {
        fmt::format_to(out, "# HELP mqtt_bench_{} {}\n# TYPE mqtt_bench_{} {}\nmqtt_bench_{} {}\n",
                       row.name, row.help, row.name, row.is_counter ? "counter" : "gauge", row.name,
                       row.value(r, s));
    }
    for (std::size_t i = 0; i < kSeriesCount; ++i)
        write_histogram(out, kSeriesNames[i], r.series.series[i]);
    return text;
}

std::string prometheus_answer(std::string_view request, std::string_view text) {
    const auto respond = [](std::string_view status, std::string_view body) {
        return fmt::format(
            "HTTP/1.1 {}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
            "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
            status, body.size(), body);
    };
    if (!request.starts_with("GET ")) return respond("405 Method Not Allowed", "GET /metrics\n");
    const std::string_view path = request.substr(4, request.find_first_of(" ?", 4) - 4);
    if (path != "/metrics" && path != "/") return respond("404 Not Found", "GET /metrics\n");
    return respond("200 OK", text);
}

PrometheusServer::PrometheusServer(const std::string& address)
    : listener_(listen_at(address))
    , bound_(name_of(listener_))
    , thread_([this] { serve(); }) {}

PrometheusServer::~PrometheusServer() {
    ending_ = true;
    thread_.join();
    ::close(listener_);
}

void PrometheusServer::set(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
}

void PrometheusServer::serve() {
    while (!ending_) {
        pollfd waits{.fd = listener_, .events = POLLIN, .revents = 0};
        if (::poll(&waits, 1, 100) <= 0) continue;
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) continue;
        // A scraper that does not speak shall not keep others away.
        const timeval patience{.tv_sec = 1, .tv_usec = 0};
        ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        answer(connection);
        ::close(connection);
    }
}

void PrometheusServer::answer(int connection) {
    std::string request;
    char bytes[2048];
    while (request.size() < 16'384 && request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t n = ::recv(connection, bytes, sizeof bytes, 0);
        if (n <= 0) return;
        request.append(bytes, static_cast<std::size_t>(n));
    }
    std::string reply;
    {
        const std::lock_guard lock(mutex_);
        reply = prometheus_answer(request, text_);
    }
    for (std::size_t done = 0; done < reply.size();) {
        const ssize_t n =
            ::send(connection, reply.data() + done, reply.size() - done, MSG_NOSIGNAL);
        if (n <= 0) return;
        done += static_cast<std::size_t>(n);
    }
}

}  // namespace mqtt::bench
