// mqtt-broker-lite: flags to a BrokerConfig, start lines, and the wait for a signal.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "mqtt-broker-lite/options.hpp"
#include "mqtt-broker-lite/start_lines.hpp"

namespace tools::broker_lite {
namespace {

// One write per line, so that the lines of several threads do not mix. mosquitto's form: the time
// in seconds since the epoch, a colon, the text.
void write_line(std::string_view text) {
    using namespace std::chrono;
    const auto now = duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
    const std::string line = fmt::format("{}: {}\n", now, text);
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

// Blocked before any thread starts, so that only sigwait below sees them.
sigset_t block_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    return set;
}

void write_ready_file(const std::string& path, const mqtt::Broker& broker) {
    const std::string temporary = path + ".new";
    std::FILE* file = std::fopen(temporary.c_str(), "w");
    bool good = file != nullptr;
    if (good) {
        for (const std::string& url : reachable_urls(broker.bound())) {
            good = std::fprintf(file, "%s\n", url.c_str()) > 0 && good;
        }
        good = std::fclose(file) == 0 && good;
    }
    if (!good || std::rename(temporary.c_str(), path.c_str()) != 0) {
        throw ToolError(kExitOutput, "cannot write " + path);
    }
}

int run(const Invocation& invocation) {
    Options options;
    for (const FlagUse& use : invocation.uses)
        apply_flag(flag_table(), options, use);
    const bool quiet = options.quiet;
    const std::string ready_file = options.ready_file;
    mqtt::BrokerConfig config = make_config(std::move(options));
    config.version_text = fmt::format("mqtt-broker-lite version {}", kVersion);
    if (!quiet) config.log = [](mqtt::LogLevel, std::string_view text) { write_line(text); };

    const sigset_t signals = block_signals();
    mqtt::Broker broker(std::move(config));
    if (!quiet) write_line(fmt::format("mqtt-broker-lite version {} starting", kVersion));
    if (const mqtt::Status status = broker.start(); !status) {
        throw ToolError(kExitUsage, broker.start_error());
    }
    if (!quiet) {
        for (const std::string& line : start_lines(broker.bound()))
            write_line(line);
        write_line(fmt::format("mqtt-broker-lite version {} running", kVersion));
    }
    if (!ready_file.empty()) write_ready_file(ready_file, broker);

    int signal = 0;
    ::sigwait(&signals, &signal);
    ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second one ends it at once
    if (!quiet) write_line(fmt::format("mqtt-broker-lite version {} terminating", kVersion));
    broker.stop();
    return kExitDone;
}

}  // namespace
}  // namespace tools::broker_lite

int main(int argc, char** argv) {
    tools::Tool tool;
    tool.info = tools::broker_lite::tool_info();
    tool.run = tools::broker_lite::run;
    return tools::run_app(argc, argv, tool);
}
