// See line_source.hpp.
#include "common/line_source.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tools {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

LineSource::LineSource(int descriptor, char delimiter)
    : descriptor_(descriptor)
    , delimiter_(delimiter) {}

std::optional<std::string_view> LineSource::peek() {
    if (!has_line_) {
        const void* found =
            end_ > scanned_ ? std::memchr(buffer_.data() + scanned_, delimiter_, end_ - scanned_)
                            : nullptr;
        if (found != nullptr) {
            line_end_ = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
        } else if (ended_ && end_ > begin_) {
            line_end_ = end_;
        } else {
            scanned_ = end_;
            return std::nullopt;
        }
        has_line_ = true;
    }
    return std::string_view(buffer_.data() + begin_, line_end_ - begin_);
}

void LineSource::take() {
    begin_ = line_end_ < end_ ? line_end_ + 1 : end_;
    scanned_ = begin_;
    has_line_ = false;
}

// Grows only with bytes that arrived: a line longer than the buffer doubles it.
void LineSource::make_room() {
    if (buffer_.size() - end_ >= kReadBytes) return;
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        scanned_ -= begin_;
        line_end_ -= begin_;
        begin_ = 0;
    }
    if (buffer_.size() - end_ < kReadBytes) {
        buffer_.resize(std::max(2 * kReadBytes, buffer_.size() * 2));
    }
}

bool LineSource::fill() {
    if (ended_) return false;
    make_room();
    ssize_t n = 0;
    do {
        n = ::read(descriptor_, buffer_.data() + end_, buffer_.size() - end_);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) {
        errno_ = n < 0 ? errno : 0;
        ended_ = true;
        return false;
    }
    end_ += static_cast<std::size_t>(n);
    return true;
}

}  // namespace tools
