// See output.hpp.
#include "common/output.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace tools {

bool Output::flush() {
    std::size_t at = 0;
    while (at < buffer_.size() && errno_ == 0) {
        const ssize_t n = ::write(descriptor_, buffer_.data() + at, buffer_.size() - at);
        if (n >= 0) {
            at += static_cast<std::size_t>(n);
        } else if (errno == EAGAIN) {
            // Somebody made our standard output non-blocking (a shared terminal, say).
            pollfd wait{.fd = descriptor_, .events = POLLOUT, .revents = 0};
            ::poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            errno_ = errno;
        }
    }
    buffer_.clear();
    return errno_ == 0;
}

}  // namespace tools
