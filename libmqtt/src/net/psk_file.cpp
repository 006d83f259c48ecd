// Lines to keys.
#include "net/psk_file.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace mqtt::net {
namespace {

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

bool decode_psk(const std::string& hex, std::vector<unsigned char>& out) {
    if (hex.empty()) return false;
    out.assign((hex.size() + 1) / 2, 0);
    // An odd number of digits has a zero in front, as mosquitto reads it.
    std::size_t at = hex.size() % 2;
    for (const char c : hex) {
        const int value = digit(c);
        if (value < 0) return false;
        out[at / 2] = static_cast<unsigned char>(out[at / 2] << 4 | value);
        ++at;
    }
    return true;
}

std::string read_psk_file(const std::string& path, PskKeys& keys) {
    std::ifstream in(path);
    if (!in) {
        return "cannot read the PSK file '" + path + "': " + std::system_category().message(errno);
    }
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
            line.pop_back();
        if (line.empty() || line.front() == '#') continue;
        const std::string place = path + ":" + std::to_string(number) + ": ";
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos || colon == 0) return place + "not identity:key";
        std::vector<unsigned char> key;
        if (!decode_psk(line.substr(colon + 1), key)) return place + "the key is not hexadecimal";
        if (!keys.emplace(line.substr(0, colon), std::move(key)).second) {
            return place + "the identity is there twice";
        }
    }
    return in.bad() ? "cannot read the PSK file '" + path + "'" : "";
}

}  // namespace mqtt::net
