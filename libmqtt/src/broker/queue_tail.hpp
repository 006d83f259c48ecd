// The end of a long queue, which is on the disk: of its messages there is a packed place (packed_places.hpp),
// some bytes or none at all. First in, first out, a stretch at a time. Used by Queue, filled and unpacked by Spill;
// and by Handovers.
#pragma once

#include <list>

#include "broker/packed_places.hpp"
#include "broker/queue.hpp"

namespace mqtt::broker {

class QueueTail {
public:
    struct Stretch {
        std::string packed;
        std::uint32_t count = 0;
        std::size_t size_bytes = 0;
    };

    QueueTail() = default;
    ~QueueTail();
    QueueTail(const QueueTail&) = delete;
    QueueTail& operator=(const QueueTail&) = delete;

    bool empty() const { return count_ == 0; }
    std::size_t count() const { return count_; }
    std::size_t size_bytes() const { return size_bytes_; }

    void push(const Place& place);
    // What had been taken from here comes back.
    void push_front(std::span<const Place> places);
    Stretch pop();  // not empty

    // Moves what is for this Membership to the end of `into`; both keep their order.
    void take(std::uint32_t shared_tag, QueueTail& into);

private:
    void close();
    void append(Stretch stretch);
    static void hold(const Stretch& stretch);
    static void let_go(const Stretch& stretch);
    void added(Stretch& stretch, std::size_t size_bytes);

    std::list<Stretch> stretches_;
    // The last one is packed and not yet full: its bytes.
    bool is_open_ = false;
    std::string open_;
    PlacePacker packer_;
    std::size_t count_ = 0;
    std::size_t size_bytes_ = 0;
};

}  // namespace mqtt::broker
