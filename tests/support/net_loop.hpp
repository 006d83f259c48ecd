// A Loop with its io_context for tests, run until a condition holds; and a consumer that collects.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>

#include "net/driver.hpp"
#include "net/loop.hpp"

namespace mqtt::test {

inline constexpr net::Loop::Readiness kBoth[] = {net::Loop::Readiness::own_epoll,
                                                 net::Loop::Readiness::async_wait};

// Both kinds of readiness behind one run_until. Deadlines are generous: they only end a hang.
class TestLoop {
public:
    explicit TestLoop(net::Loop::Readiness readiness = net::Loop::Readiness::own_epoll)
        : readiness_(readiness)
        , loop_(context_, readiness) {}

    net::Loop& loop() { return loop_; }
    asio::io_context& context() { return context_; }

    // True when `condition` came to hold.
    bool run_until(std::function<bool()> condition, Duration patience = std::chrono::seconds(10)) {
        const TimePoint deadline = Clock::now() + patience;
        while (!condition()) {
            if (Clock::now() > deadline) return false;
            run_one();
        }
        return true;
    }

    // One turn, waiting a little when nothing is to do.
    void run_one() {
        if (readiness_ == net::Loop::Readiness::own_epoll)
            return loop_.run_one(std::chrono::milliseconds(50));
        context_.restart();
        context_.run_one_for(std::chrono::milliseconds(50));
    }

private:
    asio::io_context context_{1};
    net::Loop::Readiness readiness_;
    net::Loop loop_;
};

// Collects what arrives; `limit` makes it leave bytes, `needed` is what it then asks for.
struct Collector final : net::ByteConsumer {
    net::Consumed on_bytes(Bytes bytes) override {
        ++calls;
        if (on_data) return on_data(bytes);
        text.append(as_text(bytes));
        return {bytes.size(), 0};
    }
    void on_closed(std::error_code e) override {
        ++closed;
        error = e;
        if (on_close) on_close();
    }
    void on_writable() override { ++writable; }

    std::string text;
    std::function<net::Consumed(Bytes)> on_data;
    std::function<void()> on_close;
    std::error_code error;
    int calls = 0;
    int closed = 0;
    int writable = 0;
};

}  // namespace mqtt::test
