// Files of pre-shared keys as mosquitto's psk_file has them: a line is identity:key, the key in hex.
// Used by the TLS context.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace mqtt::net {

using PskKeys = std::map<std::string, std::vector<unsigned char>, std::less<>>;

// False when it is not hexadecimal, or nothing.
bool decode_psk(const std::string& hex, std::vector<unsigned char>& out);

// Adds what the file has. Empty, or the sentence that says what is wrong and where. Lines that begin
// with # are comments.
std::string read_psk_file(const std::string& path, PskKeys& keys);

}  // namespace mqtt::net
