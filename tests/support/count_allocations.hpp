// Counts operator new of the whole program, for tests that prove that hot paths do not allocate.
// Linking it (by calling allocations()) replaces the global operators; tests that do not, keep theirs.
#pragma once

#include <cstddef>

namespace mqtt::test {

// Calls of operator new so far, on all threads.
std::size_t allocations();

}  // namespace mqtt::test
