// See log.hpp.
#include "mqtt-broker-lite/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <utility>

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

void append_details(std::string& line, const mqtt::LogDetails& details) {
    const std::pair<std::string_view, std::string_view> members[] = {
        {"event", details.event},     {"client", details.client_id}, {"user", details.user_name},
        {"address", details.address}, {"packet", details.packet},    {"topic", details.topic},
        {"limit", details.limit},
    };
    for (const auto& [name, value] : members) {
        if (value.empty()) continue;
        line += fmt::format(",\"{}\":", name);
        append_json_string(line, value);
    }
    if (details.reason) line += fmt::format(",\"reason\":{}", static_cast<int>(*details.reason));
}

// Where mosquitto publishes a line; empty: nowhere.
std::string topic_of(LogLevel level, const mqtt::LogDetails& details) {
    if (details.event == "subscribed") return "$SYS/broker/log/M/subscribe";
    if (details.event == "unsubscribed") return "$SYS/broker/log/M/unsubscribe";
    if (level == LogLevel::debug) return {};
    return fmt::format("$SYS/broker/log/{}", info(level).topic);
}

}  // namespace

Log::Log(const LogSettings& settings) : quiet_(settings.quiet) {
    change(settings);
    if (quiet_) return;
    for (const std::string& name : settings.destinations) {
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
                const std::size_t index =
                    static_cast<std::size_t>(&name - settings.destinations.data());
                const std::string place =
                    index < settings.places.size() ? settings.places[index] + ": " : "";
                throw ToolError(kExitUsage,
                                fmt::format("{}log_dest file {}: {} (its folder must be there, and "
                                            "the user that starts the broker able to write to it)",
                                            place, name, std::strerror(errno)));
            }
            struct stat status {};
            const bool is_file = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
            outputs_.push_back({name, fd, is_file});
        }
    }
    const int facility = settings.facility < 0 ? LOG_DAEMON : (16 + settings.facility) << 3;
    if (has_syslog_) ::openlog("mqtt-broker-lite", LOG_PID | LOG_CONS, facility);
}

void Log::change(const LogSettings& settings) {
    form_.set(std::make_shared<const Form>(Form{settings.timestamp, settings.timestamp_format,
                                                settings.format, settings.errors, settings.warnings,
                                                settings.notices}));
}

Log::~Log() {
    if (thread_.joinable()) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
        {
            const std::lock_guard lock(mutex_);
            stop_at_ = end.time_since_epoch().count();
        }
        changed_.notify_one();
        thread_.join();
    }
    for (const Output& output : outputs_)
        if (!output.path.empty()) ::close(output.fd);
}

int Log::open_file(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

std::string Log::time_text(const Form& form) {
    const std::time_t now = std::time(nullptr);
    if (form.timestamp_format.empty()) return fmt::format("{}", now);
    std::tm parts{};
    ::localtime_r(&now, &parts);
    char buffer[128];
    const std::size_t size =
        std::strftime(buffer, sizeof buffer, form.timestamp_format.c_str(), &parts);
    return {buffer, size};
}

std::string Log::line_of(const Form& form, LogLevel level, std::string_view text,
                         const mqtt::LogDetails& details) {
    std::string line;
    if (form.format == LogFormat::text) {
        if (form.timestamp) line = time_text(form) + ": ";
        return line.append(text);
    }
    line = "{";
    if (form.timestamp) {
        line += "\"time\":";
        append_json_string(line, time_text(form));
        line += ',';
    }
    line += fmt::format("\"level\":\"{}\",\"message\":", info(level).name);
    append_json_string(line, text);
    append_details(line, details);
    return line + '}';
}

bool Log::is_wanted(const Form& form, LogLevel level) {
    switch (level) {
    case LogLevel::error: return form.errors;
    case LogLevel::warning: return form.warnings;
    case LogLevel::debug: return true;
    default: return form.notices;
    }
}

void Log::write(LogLevel level, std::string_view text, const mqtt::LogDetails& details) {
    if (quiet_) return;
    const Form& form = form_.look();
    if (!is_wanted(form, level)) return;
    Line line{level, line_of(form, level, text, details)};
    if (publishes_.load(std::memory_order_acquire)) {
        std::string topic = topic_of(level, details);
        if (!topic.empty()) publish_(std::move(topic), line.text);
    }
    if (outputs_.empty() && !has_syslog_) return;
    line.text += '\n';
    const std::lock_guard lock(mutex_);
    if (!is_running_) return put({std::move(line)});
    if (waiting_bytes_ + line.text.size() > kQueueBytes) {
        ++lost_;
        return;
    }
    waiting_bytes_ += line.text.size();
    const bool was_empty = waiting_.empty();
    waiting_.push_back(std::move(line));
    if (was_empty) changed_.notify_one();
}

// The thread.

void Log::start() {
    if (quiet_ || is_running_) return;
    is_running_ = true;
    thread_ = std::thread([this] { work(); });
}

void Log::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return !waiting_.empty() || stop_at_ != 0; });
        if (waiting_.empty()) return;
        std::vector<Line> lines;
        lines.swap(waiting_);
        lock.unlock();
        put(lines);
        lock.lock();
        // Counted until here, so that slow destinations fill the queue, not the memory.
        waiting_bytes_ = 0;
        for (const Line& line : waiting_)
            waiting_bytes_ += line.text.size();
        if (lost_ == 0) continue;
        const std::string text = fmt::format(
            "{} log lines are lost: the destination of the log does not take them fast enough.",
            std::exchange(lost_, 0));
        waiting_.insert(waiting_.begin(),
                        {LogLevel::warning, line_of(form_.look(), LogLevel::warning, text) + '\n'});
    }
}

void Log::put(const std::vector<Line>& lines) {
    std::string all;
    for (const Line& line : lines)
        all += line.text;
    for (const Output& output : outputs_)
        put(output, all);
    if (!has_syslog_) return;
    for (const Line& line : lines) {
        std::string_view text = line.text;
        if (text.ends_with('\n')) text.remove_suffix(1);  // a datagram is a line
        ::syslog(info(line.level).priority, "%.*s", static_cast<int>(text.size()), text.data());
    }
}

bool Log::has_given_up() const {
    const std::int64_t end = stop_at_;
    return end != 0 && std::chrono::steady_clock::now().time_since_epoch().count() > end;
}

// A pipe that is ready takes PIPE_BUF bytes without waiting, so that the end of the program never waits
// for its reader.
void Log::put(const Output& output, std::string_view text) const {
    while (!text.empty()) {
        pollfd ready{output.fd, POLLOUT, 0};
        if (::poll(&ready, 1, 100) == 0) {
            if (has_given_up()) return;
            continue;
        }
        const std::size_t piece =
            output.is_file ? text.size() : std::min<std::size_t>(text.size(), PIPE_BUF);
        const ssize_t written = ::write(output.fd, text.data(), piece);
        if (written < 0 && errno != EINTR && errno != EAGAIN) return;
        if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
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
