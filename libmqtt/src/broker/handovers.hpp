// What waited on the disk for a member of a shared subscription, on its way to other members: the beginning is read and
// given to the group, again and again, so that neither memory nor a turn of the loop is filled by what is left. It
// stays an entry of the session in the store until then. One per shard, for the sessions at home there; after a restart
// for the groups that it owns.
#pragma once

#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "broker/queue_tail.hpp"
#include "broker/store/backend.hpp"

namespace mqtt::broker {

struct Membership;
struct Session;
class Shard;

class Handovers {
public:
    explicit Handovers(Shard& shard) : shard_(shard) {}
    ~Handovers();
    Handovers(const Handovers&) = delete;
    Handovers& operator=(const Handovers&) = delete;

    // Takes from a membership's session what waits for it. What is in memory in front of what is on the disk is
    // returned, for its group at once; the rest follows by itself.
    std::vector<core::MessageRef> begin(Session& session, const Membership& membership,
                                        bool has_left);

    // At the start, before the threads: a membership that has left, and what of the store is for its group. Then they
    // go on.
    void restore(const store::HandoverRow& row);
    void restore(store::Key session, QueuedMessage queued);
    void go_on();

private:
    struct Handover {
        store::Key session = 0;  // its number
        std::uint32_t shared_tag = 0;
        std::string filter;     // with "$share/"
        unsigned owner = 0;     // of its group
        bool has_left = false;  // or else its client is away
        std::deque<QueuedMessage> first;
        QueueTail rest;
        bool empty() const { return first.empty() && rest.empty(); }
    };
    using Found = std::vector<store::FoundMessage>;

    Handover* find(store::Key session, std::uint32_t shared_tag);
    Handover& get(store::Key session, std::uint32_t shared_tag, std::string_view filter);
    bool has_reason(const Handover& handover) const;
    void put_back(Handover& handover);
    void read_next();
    void read(Handover& handover);
    void on_found(Handover& handover, std::size_t count, const Found& found);
    void give(const Handover& handover, const QueuedMessage& queued, const Found& found);

    Shard& shard_;
    std::list<Handover> all_;  // the one that is read from is the last
    bool is_reading_ = false;
};

}  // namespace mqtt::broker
