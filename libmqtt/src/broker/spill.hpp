// Queues longer than the memory that they may take: from a mark on what is queued stays on the disk only,
// and is read when its turn has come. Places behind the first such are packed away in the queue's tail, and come from
// there when those before them have gone. One per shard. Knows no database: Journal asks the writer.
#pragma once

#include <string>
#include <vector>

#include "broker/queue_tail.hpp"
#include "broker/session.hpp"
#include "broker/store/backend.hpp"

namespace mqtt::broker {

class Shard;

class Spill {
public:
    explicit Spill(Shard& shard) : shard_(shard) {}

    // How much of the queues this shard keeps in memory. 0: all.
    std::size_t mark() const;
    // One that goes into a queue, and into the store: its content is let go of when the mark is reached.
    void on_queue(QueuedMessage& queued);
    // Puts it at the end of the queue, wherever that is.
    void push(Session& session, QueuedMessage queued);
    // The last place before the tail was taken: others follow.
    void refill(Session& session);
    // At the end: places that are packed go without a word, the store keeps what they stand for.
    static void forget_packed(Queue& queue);
    // Takes all that is for this Membership out of the queue: what is returned are those in memory; from the first
    // that is on the disk on, all go to `rest`.
    std::vector<QueuedMessage> take(Session& session, std::uint32_t shared_tag, QueueTail& rest);
    // The first of the session's queue is on the disk only: asks for it, and for some behind it. When they
    // are there, sending goes on.
    void fetch(Session& session);
    // Its client went away: what was read for it is let go of again, as far as it is beyond the mark.
    void let_go(Session& session);

private:
    struct Asked {
        std::string client_id;
        std::uint64_t session;  // its number
        std::size_t count;
    };
    std::size_t in_memory() const;
    void unload(QueuedMessage& queued);
    void unpack(Queue& queue);
    void pack(Queue& queue);
    void on_found(const Asked& asked, const std::vector<store::FoundMessage>& found);

    Shard& shard_;
};

}  // namespace mqtt::broker
