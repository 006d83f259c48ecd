// Copies of views that were written a moment ago. A compiler copies their two words as one vector register,
// and a vector load right behind two scalar stores must wait until both have left the store buffer: some 15
// cycles, several times per message (perf annotate of q0-deep: a fifth of the broker's own time).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mqtt::base {

inline std::string_view by_words(std::string_view view) {
    const char* data = view.data();
    std::size_t size = view.size();
    asm("" : "+r"(data), "+r"(size));  // through two registers
    return {data, size};
}

template <class T>
std::span<const T> by_words(std::span<const T> view) {
    const T* data = view.data();
    std::size_t size = view.size();
    asm("" : "+r"(data), "+r"(size));
    return {data, size};
}

}  // namespace mqtt::base
