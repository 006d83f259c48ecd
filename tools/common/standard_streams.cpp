// See standard_streams.hpp.
#include "common/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace tools {
namespace {

// The lowest free descriptor is the one that was closed.
void fill(int descriptor, int flags) {
    if (::fcntl(descriptor, F_GETFD) >= 0) return;
    if (const int opened = ::open("/dev/null", flags); opened > STDERR_FILENO) ::close(opened);
}

}  // namespace

void secure_standard_streams() {
    fill(STDIN_FILENO, O_WRONLY);
    fill(STDOUT_FILENO, O_RDONLY);
    fill(STDERR_FILENO, O_RDWR);
}

void write_error(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace tools
