// Queues longer than the memory that they may take: from a mark on what is queued stays on the disk only,
// and is read when its turn has come. One per shard. Knows no database: Journal asks the writer.
#pragma once

#include <string>
#include <vector>

#include "broker/queue.hpp"
#include "broker/store/backend.hpp"

namespace mqtt::broker {

class Shard;
struct Session;

class Spill {
public:
    explicit Spill(Shard& shard) : shard_(shard) {}

    // How much of the queues this shard keeps in memory. 0: all.
    std::size_t mark() const;
    // One that goes into a queue, and into the store: its content is let go of when the mark is reached.
    void on_queue(QueuedMessage& queued);
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
    void on_found(const Asked& asked, const std::vector<store::FoundMessage>& found);

    Shard& shard_;
};

}  // namespace mqtt::broker
