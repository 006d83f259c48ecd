// A record is an 8-byte header (its size) and its bytes, padded to 8. One that would cross the end
// of the memory is preceded by a filler.
#include "broker/ring.hpp"

#include <bit>
#include <cstring>

#include "base/assert.hpp"

namespace mqtt::broker {

Ring::Ring(std::size_t capacity)
    : capacity_(std::bit_ceil(capacity < 1024 ? std::size_t{1024} : capacity))
    , bytes_(new std::uint8_t[capacity_]) {}

std::uint8_t* Ring::add(std::size_t size) {
    MQTT_ASSERT(size <= largest_record());
    if (writer_.waiting_from == writer_.waiting.size()) {
        if (std::uint8_t* bytes = place(size)) return bytes;
    }
    const std::size_t begin = writer_.waiting.size();
    writer_.waiting.resize(begin + padded(size));
    const auto header = static_cast<std::uint32_t>(size);
    std::memcpy(writer_.waiting.data() + begin, &header, sizeof header);
    return writer_.waiting.data() + begin + 8;
}

bool Ring::fits(std::size_t padded_size) {
    if (writer_.written + padded_size - writer_.seen_freed <= capacity_) return true;
    writer_.seen_freed = freed_.load(std::memory_order_acquire);
    return writer_.written + padded_size - writer_.seen_freed <= capacity_;
}

// nullptr: no room.
std::uint8_t* Ring::place(std::size_t size) {
    const std::size_t need = padded(size);
    const std::size_t to_end = capacity_ - (writer_.written & (capacity_ - 1));
    const std::size_t filler = to_end < need ? to_end : 0;
    if (!fits(filler + need)) return nullptr;
    if (filler != 0) {
        std::memcpy(at(writer_.written), &kSkip, sizeof kSkip);
        writer_.written += filler;
    }
    std::uint8_t* record = at(writer_.written);
    const auto header = static_cast<std::uint32_t>(size);
    std::memcpy(record, &header, sizeof header);
    writer_.written += need;
    return record + 8;
}

void Ring::place_waiting() {
    std::vector<std::uint8_t>& waiting = writer_.waiting;
    while (writer_.waiting_from < waiting.size()) {
        const std::uint8_t* record = waiting.data() + writer_.waiting_from;
        std::uint32_t size = 0;
        std::memcpy(&size, record, sizeof size);
        std::uint8_t* bytes = place(size);
        if (bytes == nullptr) return;
        std::memcpy(bytes, record + 8, size);
        writer_.waiting_from += padded(size);
    }
    waiting.clear();
    writer_.waiting_from = 0;
    if (waiting.capacity() > capacity_) waiting.shrink_to_fit();
}

bool Ring::publish() {
    place_waiting();
    const std::uint64_t before = published_.load(std::memory_order_relaxed);
    if (before == writer_.written) return false;
    published_.store(writer_.written, std::memory_order_seq_cst);
    return true;
}

bool Ring::is_full() {
    if (writer_.waiting_from != writer_.waiting.size()) return true;
    const std::size_t high = capacity_ / 4 * 3;
    if (writer_.written - writer_.seen_freed <= high) return false;
    writer_.seen_freed = freed_.load(std::memory_order_acquire);
    return writer_.written - writer_.seen_freed > high;
}

bool Ring::wait_for_room() {
    writer_waits_.store(true, std::memory_order_seq_cst);
    writer_.seen_freed = freed_.load(std::memory_order_seq_cst);
    place_waiting();
    if (is_full()) return true;
    writer_waits_.store(false, std::memory_order_relaxed);
    return false;
}

std::span<const std::uint8_t> Ring::next() {
    for (;;) {
        if (reader_.read == reader_.seen_published) {
            reader_.seen_published = published_.load(std::memory_order_acquire);
            if (reader_.read == reader_.seen_published) return {};
        }
        const std::uint8_t* record = at(reader_.read);
        std::uint32_t size = 0;
        std::memcpy(&size, record, sizeof size);
        if (size != kSkip) {
            reader_.read += padded(size);
            return {record + 8, size};
        }
        reader_.read += capacity_ - (reader_.read & (capacity_ - 1));
    }
}

bool Ring::consumed() {
    if (freed_.load(std::memory_order_relaxed) == reader_.read) return false;
    freed_.store(reader_.read, std::memory_order_seq_cst);
    return writer_waits_.load(std::memory_order_seq_cst) &&
           writer_waits_.exchange(false, std::memory_order_seq_cst);
}

}  // namespace mqtt::broker
