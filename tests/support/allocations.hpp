// Counts calls of operator new in the whole program, for tests that promise none. A test program that
// uses it gets our operator new; others keep the library's.
#pragma once

#include <cstddef>

namespace mqtt::test {

// Since the program began, in all threads.
std::size_t allocations();

}  // namespace mqtt::test
