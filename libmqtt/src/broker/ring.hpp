// A ring of bytes from one shard to another: one writer thread, one reader thread, records of any
// size up to a limit, each contiguous. Writing never fails: what does not fit waits on the writer's
// side, in order, until the reader has made room; limits are the owner's business (is_full).
// Nothing is shared per record: the writer publishes once per turn, the reader frees once per
// batch.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace mqtt::broker {

class Ring {
public:
    // `capacity`: bytes, rounded up to a power of two.
    explicit Ring(std::size_t capacity);
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    // The largest record; longer things travel by pointer.
    std::size_t largest_record() const { return capacity_ / 8; }

    // Writer. Space for one record of `size` bytes, aligned to 8; filled before publish().
    std::uint8_t* add(std::size_t size);
    // Makes what was added visible. True: the reader had seen everything before (it may sleep).
    bool publish();
    // Three quarters are used, or records wait outside.
    bool is_full();
    // Asks to be told (reader's consumed() is true) when there is room again. False: there is now.
    bool wait_for_room();

    // Reader. The next record; empty: none. Valid until consumed().
    std::span<const std::uint8_t> next();
    // Frees all that next() has given. True: the writer waits for room.
    bool consumed();

private:
    static constexpr std::uint32_t kSkip = 0xFFFF'FFFF;  // size of a record that only fills the end
    static std::size_t padded(std::size_t size) { return (size + 8 + 7) & ~std::size_t{7}; }
    std::uint8_t* at(std::uint64_t position) { return bytes_.get() + (position & (capacity_ - 1)); }
    std::uint8_t* place(std::size_t size);
    void place_waiting();
    bool fits(std::size_t padded_size);

    const std::size_t capacity_;
    std::unique_ptr<std::uint8_t[]> bytes_;

    struct alignas(64) Writer {
        std::uint64_t written = 0;          // beyond `published`
        std::uint64_t seen_freed = 0;       // as last read
        std::vector<std::uint8_t> waiting;  // records with their padded headers, in order
        std::size_t waiting_from = 0;
    } writer_;
    struct alignas(64) Reader {
        std::uint64_t read = 0;
        std::uint64_t seen_published = 0;
    } reader_;
    alignas(64) std::atomic<std::uint64_t> published_ = 0;
    alignas(64) std::atomic<std::uint64_t> freed_ = 0;
    std::atomic<bool> writer_waits_ = false;
};

}  // namespace mqtt::broker
