// The broker's log: lines in mosquitto's form to standard error, standard output or files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tools::broker_lite {

struct LogSettings {
    std::vector<std::string> destinations{"stderr"};  // stderr, stdout or a path
    bool timestamp = true;
    std::string timestamp_format;  // strftime; empty: seconds since 1970
    bool quiet = false;            // nothing at all
};

// write() may be called on any thread, several at a time: a line is one system call, so lines do not mix.
class Log {
public:
    // Throws ToolError when a file cannot be opened.
    explicit Log(LogSettings settings);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    void write(std::string_view text);
    // Opens files again under their names, after they were moved away. Standard streams stay.
    void reopen();

private:
    struct Output {
        std::string path;  // empty: a standard stream
        int fd = -1;
    };
    static int open_file(const std::string& path);

    LogSettings settings_;
    std::vector<Output> outputs_;
};

}  // namespace tools::broker_lite
