// recv and sendmsg, with a short result taken as would-block: what the socket could move, it moved.
#include "net/plain_stream.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace mqtt::net {

PlainStream::~PlainStream() {
    ::close(descriptor_);
}

IoResult PlainStream::read(std::span<std::uint8_t> into) {
    IoResult result;
    ssize_t n;
    do
        n = ::recv(descriptor_, into.data(), into.size(), 0);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        result.n = static_cast<std::size_t>(n);
        result.want_read = result.n < into.size();
    } else if (n == 0) {
        result.eof = true;
    } else if (errno == EAGAIN) {
        result.want_read = true;
    } else {
        result.error.assign(errno, std::system_category());
    }
    return result;
}

IoResult PlainStream::write(const iovec* vectors, int count) {
    IoResult result;
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(vectors);
    message.msg_iovlen = static_cast<std::size_t>(count);
    ssize_t n;
    do
        n = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        if (errno == EAGAIN)
            result.want_write = true;
        else
            result.error.assign(errno, std::system_category());
        return result;
    }
    result.n = static_cast<std::size_t>(n);
    result.want_write = result.n < total_bytes(vectors, count);
    return result;
}

void PlainStream::shutdown() {
    ::shutdown(descriptor_, SHUT_WR);
}

}  // namespace mqtt::net
