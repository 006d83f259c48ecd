// See log.hpp.
#include "mqtt-broker-lite/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "common/json.hpp"

namespace tools::broker_lite {
namespace {

using mqtt::LogLevel;

struct LevelInfo {
    std::string_view name;
    std::string_view topic;  // last level, as mosquitto's
    int priority;
};

const LevelInfo& info(LogLevel level) {
    static constexpr LevelInfo kError{"error", "E", LOG_ERR};
    static constexpr LevelInfo kWarning{"warning", "W", LOG_WARNING};
    static constexpr LevelInfo kNotice{"notice", "N", LOG_NOTICE};
    static constexpr LevelInfo kDebug{"debug", "D", LOG_DEBUG};
    switch (level) {
    case LogLevel::error: return kError;
    case LogLevel::warning: return kWarning;
    case LogLevel::debug: return kDebug;
    default: return kNotice;
    }
}

}  // namespace

Log::Log(LogSettings settings) : settings_(std::move(settings)) {
    if (settings_.quiet) return;
    for (const std::string& name : settings_.destinations) {
        if (name == "stderr") {
            outputs_.push_back({{}, STDERR_FILENO});
        } else if (name == "stdout") {
            outputs_.push_back({{}, STDOUT_FILENO});
        } else if (name == "syslog") {
            has_syslog_ = true;
        } else if (name == "topic") {
            has_topic_ = true;
        } else {
            const int fd = open_file(name);
            if (fd < 0) {
                throw ToolError(kExitUsage,
                                fmt::format("log_dest file {}: {}", name, std::strerror(errno)));
            }
            outputs_.push_back({name, fd});
        }
    }
    const int facility = settings_.facility < 0 ? LOG_DAEMON : (16 + settings_.facility) << 3;
    if (has_syslog_) ::openlog("mqtt-broker-lite", LOG_PID | LOG_CONS, facility);
}

Log::~Log() {
    for (const Output& output : outputs_)
        if (!output.path.empty()) ::close(output.fd);
}

int Log::open_file(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

std::string Log::time_text() const {
    const std::time_t now = std::time(nullptr);
    if (settings_.timestamp_format.empty()) return fmt::format("{}", now);
    std::tm parts{};
    ::localtime_r(&now, &parts);
    char buffer[128];
    const std::size_t size =
        std::strftime(buffer, sizeof buffer, settings_.timestamp_format.c_str(), &parts);
    return {buffer, size};
}

std::string Log::line_of(LogLevel level, std::string_view text) const {
    std::string line;
    if (settings_.format == LogFormat::text) {
        if (settings_.timestamp) line = time_text() + ": ";
        return line.append(text);
    }
    line = "{";
    if (settings_.timestamp) {
        line += "\"time\":";
        append_json_string(line, time_text());
        line += ',';
    }
    line += fmt::format("\"level\":\"{}\",\"message\":", info(level).name);
    append_json_string(line, text);
    return line + '}';
}

void Log::write(LogLevel level, std::string_view text) {
    if (!outputs_.empty()) {
        const std::string line = line_of(level, text) + '\n';
        for (const Output& output : outputs_) {
            [[maybe_unused]] const ssize_t written = ::write(output.fd, line.data(), line.size());
        }
    }
    if (has_syslog_) {
        ::syslog(info(level).priority, "%.*s", static_cast<int>(text.size()), text.data());
    }
    if (level != LogLevel::debug && publishes_.load(std::memory_order_acquire)) {
        publish_(fmt::format("$SYS/broker/log/{}", info(level).topic), line_of(level, text));
    }
}

void Log::publish_with(Publish publish) {
    publish_ = std::move(publish);
    publishes_.store(has_topic_, std::memory_order_release);
}

// The descriptor keeps its number, so that writers never see it closed.
void Log::reopen() {
    for (const Output& output : outputs_) {
        if (output.path.empty()) continue;
        const int fd = open_file(output.path);
        if (fd < 0) continue;
        ::dup3(fd, output.fd, O_CLOEXEC);
        ::close(fd);
    }
}

}  // namespace tools::broker_lite
