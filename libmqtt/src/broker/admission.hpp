// How many connections are open: in total, per listener and per address. Asked on accept and told of
// the end, on any thread; the addresses are counted only when they are limited.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "mqtt/limits.hpp"

namespace mqtt::broker {

struct Shared;

class Admission {
public:
    explicit Admission(const Shared& shared);

    using AddressCount = std::pair<const std::string, std::uint32_t>;
    // A place for a connection, to be given back with leave().
    struct Seat {
        std::uint16_t listener = 0;
        AddressCount* address = nullptr;  // null: not counted
    };
    // Fills `seat`, or says which limit forbids it. `peer_address` with port: "192.0.2.1:50123"; empty: not known yet.
    std::optional<Limit> enter(std::size_t listener, std::string_view peer_address, Seat& seat);
    // The address's part of it alone, for a client whose address was not known on accept.
    std::optional<Limit> enter_address(std::string_view peer_address, Seat& seat);
    void leave(const Seat& seat);

    std::size_t open() const { return open_.load(std::memory_order_relaxed); }

private:
    const Shared& shared_;
    std::atomic<std::size_t> open_ = 0;
    std::unique_ptr<std::atomic<std::size_t>[]> per_listener_;
    std::mutex mutex_;
    std::map<std::string, std::uint32_t, std::less<>> addresses_;  // without ports
};

}  // namespace mqtt::broker
