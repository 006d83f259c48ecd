// See recorder.hpp.
#include "mqtt-sub/record/recorder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "common/record_file.hpp"

namespace mqtt_sub {
namespace {

int open_for_writing(const std::string& path) {
    if (path == "-") return ::dup(STDOUT_FILENO);
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

}  // namespace

Recorder::Recorder(const std::string& path)
    : path_(path)
    , descriptor_(open_for_writing(path))
    , output_(descriptor_) {
    if (descriptor_ >= 0) return;
    throw tools::ToolError(tools::kExitOutput,
                           "cannot write '" + path + "': " + std::strerror(errno));
}

Recorder::~Recorder() {
    output_.flush();
    ::close(descriptor_);
}

void Recorder::append(const mqtt::Publish& message) {
    clock_.refresh();
    const auto at = std::chrono::steady_clock::now() - started_;
    tools::append_record_line(output_.buffer(), message, at, clock_);
}

}  // namespace mqtt_sub
