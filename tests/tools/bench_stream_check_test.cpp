// Loss, duplicates and order, counted exactly against a brute-force model.
#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "mqtt-bench/schedule.hpp"
#include "mqtt-bench/stream_check.hpp"

namespace mqtt::bench {

namespace {

// What the definitions say, with unbounded memory.
struct Model {
    std::set<std::uint64_t> seen;
    std::uint64_t highest = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t reordered = 0;

    void on_message(std::uint64_t sequence) {
        if (!seen.insert(sequence).second) {
            ++duplicates;
        } else if (seen.size() > 1 && sequence < highest) {
            ++reordered;
        }
        if (sequence > highest) highest = sequence;
    }
};

}  // namespace

TEST_CASE("stream check: an orderly stream is all in order") {
    StreamChecks checks;
    const std::uint32_t stream = checks.add_streams(1);
    for (std::uint64_t s = 0; s < 1000; ++s) {
        REQUIRE(checks.on_message(stream, s, false) == StreamChecks::Kind::in_order);
    }
    CHECK(checks.counts().received == 1000);
    CHECK(checks.counts().distinct() == 1000);
    CHECK(checks.lost_of(stream, 1000) == 0);
    CHECK(checks.lost_of(stream, 1003) == 3);
}

TEST_CASE(
    "stream check: dropping every 1,000th, repeating every 1,500th, swapping every 2,000th "
    "is counted exactly") {
    StreamChecks checks;
    const std::uint32_t stream = checks.add_streams(1);
    constexpr std::uint64_t kSent = 300'000;
    std::uint64_t dropped = 0;
    std::uint64_t repeated = 0;
    std::uint64_t swapped = 0;
    for (std::uint64_t s = 0; s < kSent; ++s) {
        const std::uint64_t n = s + 1;
        if (n % 2000 == 1999) {  // swaps with the next, which is then not dropped
            checks.on_message(stream, s + 1, false);
            checks.on_message(stream, s, false);
            ++swapped;
            ++s;
            continue;
        }
        if (n % 1000 == 0) {
            ++dropped;
            continue;
        }
        checks.on_message(stream, s, false);
        if (n % 1500 == 0) {
            checks.on_message(stream, s, false);
            ++repeated;
        }
    }
    REQUIRE(dropped == 150);
    REQUIRE(swapped == 150);
    CHECK(checks.counts().duplicates == repeated);
    CHECK(checks.counts().reordered == swapped);
    CHECK(checks.counts().distinct() == kSent - dropped);
    CHECK(checks.lost_of(stream, kSent) == dropped);
}

TEST_CASE("stream check: random loss, repetition and lateness agree with an unbounded model") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        StreamChecks checks;
        const std::uint32_t stream = checks.add_streams(1);
        Model model;
        std::vector<std::uint64_t> late;
        const auto deliver = [&](std::uint64_t s) {
            checks.on_message(stream, s, false);
            model.on_message(s);
        };
        constexpr std::uint64_t kSent = 3000;
        for (std::uint64_t s = 0; s < kSent; ++s) {
            const std::uint64_t dice = random.below(100);
            if (dice < 3) continue;
            if (dice < 10) {
                late.push_back(s);
                continue;
            }
            if (dice < 12) s += random.below(200);  // a gap wider than the window
            deliver(s);
            if (dice > 96) deliver(model.highest - random.below(model.highest + 1) / 4);
            if (dice > 80 && !late.empty()) {
                deliver(late.back());
                late.pop_back();
            }
        }
        CHECK(checks.counts().duplicates == model.duplicates);
        CHECK(checks.counts().reordered == model.reordered);
        CHECK(checks.counts().distinct() == model.seen.size());
        CHECK(checks.lost_of(stream, model.highest + 5) == model.highest + 5 - model.seen.size());
    }
}

TEST_CASE("stream check: duplicates marked DUP are counted apart") {
    StreamChecks checks;
    const std::uint32_t stream = checks.add_streams(1);
    for (std::uint64_t s = 0; s < 200; ++s)
        checks.on_message(stream, s, false);
    checks.on_message(stream, 199, true);
    checks.on_message(stream, 3, true);  // older than the window
    checks.on_message(stream, 150, false);
    CHECK(checks.counts().flagged_duplicates == 2);
    CHECK(checks.counts().duplicates == 1);
    CHECK(checks.lost_of(stream, 200) == 0);
}

TEST_CASE("stream check: a subscriber that joins in the middle misses nothing before") {
    StreamChecks checks(true);
    const std::uint32_t stream = checks.add_streams(1);
    checks.on_message(stream, 5'000'000, false);
    checks.on_message(stream, 5'000'001, false);
    checks.on_message(stream, 5'000'003, false);
    CHECK(checks.missing_below_next(stream) == 1);
    CHECK(checks.counts().reordered == 0);
}

TEST_CASE("stream check: streams do not touch each other") {
    StreamChecks checks;
    checks.add_streams(3);
    for (std::uint64_t s = 0; s < 100; ++s) {
        checks.on_message(0, s, false);
        if (s % 2 == 0) checks.on_message(1, s, false);
    }
    CHECK(checks.lost_of(0, 100) == 0);
    CHECK(checks.lost_of(1, 100) == 50);
    CHECK(checks.lost_of(2, 100) == 100);
}

TEST_CASE("shared check: members together get every message once, in any order") {
    SharedCheck a;
    SharedCheck b;
    for (std::uint64_t s = 0; s < 1000; ++s)
        (s % 3 == 0 ? a : b).on_message(0, 999 - s, false);
    a.on_message(0, 999, false);  // again on the same worker
    b.on_message(0, 999, false);  // and on the other one
    b.on_message(1, 4, false);
    a.merge(b);
    CHECK(a.distinct_of(0) == 1000);
    CHECK(a.distinct_of(1) == 1);
    CHECK(a.distinct_of(2) == 0);
    CHECK(a.counts().received == 1003);
    CHECK(a.counts().duplicates == 2);
}

}  // namespace mqtt::bench
