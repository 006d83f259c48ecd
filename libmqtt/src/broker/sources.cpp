// Interning with counts.
#include "broker/sources.hpp"

#include "broker/hash.hpp"

namespace mqtt::broker {
namespace {

std::uint64_t hash_of(const Source& source) {
    static const std::uint64_t seed = hash_seed();
    return mix(hash_bytes(source.client_id, seed) ^ source.listener,
               hash_bytes(source.user_name, ~seed));
}

bool is_same(const Source& a, const Source& b) {
    return a.client_id == b.client_id && a.user_name == b.user_name && a.listener == b.listener;
}

}  // namespace

Sources::Number Sources::take(const Source& source) {
    const std::uint64_t hash = hash_of(source);
    const std::lock_guard lock(mutex_);
    Entry* known =
        known_.find(hash, [&](const Entry& e) { return is_same(e.source.view(), source); });
    if (known == nullptr) {
        if (free_.empty()) {
            entries_.push_back({KeptSource(source), 0, static_cast<Number>(entries_.size() + 1)});
            known = &entries_.back();
        } else {
            known = &entry(free_.back());
            free_.pop_back();
            known->source = KeptSource(source);
        }
        known_.insert(hash, *known);
    }
    ++known->users;
    return known->number;
}

void Sources::release_known(Number number) {
    const std::lock_guard lock(mutex_);
    Entry& released = entry(number);
    if (--released.users != 0) return;
    known_.erase(hash_of(released.source.view()), released);
    released.source = KeptSource({});
    free_.push_back(number);
}

Source Sources::at(Number number) const {
    const std::lock_guard lock(mutex_);
    return entries_[number - 1].source.view();
}

std::size_t Sources::count() const {
    const std::lock_guard lock(mutex_);
    return known_.count();
}

}  // namespace mqtt::broker
