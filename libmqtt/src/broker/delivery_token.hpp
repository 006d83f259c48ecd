// What a queued or sent message carries for the broker, in the 64 bits that an exchange has for its
// owner: its entry in the store, or else the tag of the shared subscription that it came through.
#pragma once

#include "base/keep_alive_ref.hpp"
#include "broker/store/records.hpp"

namespace mqtt::broker {

// A message of a session in the store, as long as its exchange lasts. Made and ended by Journal.
struct StoredEntry {
    store::Key key = 0;
    base::KeepAliveRef message;    // its message in the store; null after PUBREC
    std::uint32_t shared_tag = 0;  // of the Membership that it is for; 0: an ordinary subscription
    std::uint32_t size_bytes = 0;  // of a message that is on the disk only
};

class DeliveryToken {
public:
    DeliveryToken() = default;
    explicit DeliveryToken(std::uint32_t shared_tag) : bits_(std::uint64_t{shared_tag} << 1) {}
    explicit DeliveryToken(StoredEntry& entry)
        : bits_(reinterpret_cast<std::uintptr_t>(&entry) | 1) {}
    static DeliveryToken from(std::uint64_t bits) {
        DeliveryToken token;
        token.bits_ = bits;
        return token;
    }

    std::uint64_t bits() const { return bits_; }
    // Null: it is not stored.
    StoredEntry* entry() const {
        return (bits_ & 1) == 0 ? nullptr
                                : reinterpret_cast<StoredEntry*>(bits_ & ~std::uint64_t{1});
    }
    std::uint32_t shared_tag() const {
        return (bits_ & 1) != 0 ? entry()->shared_tag : static_cast<std::uint32_t>(bits_ >> 1);
    }

private:
    std::uint64_t bits_ = 0;
};

}  // namespace mqtt::broker
