// What a consumer of a byte stream did with the bytes it was shown. Shared by the protocol roles
// (core) and Driver (net), which do not know each other.
#pragma once

#include <cstddef>

namespace mqtt::base {

struct Consumed {
    std::size_t bytes = 0;   // from the front; the rest is shown again with more behind it
    std::size_t needed = 0;  // total bytes needed before calling again makes sense (0: unknown)
};

}  // namespace mqtt::base
