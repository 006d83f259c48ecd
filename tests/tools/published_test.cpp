// What a reload replaces while threads look at it.
#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "mqtt-broker-lite/published.hpp"

using tools::broker_lite::Published;

TEST_CASE("published: each thread has the newest value, and the last one to look ends the old") {
    Published<int> published;
    published.set(std::make_shared<const int>(0));
    constexpr int kLast = 2'000;
    std::atomic<bool> is_in_order = true;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            for (int seen = 0; seen != kLast;) {
                const int now = published.look();
                if (now < seen) is_in_order = false;
                seen = now;
            }
        });
    }
    for (int i = 1; i <= kLast; ++i)
        published.set(std::make_shared<const int>(i));
    for (std::thread& thread : threads)
        thread.join();
    CHECK(is_in_order);
    CHECK(published.look() == kLast);
}

TEST_CASE(
    "published: a look at what has not changed counts nothing; two objects are not mixed up") {
    const auto first = std::make_shared<const int>(1);
    Published<int> one, other;
    one.set(first);
    other.set(std::make_shared<const int>(7));
    CHECK(&one.look() == first.get());
    const long held = first.use_count();  // by this thread, by the object, here
    CHECK(held == 3);
    for (int i = 0; i < 100; ++i)
        CHECK(&one.look() == first.get());
    CHECK(first.use_count() == held);
    CHECK(other.look() == 7);
    CHECK(one.look() == 1);
    one.set(std::make_shared<const int>(2));
    CHECK(first.use_count() == 2);  // here it is still looked at
    CHECK(one.look() == 2);
    CHECK(first.use_count() == 1);
}
