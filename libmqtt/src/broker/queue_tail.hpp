// The end of a long queue, which is on the disk: of its messages there is a packed place (packed_places.hpp),
// some bytes or none at all. What must stay in memory (a shared subscription's, which another member may get)
// keeps its turn among them. First in, first out, a stretch at a time. Used by Queue; filled and unpacked by Spill.
#pragma once

#include <list>

#include "broker/packed_places.hpp"
#include "broker/queue.hpp"

namespace mqtt::broker {

class QueueTail {
public:
    // One of the two.
    struct Stretch {
        std::string packed;
        std::vector<QueuedMessage> whole;
        std::uint32_t count = 0;
        std::size_t size_bytes = 0;
        bool is_packed() const { return whole.empty(); }
    };

    QueueTail() = default;
    ~QueueTail();
    QueueTail(const QueueTail&) = delete;
    QueueTail& operator=(const QueueTail&) = delete;

    bool empty() const { return count_ == 0; }
    std::size_t count() const { return count_; }
    std::size_t size_bytes() const { return size_bytes_; }
    std::size_t bytes_on_disk() const { return bytes_on_disk_; }

    void push(const Place& place);
    void push(QueuedMessage whole);
    // What had been taken from here comes back.
    void push_front(std::span<const Place> places);
    Stretch pop();  // not empty

    // Of those that are in memory; see Queue.
    template <class F>
    void take_if(F&& wanted, std::vector<QueuedMessage>& taken);

private:
    void close();
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
    std::size_t bytes_on_disk_ = 0;
};

template <class F>
void QueueTail::take_if(F&& wanted, std::vector<QueuedMessage>& taken) {
    for (auto at = stretches_.begin(); at != stretches_.end();) {
        std::vector<QueuedMessage> kept;
        if (!at->is_packed()) let_go(*at);
        for (QueuedMessage& queued : at->whole) {
            if (!wanted(std::as_const(queued))) {
                kept.push_back(std::move(queued));
                continue;
            }
            const std::size_t size = queued.size_bytes();
            at->size_bytes -= size;
            size_bytes_ -= size;
            --at->count;
            --count_;
            taken.push_back(std::move(queued));
        }
        at->whole = std::move(kept);
        if (!at->is_packed()) hold(*at);
        at = at->count == 0 ? stretches_.erase(at) : std::next(at);
    }
}

}  // namespace mqtt::broker
