// One case of the hostile battery as data: what an attacker sends and what has to come back. Read from
// tests/spec/hostile/*.txt, whose README has the language; run by tests/spec/hostile_test.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt::test {

struct HostileStep {
    enum class Kind : std::uint8_t {
        send,
        trickle,
        expect,
        login,
        upgrade,
        close,
        reset,
        half_close
    };
    Kind kind = Kind::send;
    std::string text;        // bytes in our language, or expected words, or a client id
    std::size_t repeat = 1;  // send: how often
    unsigned pause_ms = 0;   // trickle: between two bytes
    int line = 0;
};

struct HostileCase {
    std::string name;
    std::string file;
    std::string listener = "tcp";
    int version = 5;  // of what comes back
    std::vector<HostileStep> steps;
    bool is_slow() const;
};

// All cases of a file; throws std::runtime_error with file and line when it cannot be read.
std::vector<HostileCase> read_hostile_cases(const std::string& path);
// Of all files in the folder of the battery.
std::vector<HostileCase> all_hostile_cases();

// Bytes from words: hex digits, "text" with \r \n \t \\ \" \xHH, <...> with a 16-bit length in front,
// {...} with a variable byte integer in front, @82[...] as a masked WebSocket frame, #  as the 16-bit
// `number`, (...) for grouping; any of them *N. Throws std::runtime_error.
std::string hostile_bytes(std::string_view words, std::uint16_t number);

}  // namespace mqtt::test
