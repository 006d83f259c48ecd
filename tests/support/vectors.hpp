// Reads the golden vectors of tests/vectors (format: README.md there). Used by tests of the codec and of
// the protocol roles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt::test {

struct Vector {
    std::string place;  // "connect.txt:12"
    std::vector<ProtocolVersion> versions;
    std::string sender;  // client, server, any
    std::vector<std::uint8_t> bytes;
    std::string result;
    std::string meaning;
    std::string ids;

    bool is_valid() const { return result == "ok" || result == "recoded"; }
};

// All rows of all files, or of one. Throws std::runtime_error with file and line on a broken row.
std::vector<Vector> load_vectors();
std::vector<Vector> load_vectors(std::string_view file);

}  // namespace mqtt::test
