// The places of a long queue that do not fit into its ring: blocks of a fixed size, made as messages
// come and freed as they go. What is in them never moves, so that growing costs the same however
// long the queue is. Used by Queue only.
#pragma once

#include <cstdint>
#include <deque>
#include <new>
#include <utility>

#include "base/pool.hpp"
#include "broker/queue.hpp"

namespace mqtt::broker {

class QueueBlocks {
public:
    static constexpr std::uint32_t kPlacesPerBlock = 128;

    QueueBlocks() = default;
    ~QueueBlocks() {
        while (!empty())
            pop_front();
    }
    QueueBlocks(const QueueBlocks&) = delete;
    QueueBlocks& operator=(const QueueBlocks&) = delete;

    bool empty() const { return count_ == 0; }
    std::size_t count() const { return count_; }
    QueuedMessage& at(std::size_t place) { return *slot(place); }
    QueuedMessage& front() { return *front_; }  // not empty

    void push(QueuedMessage message) {
        if ((first_ + count_) % kPlacesPerBlock == 0) add_block();
        ::new (end_++) QueuedMessage(std::move(message));
        ++count_;
    }
    void pop_front() {  // not empty
        front_++->~QueuedMessage();
        --count_;
        if (++first_ == kPlacesPerBlock || count_ == 0) drop_first_block();
    }
    void pop_back() {  // not empty
        end_ = slot(--count_);
        end_->~QueuedMessage();
        if (count_ == 0) first_ = 0;
        if ((first_ + count_) % kPlacesPerBlock != 0) return;
        free(blocks_.back());
        blocks_.pop_back();
    }

private:
    static constexpr std::size_t kBlockBytes = kPlacesPerBlock * sizeof(QueuedMessage);

    QueuedMessage* slot(std::size_t place) {
        const std::size_t from_first = first_ + place;
        return blocks_[from_first / kPlacesPerBlock] + from_first % kPlacesPerBlock;
    }
    void add_block() {
        end_ = static_cast<QueuedMessage*>(base::pool_allocate(kBlockBytes));
        blocks_.push_back(end_);
        if (count_ == 0) front_ = end_;
    }
    void drop_first_block() {
        free(blocks_.front());
        blocks_.pop_front();
        first_ = 0;
        if (count_ != 0) front_ = blocks_.front();
    }
    static void free(QueuedMessage* block) noexcept { base::pool_free(block, kBlockBytes); }

    std::deque<QueuedMessage*> blocks_;  // none while empty
    std::size_t first_ = 0;              // the first message's place in the first block
    std::size_t count_ = 0;
    QueuedMessage* front_ = nullptr;  // the first message; while empty nothing
    QueuedMessage* end_ = nullptr;    // behind the last one, where its block goes on
};

}  // namespace mqtt::broker
