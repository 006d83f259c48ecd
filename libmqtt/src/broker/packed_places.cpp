// The layout: for each place a byte of flags, the steps of both counters, and what is not as before; or a byte
// and how often the step before comes again. A stretch begins as if behind a place of zeros.
#include "broker/packed_places.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "core/inflight.hpp"

namespace mqtt::broker {
namespace {

// Above the QoS in the first byte.
constexpr unsigned kQos = 3;
constexpr unsigned kRetain = 4;
constexpr unsigned kNewSize = 8;
constexpr unsigned kNewIds = 16;
constexpr unsigned kNewShards = 32;
constexpr unsigned kNewTag = 64;
constexpr unsigned kRepeat = 128;

// Of a key: the shard that made it is in the low byte.
std::int64_t counter_of(store::Key key) {
    return static_cast<std::int64_t>(key >> 8);
}
std::uint8_t shard_of(store::Key key) {
    return static_cast<std::uint8_t>(key);
}
store::Key key_of(std::int64_t counter, std::uint8_t shard) {
    return static_cast<store::Key>(counter) << 8 | shard;
}

std::span<const std::uint32_t> ids_of(const Place& place) {
    if (place.subscription_ids) {
        return static_cast<const core::SubscriptionIds&>(*place.subscription_ids).ids();
    }
    return {&place.subscription_id, place.subscription_id != 0 ? 1U : 0U};
}

// Seven bits at a time, the low ones first.
void put(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
}

// Small numbers of either sign stay small.
void put_signed(std::string& out, std::int64_t value) {
    put(out, static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

class Unpacker {
public:
    explicit Unpacker(std::string_view rest) : rest_(rest) {}
    bool is_at_end() const { return rest_.empty(); }

    std::uint8_t byte() {
        MQTT_ASSERT(!rest_.empty());
        const auto first = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return first;
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            const std::uint8_t next = byte();
            value |= std::uint64_t{next & 0x7FU} << shift;
            if (next < 0x80) return value;
        }
    }
    std::uint32_t small() { return static_cast<std::uint32_t>(number()); }
    std::int64_t signed_number() {
        const std::uint64_t value = number();
        return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
    }

private:
    std::string_view rest_;
};

void take_ids(Unpacker& from, Place& place) {
    std::vector<std::uint32_t> ids(from.small());
    for (std::uint32_t& id : ids)
        id = from.small();
    place.subscription_id = ids.size() == 1 ? ids.front() : 0;
    place.subscription_ids =
        ids.size() > 1 ? core::SubscriptionIds::create(ids) : base::Ref<core::SubscriptionIds>();
}

}  // namespace

PlacePacker::Step PlacePacker::step_to(const Place& place) const {
    return {counter_of(place.entry) - counter_of(last_.entry),
            counter_of(place.message) - counter_of(last_.message)};
}

bool PlacePacker::has_equal_rest(const Place& place) const {
    return place.size_bytes == last_.size_bytes && place.qos == last_.qos &&
           place.retain == last_.retain && place.shared_tag == last_.shared_tag &&
           shard_of(place.entry) == shard_of(last_.entry) &&
           shard_of(place.message) == shard_of(last_.message) &&
           std::ranges::equal(ids_of(place), ids_of(last_));
}

void PlacePacker::add(const Place& place, std::string& out) {
    const Step step = step_to(place);
    if (last_.entry != 0 && step == step_ && has_equal_rest(place)) {
        ++repeats_;
        last_ = place;
        return;
    }
    finish(out);
    unsigned flags = static_cast<unsigned>(place.qos) | (place.retain ? kRetain : 0);
    const bool has_new_shards = shard_of(place.entry) != shard_of(last_.entry) ||
                                shard_of(place.message) != shard_of(last_.message);
    if (has_new_shards) flags |= kNewShards;
    if (place.size_bytes != last_.size_bytes) flags |= kNewSize;
    if (place.shared_tag != last_.shared_tag) flags |= kNewTag;
    const auto ids = ids_of(place);
    if (!std::ranges::equal(ids, ids_of(last_))) flags |= kNewIds;
    out.push_back(static_cast<char>(flags));
    put_signed(out, step.entry);
    put_signed(out, step.message);
    if (has_new_shards) {
        out.push_back(static_cast<char>(shard_of(place.entry)));
        out.push_back(static_cast<char>(shard_of(place.message)));
    }
    if ((flags & kNewSize) != 0) put(out, place.size_bytes);
    if ((flags & kNewIds) != 0) {
        put(out, ids.size());
        for (const std::uint32_t id : ids)
            put(out, id);
    }
    if ((flags & kNewTag) != 0) put(out, place.shared_tag);
    step_ = step;
    last_ = place;
}

void PlacePacker::finish(std::string& out) {
    if (repeats_ == 0) return;
    out.push_back(static_cast<char>(kRepeat));
    put(out, repeats_);
    repeats_ = 0;
}

std::vector<Place> unpack_places(std::string_view packed) {
    std::vector<Place> places;
    Unpacker from(packed);
    Place place;
    std::int64_t entry_step = 0;
    std::int64_t message_step = 0;
    const auto step = [&] {
        place.entry = key_of(counter_of(place.entry) + entry_step, shard_of(place.entry));
        place.message = key_of(counter_of(place.message) + message_step, shard_of(place.message));
    };
    while (!from.is_at_end()) {
        const unsigned flags = from.byte();
        if (flags == kRepeat) {
            for (std::uint64_t left = from.number(); left != 0; --left) {
                step();
                places.push_back(place);
            }
            continue;
        }
        place.qos = static_cast<QoS>(flags & kQos);
        place.retain = (flags & kRetain) != 0;
        entry_step = from.signed_number();
        message_step = from.signed_number();
        step();
        if ((flags & kNewShards) != 0) {
            place.entry = key_of(counter_of(place.entry), from.byte());
            place.message = key_of(counter_of(place.message), from.byte());
        }
        if ((flags & kNewSize) != 0) place.size_bytes = from.small();
        if ((flags & kNewIds) != 0) take_ids(from, place);
        if ((flags & kNewTag) != 0) place.shared_tag = from.small();
        places.push_back(place);
    }
    return places;
}

}  // namespace mqtt::broker
