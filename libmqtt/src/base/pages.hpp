// Memory that is about to be filled: its pages are asked for at once. Otherwise each costs a fault at its
// first byte, which is dear on a virtual machine.
#pragma once

#include <cstddef>

namespace mqtt::base {

// The whole pages between `begin` and `begin + bytes`; their contents stay. Nothing happens on a system that
// cannot do it (Linux before 5.14).
void take_pages(void* begin, std::size_t bytes) noexcept;

}  // namespace mqtt::base
