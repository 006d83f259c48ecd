// What the kernel allows, what a short run offers, and the arithmetic of N clients.
#include "mqtt-bench/host_check.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "mqtt-bench/environment.hpp"
#include "mqtt-bench/outputs.hpp"
#include "mqtt-bench/process_stats.hpp"
#include "mqtt-bench/run.hpp"
#include "mqtt-bench/sources.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

// Per idle connection. Ours in user space: 1,028 were measured by `mqtt-bench conn -c 19000
// --embedded`. A TCP socket with its file in the kernel: an estimate. What a broker needs of user
// space: mqtt-broker-lite took 650 there, others take more.
constexpr double kUserBytes = 1'030;
constexpr double kKernelBytes = 4'500;
constexpr double kBrokerBytes = 2'000;
constexpr std::uint64_t kSpareDescriptors = 64;

std::string first_line(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

double available_memory() {
    std::ifstream file("/proc/meminfo");
    for (std::string name; file >> name;) {
        double kilobytes = 0;
        if (name == "MemAvailable:" && file >> kilobytes) return kilobytes * 1024;
    }
    return 0;
}

// How late a sleep of 200 us ends: the error of every open loop that does not poll.
double wake_up_ns() {
    Histogram late;
    for (int i = 0; i < 200; ++i) {
        const std::int64_t due = monotonic_ns() + 200'000;
        std::this_thread::sleep_until(to_time_point(due));
        late.record(monotonic_ns() - due);
    }
    return static_cast<double>(late.at(0.9));
}

std::string rounded(double value) {
    return with_commas(static_cast<std::int64_t>(value));
}

class Answer {
public:
    void line(std::string_view subject, std::string_view text) {
        text_ += fmt::format("{:<13} {}\n", subject, text);
    }
    void need(std::string_view subject, double needs, double has, std::string_view unit,
              std::string_view advice) {
        const bool fits = needs <= has;
        if (!fits) lacks_ = true;
        line(subject, fmt::format("needs {} of {} {}: {}", rounded(needs), rounded(has), unit,
                                  fits ? std::string("ok") : fmt::format("too few; {}", advice)));
    }
    void memory(std::string_view subject, double bytes, double has) {
        const bool fits = bytes <= has;
        if (!fits) lacks_ = true;
        line(subject, fmt::format("needs {} of {}{}", format_bytes(bytes), format_bytes(has),
                                  fits ? ": ok" : ": too little; use fewer clients"));
    }
    void lack() { lacks_ = true; }
    int finish() const {
        write_stdout(text_);
        return lacks_ ? kExitRunFailed : kExitOk;
    }

private:
    std::string text_;
    bool lacks_ = false;
};

struct Offer {
    double generator_us = 0;  // per message: published, received, checked
    double broker_us = 0;
    double rate = 0;
};

Offer measure_offer() {
    Spec spec;
    spec.max = true;
    spec.embedded = true;
    spec.silent = true;
    spec.warmup = std::chrono::milliseconds(200);
    spec.duration = std::chrono::milliseconds(500);
    const Result result = Run(spec, {}).execute();
    return {result.generator_us_per_message().value_or(0),
            result.broker_us_per_message().value_or(0),
            result.per_second(result.counters.received_in_window)};
}

void check_machine(Answer& report, const Offer& offer) {
    const std::uint64_t descriptors = raise_descriptor_limit();
    report.line("descriptors",
                fmt::format("{} allowed: {} clients, {} beside an embedded broker",
                            rounded(static_cast<double>(descriptors)),
                            rounded(static_cast<double>(descriptors - kSpareDescriptors)),
                            rounded(static_cast<double>(descriptors - kSpareDescriptors) / 2)));
    report.line("ports", fmt::format("{} per source address and target", rounded(local_ports())));
    report.line("memory", fmt::format("{} available", format_bytes(available_memory())));
    report.line("processors", fmt::format("{}", std::thread::hardware_concurrency()));
    const std::string clock =
        first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    report.line("clock",
                fmt::format("{}, a wake-up is {} ms late (90 %){}",
                            clock.empty() ? "unknown source" : clock, format_ms(wake_up_ns()),
                            clock == "hpet" || clock == "acpi_pm" ? "; a slow clock" : ""));
    report.line("offers",
                fmt::format("{}/s through the embedded broker, {:.3g} us per message of "
                            "the generator, {:.3g} us of the broker",
                            format_rate(offer.rate), offer.generator_us, offer.broker_us));
}

void check_clients(Answer& report, const Spec& spec, std::uint32_t clients) {
    const double n = clients;
    const double memory = available_memory();
    report.line("", "");
    report.line("load host", fmt::format("for {} clients", rounded(n)));
    report.need("descriptors", n + kSpareDescriptors, static_cast<double>(raise_descriptor_limit()),
                "open files", fmt::format("ulimit -n {}", clients + kSpareDescriptors));
    try {
        const auto sources =
            spec.sources.empty() ? choose_sources(spec.targets, clients) : spec.sources;
        const double targets = static_cast<double>(std::max<std::size_t>(1, spec.targets.size()));
        const double addresses = static_cast<double>(std::max<std::size_t>(1, sources.size()));
        report.need(
            "ports", n, targets * addresses * local_ports(),
            fmt::format("({} source address{})", rounded(addresses), addresses == 1 ? "" : "es"),
            "name more by --bind");
    } catch (const std::invalid_argument& error) {
        report.line("ports", error.what());
        report.lack();
    }
    report.memory("memory", n * (kUserBytes + kKernelBytes), memory);
    report.line("broker host", fmt::format("for {} clients, if it is like this one", rounded(n)));
    report.need("descriptors", n + kSpareDescriptors, static_cast<double>(raise_descriptor_limit()),
                "open files", fmt::format("ulimit -n {}", clients + kSpareDescriptors));
    report.memory("memory", n * (kBrokerBytes + kKernelBytes), memory);
    const double queue = std::strtod(first_line("/proc/sys/net/core/somaxconn").c_str(), nullptr);
    report.line("backlog", fmt::format("net.core.somaxconn {}: that many may connect at once",
                                       rounded(queue)));
}

void check_rate(Answer& report, double rate, const Offer& offer) {
    const double processors = std::thread::hardware_concurrency();
    report.line("rate", fmt::format("{}/s takes {:.2f} processors of the load host and, with a "
                                    "broker like ours, {:.2f} of the broker host; here are {:g}",
                                    format_rate(rate), rate * offer.generator_us / 1e6,
                                    rate * offer.broker_us / 1e6, processors));
    if (rate * offer.generator_us / 1e6 > processors) report.lack();
}

}  // namespace

int check_hosts(const BenchSettings& settings) {
    Answer report;
    const Offer offer = measure_offer();
    check_machine(report, offer);
    if (settings.spec.clients > 0) check_clients(report, settings.spec, settings.spec.clients);
    if (settings.rate_given) check_rate(report, settings.spec.rate, offer);
    return report.finish();
}

}  // namespace mqtt::bench
