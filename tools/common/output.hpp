// Standard output as one buffer: appended to per message, written when the turn ends or when it is
// large. Used by message_output. The only place where tools write data.
#pragma once

#include <string>

namespace tools {

class Output {
public:
    explicit Output(int descriptor = 1) : descriptor_(descriptor) {}

    std::string& buffer() { return buffer_; }
    bool is_empty() const { return buffer_.empty(); }
    bool is_large() const { return buffer_.size() >= kLargeBytes; }

    // Writes everything. False when the reader is gone (EPIPE) or the write failed: see errno_value().
    bool flush();
    bool is_broken() const { return errno_ != 0; }
    int errno_value() const { return errno_; }

private:
    static constexpr std::size_t kLargeBytes = 64 * 1024;
    std::string buffer_;
    int descriptor_;
    int errno_ = 0;
};

}  // namespace tools
