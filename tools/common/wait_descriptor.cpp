// See wait_descriptor.hpp.
#include "common/wait_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string>

namespace tools {

int open_to_wait(int descriptor, int access) {
    const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
    const int own = ::open(path.c_str(), access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return own >= 0 ? own : ::dup(descriptor);
}

}  // namespace tools
