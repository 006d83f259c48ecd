// See log.hpp.
#include "mqtt-broker-lite/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "common/app.hpp"
#include "common/exit_code.hpp"

namespace tools::broker_lite {

Log::Log(LogSettings settings) : settings_(std::move(settings)) {
    if (settings_.quiet) return;
    for (const std::string& name : settings_.destinations) {
        if (name == "stderr") {
            outputs_.push_back({{}, STDERR_FILENO});
        } else if (name == "stdout") {
            outputs_.push_back({{}, STDOUT_FILENO});
        } else {
            const int fd = open_file(name);
            if (fd < 0) {
                throw ToolError(kExitUsage,
                                fmt::format("log_dest file {}: {}", name, std::strerror(errno)));
            }
            outputs_.push_back({name, fd});
        }
    }
}

Log::~Log() {
    for (const Output& output : outputs_)
        if (!output.path.empty()) ::close(output.fd);
}

int Log::open_file(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

void Log::write(std::string_view text) {
    if (outputs_.empty()) return;
    std::string line;
    const std::time_t now = std::time(nullptr);
    if (settings_.timestamp && settings_.timestamp_format.empty()) {
        line = fmt::format("{}: ", now);
    } else if (settings_.timestamp) {
        std::tm parts{};
        ::localtime_r(&now, &parts);
        char buffer[128];
        const std::size_t size =
            std::strftime(buffer, sizeof buffer, settings_.timestamp_format.c_str(), &parts);
        line.assign(buffer, size);
        line += ": ";
    }
    line += text;
    line += '\n';
    for (const Output& output : outputs_) {
        [[maybe_unused]] const ssize_t written = ::write(output.fd, line.data(), line.size());
    }
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
