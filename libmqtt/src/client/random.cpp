// See random.hpp.
#include "client/random.hpp"

#include <string_view>

namespace mqtt::client {

std::mt19937_64& random_engine() {
    thread_local std::mt19937_64 engine = [] {
        std::random_device device;
        const std::uint64_t high = device();
        return std::mt19937_64(high << 32 | device());
    }();
    return engine;
}

std::string random_name(std::size_t length) {
    static constexpr std::string_view kLetters =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::uniform_int_distribution<std::size_t> letter(0, kLetters.size() - 1);
    std::string name(length, '\0');
    for (char& c : name)
        c = kLetters[letter(random_engine())];
    return name;
}

}  // namespace mqtt::client
