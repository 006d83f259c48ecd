// Opens the store of a broker. Built without SQLite it says so.
#pragma once

#include <memory>
#include <string>

#include "broker/store/backend.hpp"

namespace mqtt::broker::store {

// What a commit survives: the end of this process, or that of the machine.
enum class Durability : std::uint8_t { process, machine };

// Opens or makes the file. Null: `fault` says why, and what to do.
std::unique_ptr<Backend> open(const std::string& file, Durability durability, Fault& fault);

}  // namespace mqtt::broker::store
