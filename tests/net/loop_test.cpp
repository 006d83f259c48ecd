// The loop's turns, in both kinds of readiness: readiness, mailbox, timers, dirty list, retiring.
#include "net/loop.hpp"

#include <doctest/doctest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <thread>

#include "support/net_loop.hpp"
#include "support/socket_pair.hpp"

using namespace mqtt;
using namespace mqtt::net;
using namespace mqtt::test;
using namespace std::chrono_literals;

namespace {

struct Counter final : Watcher, Flushable, Timer {
    void on_ready(Ready ready) override {
        if (ready.readable) ++readable;
        if (ready.writable) ++writable;
        if (ready.ended) ++ended;
        if (action) action();
    }
    void on_flush() override {
        ++flushed;
        if (action) action();
    }
    void on_timer(TimePoint now) override { fired_at = now; }
    int readable = 0;
    int writable = 0;
    int ended = 0;
    int flushed = 0;
    TimePoint fired_at;
    std::function<void()> action;
};

// For the calling thread alone, and for good.
bool forget_system_call(unsigned number) {
    sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{static_cast<unsigned short>(std::size(steps)), steps};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

TEST_CASE("loop: readiness of a descriptor reaches its watcher") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        const SocketPair pair = make_unix_pair();
        Counter counter;
        counter.action = [&] {
            char buffer[16];
            while (::recv(pair.a, buffer, sizeof buffer, 0) > 0) {
            }
        };
        test.loop().watch(pair.a, counter);
        for (int i = 1; i <= 3; ++i) {
            REQUIRE(::send(pair.b, "x", 1, 0) == 1);
            CHECK(test.run_until([&] { return counter.readable >= i; }));
        }
        test.loop().unwatch(pair.a, counter);
        ::close(pair.a);
        ::close(pair.b);
    }
}

TEST_CASE("loop: an end that comes with data is announced by own_epoll") {
    TestLoop test;
    const SocketPair pair = make_tcp_pair();
    Counter counter;
    REQUIRE(::send(pair.b, "last words", 10, 0) == 10);
    ::close(pair.b);
    test.loop().watch(pair.a, counter);
    CHECK(test.run_until([&] { return counter.ended > 0; }));
    test.loop().unwatch(pair.a, counter);
    ::close(pair.a);
}

TEST_CASE("loop: writability is told once asked for") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        const SocketPair pair = make_unix_pair();
        Counter counter;
        test.loop().watch(pair.a, counter);
        char block[4096] = {};
        while (::send(pair.a, block, sizeof block, 0) > 0) {
        }
        test.loop().want_writable(pair.a, counter);
        CHECK(test.run_until([&] { return counter.writable > 0; }, 100ms) == false);
        while (::recv(pair.b, block, sizeof block, 0) > 0) {
        }
        CHECK(test.run_until([&] { return counter.writable > 0; }));
        test.loop().unwatch(pair.a, counter);
        ::close(pair.a);
        ::close(pair.b);
    }
}

TEST_CASE("loop: a watcher that left in the same turn is not called") {
    TestLoop test;
    const SocketPair first = make_unix_pair();
    const SocketPair second = make_unix_pair();
    Counter a;
    Counter b;
    test.loop().watch(first.a, a);
    test.loop().watch(second.a, b);
    a.action = [&] { test.loop().unwatch(second.a, b); };
    b.action = [&] { test.loop().unwatch(first.a, a); };
    REQUIRE(::send(first.b, "x", 1, 0) == 1);
    REQUIRE(::send(second.b, "x", 1, 0) == 1);
    CHECK(test.run_until([&] { return a.readable + b.readable > 0; }));
    CHECK(test.run_until([&] { return a.readable + b.readable > 1; }, 100ms) == false);
    for (const int fd : {first.a, first.b, second.a, second.b})
        ::close(fd);
}

TEST_CASE("loop: mark_ready calls again in the next turn, without a descriptor") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        Counter counter;
        counter.action = [&] {
            if (counter.readable < 3) test.loop().mark_ready(counter);
        };
        test.loop().mark_ready(counter);
        test.loop().mark_ready(counter);
        CHECK(test.run_until([&] { return counter.readable == 3; }));
    }
}

TEST_CASE("loop: the dirty are flushed once per turn, in order, and may leave the list") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        Counter a;
        Counter b;
        Counter c;
        std::string order;
        a.action = [&] {
            order += 'a';
            test.loop().unmark(b);
        };
        b.action = [&] { order += 'b'; };
        c.action = [&] {
            order += 'c';
            if (c.flushed < 2) test.loop().mark_dirty(c);
        };
        for (int i = 0; i < 2; ++i) {
            test.loop().mark_dirty(a);
            test.loop().mark_dirty(b);
            test.loop().mark_dirty(c);
        }
        CHECK(test.run_until([&] { return c.flushed == 2; }));
        CHECK(order == "acc");
    }
}

TEST_CASE("loop: a wheel timer wakes the loop") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        Counter counter;
        const TimePoint due = Clock::now() + 250ms;
        test.loop().set_timer(counter, due);
        CHECK(test.run_until([&] { return counter.fired_at != TimePoint(); }));
        CHECK(counter.fired_at >= due);
    }
}

TEST_CASE("loop: a kernel without epoll_pwait2 wakes it in time, and when something is ready") {
    std::thread([] {
        REQUIRE(forget_system_call(SYS_epoll_pwait2));
        TestLoop test(Loop::Readiness::own_epoll);
        const SocketPair pair = make_unix_pair();
        Counter counter;
        test.loop().watch(pair.a, counter);
        const TimePoint due = Clock::now() + 30ms;
        test.loop().set_timer(counter, due);
        CHECK(test.run_until([&] { return counter.fired_at != TimePoint(); }));
        CHECK(counter.fired_at >= due);
        REQUIRE(::send(pair.b, "x", 1, 0) == 1);
        CHECK(test.run_until([&] { return counter.readable > 0; }));
        test.loop().unwatch(pair.a, counter);
    }).join();
}

TEST_CASE("loop: what is retired dies when the turn has ended") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        struct Witness {
            explicit Witness(bool& g) : gone(g) {}
            ~Witness() { gone = true; }
            bool& gone;
        };
        bool gone = false;
        bool was_alive = false;
        test.loop().post([&] {
            test.loop().retire(std::make_unique<Witness>(gone));
            was_alive = !gone;
        });
        CHECK(test.run_until([&] { return gone; }));
        CHECK(was_alive);
    }
}

TEST_CASE("loop: posts of several threads arrive once each and in the order of each thread") {
    constexpr int kThreads = 4;
    constexpr int kPosts = 5000;
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        std::vector<int> next(kThreads, 0);
        bool in_order = true;
        int received = 0;
        std::vector<std::thread> threads;
        for (int t = 0; t < kThreads; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < kPosts; ++i) {
                    test.loop().post([&, t, i] {
                        in_order = in_order && next[static_cast<std::size_t>(t)]++ == i;
                        ++received;
                    });
                }
            });
        }
        CHECK(test.run_until([&] { return received == kThreads * kPosts; }));
        CHECK(in_order);
        for (std::thread& thread : threads)
            thread.join();
    }
}

TEST_CASE("loop: two loops on two threads talk through their mailboxes until stopped") {
    asio::io_context context_a{1};
    asio::io_context context_b{1};
    Loop a(context_a, Loop::Readiness::own_epoll);
    Loop b(context_b, Loop::Readiness::own_epoll);
    int hops = 0;
    std::function<void(Loop&, Loop&)> hop = [&](Loop& here, Loop& there) {
        if (++hops == 1000) {
            here.stop();
            there.stop();
            return;
        }
        there.post([&] { hop(there, here); });
    };
    a.post([&] { hop(a, b); });
    std::thread other([&] { b.run(); });
    a.run();
    other.join();
    CHECK(hops == 1000);
}

TEST_CASE("loop: what is queued in Asio runs too, and a coroutine's timer wakes the loop") {
    TestLoop test;
    bool posted = false;
    bool awaited = false;
    test.loop().post([&] { asio::post(test.context(), [&] { posted = true; }); });
    auto wait = [](bool* done) -> asio::awaitable<void> {
        asio::steady_timer timer(co_await asio::this_coro::executor);
        timer.expires_after(20ms);
        co_await timer.async_wait(asio::use_awaitable);
        *done = true;
    };
    asio::co_spawn(test.context(), wait(&awaited), asio::detached);
    CHECK(test.run_until([&] { return posted && awaited; }));
    // And back to the loop's own readiness.
    bool mailed = false;
    std::thread other([&] { test.loop().post([&] { mailed = true; }); });
    CHECK(test.run_until([&] { return mailed; }));
    other.join();
}

TEST_CASE("loop: a loop on a user's context lets the context end when nothing is watched") {
    asio::io_context context;
    Loop loop(context, Loop::Readiness::async_wait);
    bool ran = false;
    loop.post([&] { ran = true; });
    context.run();
    CHECK(ran);
}
