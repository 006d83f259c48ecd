// --record: writes what is taken to a file in the form of common/record_file.hpp. Used by subscriber,
// which flushes it whenever it flushes its output.
#pragma once

#include <chrono>
#include <string>

#include "common/message_clock.hpp"
#include "common/output.hpp"
#include "mqtt/packet.hpp"

namespace mqtt_sub {

class Recorder {
public:
    // Makes the file or empties it; "-" is standard output. Throws tools::ToolError naming it.
    explicit Recorder(const std::string& path);
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    void append(const mqtt::Publish& message);
    bool is_large() const { return output_.is_large(); }
    bool is_empty() const { return output_.is_empty(); }
    // False: not everything could be written; errno_value() says why.
    bool flush() { return output_.flush(); }
    int errno_value() const { return output_.errno_value(); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
    int descriptor_;
    tools::Output output_;
    tools::MessageClock clock_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace mqtt_sub
