// Argon2id (RFC 9106), as mosquitto_passwd 2.1 hashes passwords; computed by OpenSSL, which has it from 3.2 on. Used
// by PasswordFile.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt::broker {

struct Argon2Cost {
    std::uint32_t memory_kib =
        47'104;  // 46 MiB with one pass is what mosquitto takes, and OWASP's advice
    std::uint32_t passes = 1;
    std::uint32_t lanes = 1;
    bool operator==(const Argon2Cost&) const = default;
};

// Whether the OpenSSL that is there at run time can do it.
bool has_argon2id();
// Nothing: it cannot, or not with these values.
std::optional<std::vector<std::uint8_t>> argon2id(Bytes password, Bytes salt,
                                                  const Argon2Cost& cost, std::size_t size);

}  // namespace mqtt::broker
