// The loop's turns. What waits for readiness is in epoll_poller and wait_poller.
#include "net/loop.hpp"

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <thread>
#include <utility>

#include "base/assert.hpp"
#include "net/epoll_poller.hpp"
#include "net/mailbox.hpp"
#include "net/wait_poller.hpp"

namespace mqtt::net {

class Loop::ReadBlock final : public base::Counted {
public:
    const std::unique_ptr<std::uint8_t[]> bytes{new std::uint8_t[kReadBufferBytes]};

private:
    void destroy() noexcept override { delete this; }
};

struct Loop::Impl : std::enable_shared_from_this<Impl> {
    Impl(Loop& owner, asio::io_context& c) : loop(owner), context(c), timers(owner.now_) {}
    virtual ~Impl() = default;

    // There is work for the end of a turn, or a timer moved: see to it that a turn comes.
    virtual void request_turn() = 0;
    virtual void timer_changed() = 0;
    // Any thread: there is mail.
    virtual void wake() = 0;
    virtual Poller& poller() = 0;

    Loop& loop;
    asio::io_context& context;
    TimerWheel timers;
    Mailbox mailbox;
    std::atomic<std::thread::id> thread{};
    std::atomic<bool> stopping = false;
};

// Blocks in our epoll set; only while Asio has something outstanding, in Asio, which then watches
// our set's descriptor.
struct Loop::OwnEpoll final : Impl {
    OwnEpoll(Loop& owner, asio::io_context& c) : Impl(owner, c), set(c, epoll.descriptor()) {}
    ~OwnEpoll() override { set.release(); }

    void request_turn() override {}
    void timer_changed() override {}
    void wake() override {
        if (thread.load(std::memory_order_relaxed) != std::this_thread::get_id()) epoll.wake();
    }
    Poller& poller() override { return epoll; }

    // Waits for something to do until `deadline` at most.
    void run_turn(TimePoint deadline) {
        block(deadline);
        loop.begin_turn();
        epoll.dispatch();
        loop.deliver_marked();
        mailbox.drain();
        timers.advance(loop.now_);
        loop.end_turn();
        run_asio();
    }

    // Runs what is ready in Asio, without blocking.
    void run_asio() {
        asio_is_busy = true;
        for (int round = 0; round < 16; ++round) {
            if (context.stopped()) context.restart();
            if (context.poll() == 0) {
                asio_is_busy = false;
                break;
            }
            loop.end_turn();
        }
        // Asio says "stopped" when nothing is outstanding.
        asio_is_idle = context.stopped();
    }

    TimePoint wake_up(TimePoint deadline) const {
        if (loop.has_work() || mailbox.has_mail() || asio_is_busy || stopping)
            return TimePoint::min();
        return std::min(timers.next_due(), deadline);
    }

    void block(TimePoint deadline) {
        const TimePoint due = wake_up(deadline);
        if (asio_is_idle || due == TimePoint::min()) return epoll.wait(due);
        epoll.set_alarm(due);
        if (!armed) {
            armed = true;
            auto on_ready = [weak = weak_from_this()](std::error_code) {
                if (const auto self = weak.lock()) static_cast<OwnEpoll&>(*self).armed = false;
            };
            set.async_wait(asio::posix::stream_descriptor::wait_read, std::move(on_ready));
        }
        context.run_one();
        epoll.wait(TimePoint::min());
    }

    EpollPoller epoll;
    asio::posix::stream_descriptor set;
    bool armed = false;
    bool asio_is_idle = false;
    bool asio_is_busy = true;  // the first turn looks
};

// Every handler that Asio runs for us is a turn of its own.
struct Loop::AsyncWait final : Impl {
    AsyncWait(Loop& owner, asio::io_context& c)
        : Impl(owner, c)
        , waits(c, [this](Watcher& watcher, Ready ready) { on_event(watcher, ready); })
        , alarm(c) {}

    Poller& poller() override { return waits; }

    void on_event(Watcher& watcher, Ready ready) {
        const Turn turn(*this);
        watcher.on_ready(ready);
    }

    void run_turn() {
        const Turn turn(*this);
        loop.deliver_marked();
        mailbox.drain();
        timers.advance(loop.now_);
    }

    void request_turn() override {
        if (in_turn || std::exchange(is_requested, true)) return;
        asio::post(context, [weak = weak_from_this()] { run_weak(weak); });
    }

    // Posted even when a turn is requested already: that flag belongs to the loop's thread.
    void wake() override {
        asio::post(context, [weak = weak_from_this()] { run_weak(weak); });
    }

    void timer_changed() override {
        if (in_turn) return;
        const TimePoint due = timers.next_due();
        if (due == alarm_due) return;
        alarm_due = due;
        alarm.cancel();
        if (due == TimePoint::max()) return;
        alarm.expires_at(due);
        alarm.async_wait([weak = weak_from_this()](std::error_code error) {
            if (!error) run_weak(weak);
        });
    }

    static void run_weak(const std::weak_ptr<Impl>& weak) {
        if (const auto self = weak.lock()) static_cast<AsyncWait&>(*self).run_turn();
    }

    struct Turn {
        explicit Turn(AsyncWait& a) : async(a) {
            async.in_turn = true;
            async.is_requested = false;
            async.loop.begin_turn();
        }
        ~Turn() {
            async.loop.end_turn();
            async.in_turn = false;
            async.timer_changed();
            if (async.loop.has_work()) async.request_turn();
        }
        AsyncWait& async;
    };

    WaitPoller waits;
    asio::steady_timer alarm;
    TimePoint alarm_due = TimePoint::max();
    bool in_turn = false;
    bool is_requested = false;
};

// Nothing happens by itself.
struct Loop::Simulated final : Impl {
    Simulated(Loop& owner, asio::io_context& c, GuestPoller& p) : Impl(owner, c), guest(p) {}

    void request_turn() override {}
    void timer_changed() override {}
    void wake() override {}
    Poller& poller() override { return guest; }

    void run_turn() {
        guest.dispatch();
        loop.deliver_marked();
        mailbox.drain();
        timers.advance(loop.now_);
        loop.end_turn();
    }

    GuestPoller& guest;
};

Loop::Loop(asio::io_context& context, GuestPoller& poller, TimePoint start)
    : now_(start)
    , impl_(std::make_shared<Simulated>(*this, context, poller)) {}

Loop::Loop(asio::io_context& context, Readiness readiness) : now_(Clock::now()) {
    if (readiness == Readiness::own_epoll)
        impl_ = std::make_shared<OwnEpoll>(*this, context);
    else
        impl_ = std::make_shared<AsyncWait>(*this, context);
}

Loop::~Loop() {
    destroy_retired();
}

std::span<std::uint8_t> Loop::read_buffer() {
    while (read_block_ < read_blocks_.size() && read_blocks_[read_block_]->references() != 1)
        ++read_block_;
    if (read_block_ == read_blocks_.size()) read_blocks_.emplace_back(new ReadBlock);
    return {read_blocks_[read_block_]->bytes.get(), kReadBufferBytes};
}

base::KeepAliveRef Loop::lend(Bytes bytes) const {
    if (read_block_ + 1 >= kReadBlocks || read_block_ >= read_blocks_.size()) return {};
    const base::Ref<ReadBlock>& block = read_blocks_[read_block_];
    const std::uint8_t* const begin = block->bytes.get();
    const bool is_there = std::less_equal()(begin, bytes.data()) &&
                          std::less()(bytes.data(), begin + kReadBufferBytes);
    return is_there ? base::KeepAliveRef(block) : base::KeepAliveRef();
}

asio::io_context& Loop::context() {
    return impl_->context;
}

TimerWheel& Loop::timers() {
    return impl_->timers;
}

void Loop::set_timer(Timer& timer, TimePoint due) {
    MQTT_ASSERT(in_loop_thread());
    impl_->timers.set(timer, due);
    impl_->timer_changed();
}

void Loop::watch(int descriptor, Watcher& watcher) {
    MQTT_ASSERT(in_loop_thread());
    impl_->poller().watch(descriptor, watcher);
}

void Loop::want_readable(int descriptor, Watcher&, bool on) {
    MQTT_ASSERT(in_loop_thread());
    impl_->poller().want_readable(descriptor, on);
}

void Loop::want_writable(int descriptor, Watcher& watcher) {
    MQTT_ASSERT(in_loop_thread());
    impl_->poller().want_writable(descriptor, watcher);
}

void Loop::unwatch(int descriptor, Watcher& watcher) {
    MQTT_ASSERT(in_loop_thread());
    impl_->poller().unwatch(descriptor, watcher);
    if (watcher.ready_place.at_ == 0) return;
    marked_[watcher.ready_place.at_ - 1] = nullptr;
    watcher.ready_place.at_ = 0;
}

void Loop::mark_ready(Watcher& watcher) {
    MQTT_ASSERT(in_loop_thread());
    if (watcher.ready_place.at_ != 0) return;
    marked_.push_back(&watcher);
    watcher.ready_place.at_ = static_cast<std::uint32_t>(marked_.size());
    impl_->request_turn();
}

void Loop::add_dirty(Flushable& flushable) {
    MQTT_ASSERT(in_loop_thread());
    dirty_.push_back(&flushable);
    flushable.dirty_place.at_ = static_cast<std::uint32_t>(dirty_.size());
    impl_->request_turn();
}

void Loop::unmark(Flushable& flushable) {
    if (flushable.dirty_place.at_ == 0) return;
    dirty_[flushable.dirty_place.at_ - 1] = nullptr;
    flushable.dirty_place.at_ = 0;
}

void Loop::retire_erased(void* object, void (*destroy)(void*)) {
    if (!object) return;
    retired_.push_back({object, destroy});
    impl_->request_turn();
}

bool Loop::has_work() const {
    return !marked_.empty() || !dirty_.empty() || !retired_.empty();
}

void Loop::begin_turn() {
    now_ = Clock::now();
}

void Loop::end_turn() {
    flush_dirty();
    staged_bytes_ = 0;
    read_block_ = 0;
    destroy_retired();
}

// Those who mark themselves again from inside come in the next turn, so that nobody holds it up.
void Loop::deliver_marked() {
    const std::size_t count = marked_.size();
    for (std::size_t i = 0; i < count; ++i) {
        Watcher* watcher = marked_[i];
        if (!watcher) continue;
        watcher->ready_place.at_ = 0;
        watcher->on_ready(Ready{.readable = true});
    }
    marked_.erase(marked_.begin(), marked_.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < marked_.size(); ++i) {
        if (marked_[i]) marked_[i]->ready_place.at_ = static_cast<std::uint32_t>(i + 1);
    }
}

void Loop::flush_dirty() {
    const std::size_t count = dirty_.size();
    for (std::size_t i = 0; i < count; ++i) {
        Flushable* flushable = dirty_[i];
        if (!flushable) continue;
        flushable->dirty_place.at_ = 0;
        flushable->on_flush();
    }
    dirty_.erase(dirty_.begin(), dirty_.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < dirty_.size(); ++i) {
        if (dirty_[i]) dirty_[i]->dirty_place.at_ = static_cast<std::uint32_t>(i + 1);
    }
}

void Loop::destroy_retired() {
    while (!retired_.empty()) {
        const Retired last = retired_.back();
        retired_.pop_back();
        last.destroy(last.object);
    }
}

void Loop::post(std::function<void()> task) {
    if (impl_->mailbox.push(std::move(task))) impl_->wake();
}

Loop::OwnEpoll& Loop::own_epoll() {
    auto& own = dynamic_cast<OwnEpoll&>(*impl_);
    own.thread.store(std::this_thread::get_id(), std::memory_order_relaxed);
    own.run_asio();  // what was begun between two runs: nothing in our set announces it
    return own;
}

void Loop::run() {
    OwnEpoll& own = own_epoll();
    while (!own.stopping.exchange(false))
        own.run_turn(TimePoint::max());
}

void Loop::run_until(TimePoint deadline) {
    OwnEpoll& own = own_epoll();
    do {
        own.run_turn(deadline);
    } while (!own.stopping.exchange(false) && Clock::now() < deadline);
}

void Loop::run_one(Duration patience) {
    own_epoll().run_turn(patience < Duration::zero() ? TimePoint::max() : Clock::now() + patience);
}

void Loop::run_turn(TimePoint now) {
    now_ = now;
    dynamic_cast<Simulated&>(*impl_).run_turn();
}

TimePoint Loop::next_turn() const {
    return has_work() || impl_->mailbox.has_mail() ? TimePoint::min() : impl_->timers.next_due();
}

void Loop::stop() {
    impl_->stopping = true;
    impl_->wake();
}

bool Loop::in_loop_thread() const {
    const std::thread::id id = impl_->thread.load(std::memory_order_relaxed);
    return id == std::thread::id() || id == std::this_thread::get_id();
}

}  // namespace mqtt::net
