// Counting failures.
#include "broker/login_guard.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "broker/hash.hpp"

namespace mqtt::broker {
namespace {

// More count as this many: what a source has done is forgotten a minute after it stopped.
constexpr double kMostFailures = 16;

std::uint64_t hash_of(std::string_view text) {
    return hash_bytes(text, hash_seed());
}

// "192.0.2.1:50123", "[2001:db8::1]:50123", a path, or nothing, without what a host can choose.
std::uint64_t hash_of_host(std::string_view peer_address) {
    const std::size_t colon = peer_address.rfind(':');
    if (colon == std::string_view::npos) return hash_of(peer_address);
    std::string host(peer_address.substr(0, colon));
    if (!host.starts_with('[')) return hash_of(host);
    host = host.substr(1, host.find_first_of("%]") - 1);
    in6_addr address{};
    if (inet_pton(AF_INET6, host.c_str(), &address) != 1) return hash_of(host);
    return hash_of({reinterpret_cast<const char*>(&address), 8});
}

}  // namespace

LoginGuard::Source LoginGuard::source_of(std::string_view peer_address,
                                         std::string_view user_name) {
    return {hash_of_host(peer_address), hash_of(user_name)};
}

double LoginGuard::Failures::now(TimePoint time) const {
    const std::chrono::duration<double> passed = time - at;
    return std::max(0.0, count - passed / std::chrono::duration<double>(kForgotten));
}

double LoginGuard::add(Table& table, std::uint64_t key, TimePoint now) {
    if (table.size() >= kMostSources && table.find(key) == table.end()) {
        std::erase_if(table, [now](const auto& entry) { return entry.second.now(now) <= 0; });
        if (table.size() >= kMostSources) return kFree + 1;
    }
    Failures& failures = table[key];
    failures = {std::min(failures.now(now) + 1, kMostFailures), now};
    return failures.count;
}

bool LoginGuard::is_over(const Table& table, std::uint64_t key, TimePoint now, bool when_full) {
    const auto found = table.find(key);
    if (found == table.end()) return when_full && table.size() >= kMostSources;
    return found->second.now(now) > kFree;
}

// The names that one address tries are its own affair: they do not fill the table of users.
Duration LoginGuard::failed(const Source& source, TimePoint now, Duration most) {
    const std::lock_guard lock(mutex_);
    double count = add(addresses_, source.address, now);
    if (count <= kFree) count = std::max(count, add(users_, source.user, now));
    if (count <= kFree) return Duration::zero();
    const Duration delay = kFirstDelay * (1 << static_cast<int>(std::ceil(count) - kFree - 1));
    return std::min(delay, most);
}

bool LoginGuard::is_suspect(const Source& source, TimePoint now) const {
    const std::lock_guard lock(mutex_);
    return is_over(addresses_, source.address, now, true) ||
           is_over(users_, source.user, now, false);
}

}  // namespace mqtt::broker
