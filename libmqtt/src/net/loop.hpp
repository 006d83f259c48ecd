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

#include "mqtt/types.hpp"
#include "net/timer_wheel.hpp"

namespace asio {
class io_context;
}

namespace mqtt::net {

// Somebody interested in a descriptor (Driver, acceptor). Edge-triggered: after `on_ready` the
// owner reads or writes until it would block, or asks to be called again with Loop::mark_ready.
class Watcher {
public:
    virtual void on_ready(bool readable, bool writable) = 0;

protected:
    ~Watcher() = default;
};

// Somebody with staged output (Driver). In the dirty list at most once.
class Flushable {
public:
    virtual void on_flush() = 0;

protected:
    ~Flushable() = default;

private:
    friend class Loop;
    Flushable* next_dirty_ = nullptr;
    bool is_dirty_ = false;
};

class Loop {
public:
    enum class Readiness : std::uint8_t {
        own_epoll,   // an edge-triggered set whose descriptor the io_context awaits: shards, bench
        async_wait,  // Asio's wait on each descriptor: a client on a user's io_context, other systems
    };
    // The context must outlive the loop. `own_epoll` loops own their thread's time (see run).
    Loop(asio::io_context& context, Readiness readiness);
    ~Loop();

    asio::io_context& context();
    TimerWheel& timers();
    // Set a timer through this, so that the wake-up is armed.
    void set_timer(Timer& timer, TimePoint due);
    TimePoint now() const;  // cached at the start of the turn

    void watch(int descriptor, Watcher& watcher);
    void want_writable(int descriptor, Watcher& watcher, bool on);
    void unwatch(int descriptor, Watcher& watcher);
    // Calls on_ready(readable) again in the next turn without waiting for the descriptor.
    void mark_ready(Watcher& watcher);

    void mark_dirty(Flushable& flushable);
    void unmark(Flushable& flushable);
    // Bytes staged this turn; above kTurnBytes a peer stops parsing until the flush.
    std::size_t& staged_bytes();
    static constexpr std::size_t kTurnBytes = 1024 * 1024;

    // Destroys the object when the turn has ended: nobody is deleted inside a callback.
    template <class T>
    void retire(std::unique_ptr<T> object) {
        retire_erased(object.release(), [](void* p) { delete static_cast<T*>(p); });
    }

    // Shared scratch for reading; contents are valid until the next read of any connection.
    std::span<std::uint8_t> read_buffer();

    // Any thread: runs `task` on the loop. Wakes at most once per batch.
    void post(std::function<void()> task);

    // Runs until stop() (any thread). Only for loops that own their thread.
    void run();
    void stop();
    bool in_loop_thread() const;

private:
    void retire_erased(void* object, void (*destroy)(void*));
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mqtt::net
