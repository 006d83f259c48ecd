// Memory for very many small blocks of a few sizes: cut from large pieces in steps of 8 bytes, without the
// header that the heap puts before each block. Used by TopicTree and Journal. One thread; blocks are freed with
// their size. What was freed is used again here, and goes back to the heap when nothing is left.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace mqtt::broker {

class Slab {
public:
    Slab() = default;
    ~Slab();
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;

    void* allocate(std::size_t bytes);
    void free(void* block, std::size_t bytes) noexcept;

private:
    static constexpr std::size_t kStep = 8;
    static constexpr std::size_t kLargest = 256;  // larger ones come from the thread's pool
    static constexpr std::size_t kPieceBytes = 64 * 1024;
    struct Free {
        Free* next;
    };

    void cut_new_piece();
    void clear() noexcept;

    std::array<Free*, kLargest / kStep + 1> free_{};
    std::vector<std::unique_ptr<std::byte[]>> pieces_;
    std::byte* at_ = nullptr;  // what is left of the last piece
    std::byte* end_ = nullptr;
    std::size_t blocks_ = 0;  // in use
};

}  // namespace mqtt::broker
