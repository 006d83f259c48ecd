// The broker's log: lines in mosquitto's form, or JSON, to standard error, standard output, files, the
// system's log, and topics of the broker itself.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/options.hpp"

namespace tools::broker_lite {

enum class LogFormat : std::uint8_t { text, json };

struct LogSettings {
    std::vector<std::string> destinations{"stderr"};  // stderr, stdout, syslog, topic or a path
    bool timestamp = true;
    std::string timestamp_format;  // strftime; empty: seconds since 1970
    LogFormat format = LogFormat::text;
    int facility = -1;   // of syslog: 0 to 7 for local0 to local7; -1: daemon
    bool quiet = false;  // nothing at all
};

// write() may be called on any thread, several at a time: a line is one system call, so lines do not mix.
class Log {
public:
    using LogLevel = mqtt::LogLevel;
    // Throws ToolError when a file cannot be opened.
    explicit Log(LogSettings settings);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    void write(LogLevel level, std::string_view text);
    void write(std::string_view text) { write(LogLevel::info, text); }
    // Opens files again under their names, after they were moved away. Standard streams stay.
    void reopen();

    // What "topic" writes to, from now on; must not block. Lines of packets are left out: telling of
    // them would make more of them.
    using Publish = std::function<void(std::string topic, std::string line)>;
    void publish_with(Publish publish);

private:
    struct Output {
        std::string path;  // empty: a standard stream
        int fd = -1;
    };
    static int open_file(const std::string& path);
    std::string line_of(LogLevel level, std::string_view text) const;
    std::string time_text() const;

    LogSettings settings_;
    std::vector<Output> outputs_;
    bool has_syslog_ = false;
    bool has_topic_ = false;
    std::atomic<bool> publishes_ = false;
    Publish publish_;
};

}  // namespace tools::broker_lite
