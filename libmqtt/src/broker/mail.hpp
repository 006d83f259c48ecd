// What shards send each other: publications, interest in filters, shared subscriptions. One ring
// per direction of each pair; a publication is written once into the ring of every shard that wants
// it and read there in place: no allocation, no atomic operation and no wake-up per message.
//
// Order is that of the ring, for everything. When a ring is full this shard's publishers pause,
// while it goes on reading what the others send; what must not wait (acknowledgements, control) is
// kept beside the ring, so that two full shards cannot block each other.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "broker/publish.hpp"
#include "broker/ring.hpp"
#include "broker/subscriptions.hpp"
#include "net/loop.hpp"

namespace mqtt::broker {

class Peer;
class Shard;

class Mail final : private net::Flushable, private net::Watcher {
public:
    explicit Mail(Shard& shard) : shard_(shard) {}

    // Before the threads start: the rings of this shard, out and in, by the other's index (null for
    // itself).
    void connect(std::vector<Ring*> out, std::vector<Ring*> in);

    void send_publication(unsigned shard, const Publication& publication);
    // To one member of a group that this shard owns, at home on `shard`.
    void send_to_member(const Member& member, const Publication& publication);
    void send_interest(std::string_view filter, bool wanted);  // to all
    void send_join(unsigned owner, const Subscriptions::Join& join);
    // A member's message goes back to its group, for another one.
    void send_to_group(unsigned owner, std::string_view shared_filter,
                       const Publication& publication);
    // The owner answers with the tag: no message for it comes after that.
    void send_leave(unsigned owner, std::string_view filter, std::uint64_t session_number,
                    std::uint32_t tag);
    void send_readiness(unsigned owner, std::string_view filter, std::uint64_t session_number,
                        Readiness readiness);
    // A member's client went away: what waits for it should go to others, when the owner knows of any.
    void send_went_away(unsigned owner, std::string_view filter, std::uint64_t session_number);
    void send_hand_over(unsigned shard, std::uint64_t session_number, std::uint32_t tag);
    // Whose rights a member has, for the owner of its group.
    void send_identity(unsigned owner, std::string_view filter, const Session& session);
    void send_joined(unsigned shard);
    // To all: this shard's journal has closed its batch and goes on in this round.
    void send_round();
    void send_left(unsigned shard, std::uint64_t session_number, std::uint32_t tag);

    // A ring to another shard is full: publishers should pause.
    bool is_full() const { return is_full_; }
    // Lets the peer read again when there is room.
    void resume_later(Peer& peer);
    void forget(const Peer& peer);

    // Before the threads start. Gives the others what was written; reads what they have given (false: nothing).
    void give() { on_flush(); }
    bool take() { return drain(); }

private:
    // What a record begins with; the texts follow it in this order.
    struct Record;
    enum class Kind : std::uint8_t;

    void on_flush() override;
    void on_ready(net::Ready ready) override;
    void notify();  // any thread: something is in our rings
    bool drain();   // false: there was nothing
    void check_room();
    void read(unsigned from, std::span<const std::uint8_t> bytes);
    void read_publication(const Record& record, std::span<const std::uint8_t> texts);
    void read_control(unsigned from, const Record& record, std::span<const std::uint8_t> texts);
    std::uint8_t* write(unsigned shard, Record record, std::size_t texts);
    void send_of_membership(Kind kind, unsigned shard, std::uint64_t session_number,
                            std::uint32_t tag);
    void write_text(unsigned shard, Record record, std::string_view text);
    void write_publication(unsigned shard, Record record, const Publication& publication,
                           std::string_view filter = {}, std::string_view group = {});

    Shard& shard_;
    std::vector<Ring*> out_;
    std::vector<Ring*> in_;
    std::vector<Peer*> paused_;
    bool is_full_ = false;
    std::atomic<bool> notified_ = false;
};

}  // namespace mqtt::broker
