// Lines of standard input, byte-exact, however they arrive.
#include "common/line_source.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>
#include <vector>

using tools::LineSource;

namespace {

// Feeds `input` through a pipe in pieces of `chunk` bytes and collects the lines.
std::vector<std::string> lines_of(const std::string& input, std::size_t chunk,
                                  char delimiter = '\n') {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    LineSource source(ends[0], delimiter);
    std::vector<std::string> lines;
    const auto collect = [&] {
        while (const auto line = source.peek()) {
            lines.emplace_back(*line);
            CHECK(source.peek() == line);  // peeking again changes nothing
            source.take();
        }
    };
    for (std::size_t at = 0; at < input.size(); at += chunk) {
        const std::size_t n = std::min(chunk, input.size() - at);
        REQUIRE(::write(ends[1], input.data() + at, n) == static_cast<ssize_t>(n));
        CHECK(source.fill());
        collect();
    }
    ::close(ends[1]);
    CHECK_FALSE(source.fill());
    CHECK(source.has_ended());
    collect();
    ::close(ends[0]);
    return lines;
}

}  // namespace

TEST_CASE("line source: empty lines, carriage returns, NUL and a last line without newline stay") {
    const std::string input("a\n\nb\r\nx\0y\nlast", 14);
    const std::vector<std::string> expected{"a", "", "b\r", std::string("x\0y", 3), "last"};
    for (std::size_t chunk = 1; chunk <= input.size(); ++chunk)
        CHECK(lines_of(input, chunk) == expected);
    CHECK(lines_of("", 1).empty());
    CHECK(lines_of("\n", 1) == std::vector<std::string>{""});
    CHECK(lines_of(std::string("a\nb\0c", 5), 3, '\0') == std::vector<std::string>{"a\nb", "c"});
}

TEST_CASE("line source: a line longer than every buffer arrives whole") {
    const std::string line(1 << 20, 'x');
    const auto lines = lines_of(line + "\nshort\n", 60'000);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] == line);
    CHECK(lines[1] == "short");
}
