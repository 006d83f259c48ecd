// The histogram and its interval log, exactly.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "mqtt-bench/hdr_log.hpp"
#include "mqtt-bench/histogram.hpp"
#include "mqtt-bench/schedule.hpp"

namespace mqtt::bench {

TEST_CASE("histogram: every value falls into a bucket no wider than a thousandth of it") {
    for (std::uint64_t value = 1; value <= Histogram::kHighest; value += value / 7 + 1) {
        const std::uint32_t index = Histogram::index_of(value);
        REQUIRE(index < Histogram::kBuckets);
        REQUIRE(Histogram::lowest_of(index) <= value);
        REQUIRE(Histogram::highest_of(index) >= value);
        REQUIRE((Histogram::highest_of(index) - Histogram::lowest_of(index)) * 1000 <= value);
    }
}

TEST_CASE("histogram: buckets follow each other without gap or overlap") {
    for (std::uint32_t i = 0; i + 1 < Histogram::kBuckets; ++i) {
        REQUIRE(Histogram::highest_of(i) + 1 == Histogram::lowest_of(i + 1));
    }
}

TEST_CASE("histogram: percentiles agree with sorted samples to three digits") {
    Random random(42);
    Histogram histogram;
    std::vector<std::uint64_t> samples;
    for (int i = 0; i < 100'000; ++i) {
        const auto value = static_cast<std::uint64_t>(random.exponential() * 3e6);
        samples.push_back(value);
        histogram.record(static_cast<std::int64_t>(value));
    }
    std::sort(samples.begin(), samples.end());
    for (const double p : {0.01, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
        const auto exact = samples[static_cast<std::size_t>(std::ceil(p * 100'000 - 1e-6)) - 1];
        const auto got = histogram.at(p);
        CHECK(got >= exact);
        CHECK(static_cast<double>(got - exact) <= static_cast<double>(exact) * 0.001 + 1);
    }
    CHECK(histogram.max() == samples.back());
    CHECK(histogram.min() == samples.front());
}

TEST_CASE("histogram: merging equals recording into one") {
    Random random(7);
    Histogram both;
    Histogram a;
    Histogram b;
    for (int i = 0; i < 10'000; ++i) {
        const auto value = static_cast<std::int64_t>(random.below(10'000'000));
        both.record(value);
        (i % 3 == 0 ? a : b).record(value);
    }
    a.merge(b);
    a.merge(Histogram());
    CHECK(a.count() == both.count());
    CHECK(a.min() == both.min());
    CHECK(a.max() == both.max());
    CHECK(a.mean() == doctest::Approx(both.mean()));
    for (std::uint32_t i = 0; i < Histogram::kBuckets; ++i) {
        REQUIRE(a.count_at_index(i) == both.count_at_index(i));
    }
}

TEST_CASE("histogram: copies and what was moved keep every sample") {
    Histogram first;
    first.record(17);
    first.record(2'000'000'000);
    Histogram second = first;
    second.record(5);
    CHECK(first.count() == 2);
    CHECK(second.count() == 3);
    first = second;
    CHECK(first.at(0.3) == 5);
    const Histogram third = std::move(first);
    CHECK(third.count() == 3);
    first = third;  // moved from, assigned to
    CHECK(first.count() == 3);
    CHECK(first.max() == 2'000'000'000);
}

TEST_CASE("histogram: clearing leaves nothing behind") {
    Histogram histogram;
    histogram.record(5);
    histogram.record(Histogram::kHighest);
    histogram.clear();
    CHECK(histogram.empty());
    for (std::uint32_t i = 0; i < Histogram::kBuckets; ++i) {
        REQUIRE(histogram.count_at_index(i) == 0);
    }
}

TEST_CASE("histogram: values out of range count at the ends, never outside") {
    Histogram histogram;
    histogram.record(-5);
    histogram.record(std::int64_t{1} << 62);
    CHECK(histogram.count() == 2);
    CHECK(histogram.min() == 0);
    CHECK(histogram.max() == Histogram::kHighest);
}

TEST_CASE("histogram: a percentile is given only when ten samples lie above it") {
    Histogram histogram;
    for (int i = 0; i < 999; ++i)
        histogram.record(1000);
    CHECK_FALSE(histogram.supported(0.99));
    CHECK(histogram.supported(0.9) == 1000);
    histogram.record(1000);
    CHECK(histogram.supported(0.99) == 1000);
    CHECK_FALSE(histogram.supported(0.999));
}

TEST_CASE("histogram: samples above a limit are counted") {
    Histogram histogram;
    for (int i = 1; i <= 100; ++i)
        histogram.record(i);
    CHECK(histogram.count_above(90) == 10);
    CHECK(histogram.count_above(100) == 0);
    CHECK(histogram.count_above(0) == 100);
}

TEST_CASE("hdr log: base64 is that of RFC 4648") {
    const auto encode = [](std::string_view text) {
        return encode_base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    };
    CHECK(encode("") == "");
    CHECK(encode("f") == "Zg==");
    CHECK(encode("fo") == "Zm8=");
    CHECK(encode("foo") == "Zm9v");
    CHECK(encode("foobar") == "Zm9vYmFy");
    CHECK_FALSE(decode_base64("Zg="));
    CHECK_FALSE(decode_base64("Zg!="));
    CHECK(decode_base64("Zm8=") == std::vector<std::uint8_t>{'f', 'o'});
}

TEST_CASE("hdr log: what is written is read back bucket by bucket") {
    Random random(3);
    Histogram histogram;
    for (int i = 0; i < 200'000; ++i) {
        histogram.record(static_cast<std::int64_t>(random.exponential() * 1e7));
    }
    histogram.record(17, 1'000'000'000'000);  // a count that needs many LEB128 bytes
    const auto line = parse_hdr_log_line(hdr_log_line("e2e", 12.5, 1.0, histogram));
    REQUIRE(line);
    CHECK(line->tag == "e2e");
    CHECK(line->start == 12.5);
    CHECK(line->length == 1.0);
    CHECK(line->histogram.count() == histogram.count());
    for (std::uint32_t i = 0; i < Histogram::kBuckets; ++i) {
        REQUIRE(line->histogram.count_at_index(i) == histogram.count_at_index(i));
    }
}

TEST_CASE("hdr log: an empty interval is a valid line") {
    const auto line = parse_hdr_log_line(hdr_log_line("ack", 0, 1, Histogram()));
    REQUIRE(line);
    CHECK(line->histogram.empty());
}

TEST_CASE("hdr log: comments, cut and altered lines are refused") {
    Histogram histogram;
    histogram.record(1234567);
    const std::string good = hdr_log_line("e2e", 1, 1, histogram);
    CHECK(parse_hdr_log_line(good));
    CHECK_FALSE(parse_hdr_log_line("#[Histogram log format version 1.3]"));
    CHECK_FALSE(parse_hdr_log_line("\"StartTimestamp\",\"Interval_Length\""));
    CHECK_FALSE(parse_hdr_log_line(""));
    for (std::size_t cut = 1; cut + 1 < good.size(); ++cut) {
        REQUIRE_FALSE(parse_hdr_log_line(good.substr(0, cut)));
    }
    std::string altered = good;
    altered[altered.size() - 12] = altered[altered.size() - 12] == 'A' ? 'B' : 'A';
    CHECK_FALSE(parse_hdr_log_line(altered));
}

}  // namespace mqtt::bench
