// Counting of open connections.
#include "broker/admission.hpp"

#include "broker/shard.hpp"

namespace mqtt::broker {

Admission::Admission(const Shared& shared)
    : shared_(shared)
    , per_listener_(
          std::make_unique<std::atomic<std::size_t>[]>(shared.settings().config.listeners.size())) {
}

// Only the accepting thread enters, so that looking and counting may be two steps.
std::optional<Limit> Admission::enter(std::size_t listener, std::string_view peer_address,
                                      Seat& seat) {
    const Settings& settings = shared_.settings();
    const BrokerConfig& config = settings.config;
    const std::size_t most = config.listeners[listener].limits.maximum_connections;
    if (open() >= settings.connection_limit) return Limit::connections;
    if (most != 0 && per_listener_[listener].load(std::memory_order_relaxed) >= most) {
        return Limit::listener_connections;
    }
    if (const auto over = enter_address(peer_address, seat)) return over;
    seat.listener = static_cast<std::uint16_t>(listener);
    open_.fetch_add(1, std::memory_order_relaxed);
    per_listener_[listener].fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
}

std::optional<Limit> Admission::enter_address(std::string_view peer_address, Seat& seat) {
    const std::size_t most = shared_.settings().config.maximum_connections_per_address;
    const std::size_t colon = peer_address.rfind(':');
    if (most == 0 || colon == std::string_view::npos) return std::nullopt;  // Unix sockets
    const std::string address(peer_address.substr(0, colon));
    const std::lock_guard lock(mutex_);
    AddressCount& entry = *addresses_.try_emplace(address, 0).first;
    if (entry.second >= most) return Limit::address_connections;
    ++entry.second;
    seat.address = &entry;
    return std::nullopt;
}

void Admission::leave(const Seat& seat) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    per_listener_[seat.listener].fetch_sub(1, std::memory_order_relaxed);
    if (seat.address == nullptr) return;
    const std::lock_guard lock(mutex_);
    if (--seat.address->second == 0) addresses_.erase(addresses_.find(seat.address->first));
}

}  // namespace mqtt::broker
