// Durations, sizes, rates and ranges.
#include "common/units.hpp"

#include <doctest/doctest.h>

#include "common/flags.hpp"

using namespace tools;
using namespace std::chrono_literals;

TEST_CASE("units: durations take units, a bare number counts in seconds") {
    CHECK(parse_duration("-W", "2") == 2s);
    CHECK(parse_duration("-W", "0.1") == 100ms);
    CHECK(parse_duration("-W", "500ms") == 500ms);
    CHECK(parse_duration("-W", "1h30m") == 90min);
    CHECK(parse_duration("-W", "250us") == 250us);
    CHECK(parse_duration("-W", "1d") == 24h);
    for (const char* bad : {"", "x", "-1", "1x", "1h2", "s", "1e400", "1 s"}) {
        CAPTURE(bad);
        CHECK_THROWS_WITH_AS(parse_duration("-W", bad), doctest::Contains("'-W'"), UsageError);
    }
}

TEST_CASE("units: sizes and rates") {
    CHECK(parse_size("-s", "64") == 64);
    CHECK(parse_size("-s", "4k") == 4000);
    CHECK(parse_size("-s", "1.5M") == 1'500'000);
    CHECK(parse_size("-s", "2GiB") == 2'147'483'648);
    CHECK_THROWS_AS(parse_size("-s", "4q"), UsageError);
    CHECK_THROWS_AS(parse_size("-s", "-4"), UsageError);
    CHECK(parse_rate("-r", "50") == doctest::Approx(50));
    CHECK(parse_rate("-r", "50k/s") == doctest::Approx(50'000));
    CHECK(parse_rate("-r", "600/m") == doctest::Approx(10));
    CHECK_THROWS_AS(parse_rate("-r", "5/x"), UsageError);
}

TEST_CASE("units: integers are whole and within their range") {
    CHECK(parse_integer("-q", "2", 0, 2) == 2);
    for (const char* bad : {"3", "-1", "", "1x", " 1", "1.0", "99999999999999999999"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(parse_integer("-q", bad, 0, 2), UsageError);
    }
}

TEST_CASE("units: durations for people") {
    CHECK(format_duration(1500ms) == "1.5 s");
    CHECK(format_duration(250us) == "250 us");
    CHECK(format_duration(90min) == "90 min");
}
