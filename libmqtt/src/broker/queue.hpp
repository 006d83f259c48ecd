// Messages that wait for a session: behind a full send window, or until its client comes back.
// First in, first out, limited in number and bytes by its owner; no memory while empty. Long ones go
// on in blocks (queue_blocks.hpp); those on the disk have a tail (queue_tail.hpp), from which Spill
// brings places to the front.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "broker/delivery_token.hpp"
#include "core/message.hpp"

namespace mqtt::broker {

struct QueuedMessage {
    core::MessageRef message;             // null: it is on the disk only
    base::KeepAliveRef subscription_ids;  // when there are several (a core::SubscriptionIds)
    DeliveryToken token;
    std::uint32_t subscription_id = 0;  // when there is one
    QoS qos = QoS::at_most_once;
    bool retain = false;

    bool is_on_disk() const { return !message; }
    std::size_t size_bytes() const;
};

class QueueTail;

class Queue {
public:
    Queue() = default;
    ~Queue() { clear(); }
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    bool empty() const { return ring_ == nullptr; }
    std::size_t count() const;
    // What the messages hold, as if nobody shared them.
    std::size_t size_bytes() const;
    std::size_t bytes_on_disk() const;  // of these

    // How many are before the tail: these can be looked at. Whoever takes the last one of them brings
    // more at once, while there is a tail.
    std::size_t places() const;
    bool has_tail() const;
    QueueTail& tail();  // made when there is none
    void tail_taken();  // from: it goes when nothing is left of it
    bool needs_places() const { return !empty() && places() == 0; }

    void push(QueuedMessage message);  // before the tail
    QueuedMessage& front();            // not empty
    const QueuedMessage& at(std::size_t place);
    // All from this place to the tail, in their order.
    std::vector<QueuedMessage> take_from(std::size_t place);
    // One that was on the disk only has been read; one is on the disk only from now on.
    void load(std::size_t place, core::MessageRef message);
    void unload(std::size_t place);
    void pop();  // not empty
    // Takes out those before the tail that `wanted(const QueuedMessage&)` names; both parts keep their order.
    template <class F>
    std::vector<QueuedMessage> take_if(F&& wanted);
    void clear() noexcept;

private:
    struct Ring;  // header and entries in one pooled block
    void grow();
    void shrink();
    void move_to(std::uint32_t capacity);
    void free_if_empty() noexcept;
    void forget_tail() noexcept;
    Ring* ring_ = nullptr;
};

template <class F>
std::vector<QueuedMessage> Queue::take_if(F&& wanted) {
    std::vector<QueuedMessage> taken;
    for (std::size_t left = places(); left != 0; --left) {
        QueuedMessage first = front();
        pop();
        if (wanted(first))
            taken.push_back(std::move(first));
        else
            push(std::move(first));
    }
    return taken;
}

}  // namespace mqtt::broker
