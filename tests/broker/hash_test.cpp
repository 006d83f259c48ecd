// Hashes are kept in stores: by them it is found who was at home where.
#include <doctest/doctest.h>

#include "broker/hash.hpp"

using namespace mqtt::broker;

TEST_CASE("hash: texts of all lengths have the values that stores were written with") {
    struct Row {
        std::size_t size;
        std::uint64_t value;
    };
    constexpr Row kRows[] = {
        {0, 0x2CE36CC5C70272C5},  {1, 0x926F78D0A22DB82C},  {3, 0xE755EDB387397D11},
        {4, 0xCA271EC9316F5AD0},  {7, 0xA1C6E7DBA499EB1D},  {8, 0x438D046DA61A783F},
        {9, 0x2267EDA1498188F4},  {16, 0x9DFFD1CF3B2D0C19}, {17, 0x3FC48EAA6BFB9213},
        {35, 0x8C3324F4F8E9CE9C},
    };
    constexpr std::string_view kText = "sensors/kitchen/temperature/celsius";
    for (const Row& row : kRows) {
        CAPTURE(row.size);
        CHECK(hash_bytes(kText.substr(0, row.size), 0x1234567890ABCDEF) == row.value);
    }
}
