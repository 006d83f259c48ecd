// Randomness of the client: names that nobody else has, and jitter. Not for secrets.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace mqtt::client {

// Seeded by the system once per thread.
std::mt19937_64& random_engine();

// `length` letters and digits.
std::string random_name(std::size_t length);

}  // namespace mqtt::client
