// The broker's log: lines in mosquitto's form, or JSON, to standard error, standard output, files, the
// system's log, and topics of the broker itself.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "mqtt-broker-lite/published.hpp"
#include "mqtt/broker.hpp"

namespace tools::broker_lite {

enum class LogFormat : std::uint8_t { text, json };

struct LogSettings {
    std::vector<std::string> destinations{"stderr"};  // stderr, stdout, syslog, topic or a path
    std::vector<std::string> places;  // where each of them was said; shorter or empty: by nobody
    bool timestamp = true;
    std::string timestamp_format;  // strftime; empty: seconds since 1970
    LogFormat format = LogFormat::text;
    int facility = -1;   // of syslog: 0 to 7 for local0 to local7; -1: daemon
    bool quiet = false;  // nothing at all
    // Levels that are written: mosquitto's error, warning, and notice with information. What is of level
    // debug was asked for by whoever writes it.
    bool errors = true, warnings = true, notices = true;
};

// write() may be called on any thread and never waits for a destination: lines go to a queue, a thread of
// the log writes them. When the queue is full they are counted, and the number is told as soon as there is room.
class Log {
public:
    using LogLevel = mqtt::LogLevel;
    static constexpr std::size_t kQueueBytes = 8 * 1024 * 1024;

    // Throws ToolError when a file cannot be opened.
    explicit Log(const LogSettings& settings);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    // Writes what waits, for a second at the most.
    ~Log();

    // Starts the thread (after going to the background: threads do not). Before it write() writes itself.
    void start();
    void write(LogLevel level, std::string_view text, const mqtt::LogDetails& details = {});
    void write(std::string_view text) { write(LogLevel::info, text); }
    // Levels, time stamps and format of `settings` from now on; destinations and `quiet` stay.
    void change(const LogSettings& settings);
    // Opens files again under their names, after they were moved away. Standard streams stay.
    void reopen();

    // What "topic" writes to, from now on; must not block. Lines of packets are left out: telling of
    // them would make more of them; those of subscriptions are not.
    using Publish = std::function<void(std::string topic, std::string line)>;
    void publish_with(Publish publish);

private:
    struct Output {
        std::string path;  // empty: a standard stream
        int fd = -1;
        bool is_file = false;  // takes any amount at once
    };
    struct Line {
        LogLevel level;
        std::string text;
    };
    // What may change while it runs.
    struct Form {
        bool timestamp = true;
        std::string timestamp_format;
        LogFormat format = LogFormat::text;
        bool errors = true, warnings = true, notices = true;
    };
    static int open_file(const std::string& path);
    static bool is_wanted(const Form& form, LogLevel level);
    static std::string line_of(const Form& form, LogLevel level, std::string_view text,
                               const mqtt::LogDetails& details = {});
    static std::string time_text(const Form& form);
    void work();
    void put(const std::vector<Line>& lines);
    void put(const Output& output, std::string_view text) const;
    bool has_given_up() const;

    const bool quiet_;
    Published<Form> form_;
    std::vector<Output> outputs_;
    bool has_syslog_ = false;
    bool has_topic_ = false;
    std::atomic<bool> publishes_ = false;
    Publish publish_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Line> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::size_t lost_ = 0;
    bool is_running_ = false;
    std::atomic<std::int64_t> stop_at_ = 0;  // steady clock's nanoseconds; 0: not stopping
    std::thread thread_;
};

}  // namespace tools::broker_lite
