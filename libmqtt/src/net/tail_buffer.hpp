// Bytes of a connection that could not be parsed yet: the beginning of a packet, or what a pause
// held back. One pointer while there are none. Used by Driver; grows with what arrives, never with
// what a packet claims.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mqtt/types.hpp"

namespace mqtt::net {

class TailBuffer {
public:
    TailBuffer() = default;
    TailBuffer(const TailBuffer&) = delete;
    TailBuffer& operator=(const TailBuffer&) = delete;
    ~TailBuffer() { clear(); }

    bool empty() const { return block_ == nullptr; }
    std::size_t size() const { return block_ ? block_->end - block_->begin : 0; }
    Bytes bytes() const;

    void append(Bytes bytes);
    // Drops the first `count` bytes. The memory goes when nothing is left.
    void consume(std::size_t count);
    void clear() noexcept;

    // Total bytes that are needed before parsing again makes sense; 0: unknown, or nothing is kept.
    std::size_t needed() const { return block_ ? block_->needed : 0; }
    void set_needed(std::size_t needed);

    // Room behind the bytes, for at most `most`; at least `least`, for at most as much again as is
    // here. commit() says how much of it was filled.
    std::span<std::uint8_t> room(std::size_t least, std::size_t most);
    void commit(std::size_t count) { block_->end += count; }

private:
    struct Block {
        std::size_t capacity;  // of the bytes that follow
        std::size_t begin;
        std::size_t end;
        std::size_t needed;
        std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(this + 1); }
    };
    void reserve(std::size_t total);

    Block* block_ = nullptr;
};

}  // namespace mqtt::net
