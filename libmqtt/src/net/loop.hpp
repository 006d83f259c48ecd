// One thread's world: io_context, readiness of descriptors, mailbox, timer wheel, dirty list, read
// buffer. Everything but `post` and `stop` is called on its thread (asserted in debug builds).
//
// A turn: wake, handle ready descriptors (reading and parsing), run mailbox tasks and due timers,
// then flush every connection that became dirty, once, and destroy what was retired.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/keep_alive_ref.hpp"
#include "mqtt/types.hpp"
#include "net/timer_wheel.hpp"

namespace asio {
class io_context;
}

namespace mqtt::net {

// Where somebody stands in one of the loop's lists, so that leaving costs no search.
class ListPlace {
    friend class Loop;
    std::uint32_t at_ = 0;  // from 1; 0: not in the list
};

// What is known about a descriptor when its watcher is called.
struct Ready {
    bool readable = false;
    bool writable = false;
    // The peer has closed or the socket failed: the reason comes after what can be read, and no
    // further event announces it, so read to the end now.
    bool ended = false;
};

// Somebody interested in a descriptor (Driver, acceptor). Edge-triggered: after `on_ready` the
// owner reads or writes until it would block, or asks to be called again with Loop::mark_ready.
class Watcher {
public:
    virtual void on_ready(Ready ready) = 0;
    ListPlace ready_place;  // the loop's

protected:
    ~Watcher() = default;
};

// Somebody with staged output (Driver). In the dirty list at most once.
class Flushable {
public:
    virtual void on_flush() = 0;
    ListPlace dirty_place;  // the loop's

protected:
    ~Flushable() = default;
};

class GuestPoller;

class Loop {
public:
    enum class Readiness : std::uint8_t {
        // An edge-triggered set of our own, for loops that own their thread: shards, bench. While
        // the io_context has operations outstanding (a connect, a signal_set, a steady_timer) the
        // turn costs two system calls more, so long-lived ones belong elsewhere (see Alarm).
        own_epoll,
        // Asio's wait on each descriptor: a client on a user's io_context, other systems.
        async_wait,
    };
    // The context must outlive the loop (`io_context(1)`), and whatever the loop watches must be gone before it.
    Loop(asio::io_context& context, Readiness readiness);
    // Readiness and time are a simulation's: it gives the poller and calls run_turn().
    Loop(asio::io_context& context, GuestPoller& poller, TimePoint start);
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop();

    asio::io_context& context();
    TimerWheel& timers();
    // Set a timer through this, so that the wake-up is armed.
    void set_timer(Timer& timer, TimePoint due);
    TimePoint now() const { return now_; }  // cached at the start of the turn

    // Reports readability until unwatch. The descriptor must be open until then.
    void watch(int descriptor, Watcher& watcher);
    // Off while the owner does not want to read: nothing is reported meanwhile. Switched on again,
    // the owner should expect input (mark_ready), for its edge may be past.
    void want_readable(int descriptor, Watcher& watcher, bool on);
    // Asks for the next moment at which the descriptor can be written; call after every would-block.
    void want_writable(int descriptor, Watcher& watcher);
    void unwatch(int descriptor, Watcher& watcher);
    // Calls on_ready(readable) again in the next turn without waiting for the descriptor.
    void mark_ready(Watcher& watcher);

    void mark_dirty(Flushable& flushable) {
        if (flushable.dirty_place.at_ == 0) add_dirty(flushable);
    }
    // Takes it off the list again (it is about to go away).
    void unmark(Flushable& flushable);
    // Bytes staged this turn; above kTurnBytes a peer stops parsing until the flush.
    std::size_t& staged_bytes() { return staged_bytes_; }
    static constexpr std::size_t kTurnBytes = 1024 * 1024;

    // Destroys the object when the turn has ended: nobody is deleted inside a callback.
    template <class T>
    void retire(std::unique_ptr<T> object) {
        retire_erased(object.release(), [](void* p) { delete static_cast<T*>(p); });
    }

    // Shared scratch for reading; contents are valid until the next read of any connection, but for what is
    // lent: others read into the next block then, until the turn ends.
    std::span<std::uint8_t> read_buffer();
    // What keeps `bytes` alive if they lie in what was read last; null when they do not, or when as much is lent
    // as may be. To be given back when the turn ends.
    base::KeepAliveRef lend(Bytes bytes) const;
    static constexpr std::size_t kReadBytes = 64 * 1024;  // asked for at once
    static constexpr std::size_t kReadBufferBytes =
        2 * kReadBytes;  // with room for a tail in front
    static constexpr std::size_t kReadBlocks = 16;

    // Any thread: runs `task` on the loop, in the order of the calls. Wakes at most once per batch.
    // What is still queued when the loop is destroyed is dropped.
    void post(std::function<void()> task);

    // Runs until stop(). Only for own_epoll loops.
    void run();
    // Runs turns until `deadline` (at least one; it does not wait when the deadline is past) or
    // stop(). Late by a wake-up, some 50 us: what load generators pace themselves by.
    void run_until(TimePoint deadline);
    // One turn, waiting at most `patience` for something to do. Only for own_epoll loops.
    void run_one(Duration patience);
    // One turn at the time `now`, without waiting. Only for loops with a guest's poller.
    void run_turn(TimePoint now);
    // When a turn would find something to do, besides what its poller knows: at once when there is
    // work or mail, else when the next timer is due.
    TimePoint next_turn() const;
    // Any thread. Ends run() after the current turn.
    void stop();
    bool in_loop_thread() const;

private:
    struct Impl;
    struct OwnEpoll;
    struct AsyncWait;
    struct Simulated;
    OwnEpoll& own_epoll();
    void add_dirty(Flushable& flushable);
    void retire_erased(void* object, void (*destroy)(void*));
    void begin_turn();
    void end_turn();
    void deliver_marked();
    void flush_dirty();
    void destroy_retired();
    bool has_work() const;

    struct Retired {
        void* object;
        void (*destroy)(void*);
    };
    std::size_t staged_bytes_ = 0;
    TimePoint now_;
    class ReadBlock;
    std::vector<base::Ref<ReadBlock>> read_blocks_;
    std::size_t read_block_ = 0;     // the one that is read into
    std::vector<Watcher*> marked_;   // holes where somebody left
    std::vector<Flushable*> dirty_;  // likewise
    std::vector<Retired> retired_;
    std::shared_ptr<Impl> impl_;  // handlers in the io_context hold it weakly
};

}  // namespace mqtt::net
