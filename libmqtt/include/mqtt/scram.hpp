// What a server keeps of a password for SCRAM-SHA-256 (RFC 5802 and 7677), the authentication method that
// the broker has built in: the password itself never travels and cannot be computed from this. Used by
// BrokerConfig::scram_credentials and by password files (mqtt/access.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt {

struct ScramCredentials {
    using Key = std::array<std::uint8_t, 32>;
    unsigned iterations = 0;  // of PBKDF2, which the client computes
    std::vector<std::uint8_t> salt;
    Key stored_key{};
    Key server_key{};

    // RFC 7677 asks for at least so many. The client pays for them, not the broker.
    static constexpr unsigned kDefaultIterations = 4'096;
};

// With a random salt. `password` is taken as it is: whoever wants SASLprep applies it first.
ScramCredentials make_scram_credentials(Bytes password,
                                        unsigned iterations = ScramCredentials::kDefaultIterations);
// The same with the given salt, to check a password that came in the clear.
ScramCredentials derive_scram_credentials(Bytes password, Bytes salt, unsigned iterations);

}  // namespace mqtt
