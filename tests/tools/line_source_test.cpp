// Lines of standard input, byte-exact, however they arrive.
#include "common/line_source.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>
#include <vector>

using tools::LineSource;

namespace {

enum class Taken { one_by_one, together, kept };

// Feeds `input` through a pipe in pieces of `chunk` bytes and collects the lines.
std::vector<std::string> lines_by(Taken how, const std::string& input, std::size_t chunk,
                                  char delimiter) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    LineSource source(ends[0], delimiter);
    std::vector<std::string> lines;
    std::vector<std::pair<mqtt::Bytes, std::shared_ptr<const void>>> kept;
    std::size_t turn = 0;
    const auto collect_one_by_one = [&] {
        while (const auto line = source.peek()) {
            lines.emplace_back(*line);
            CHECK(source.peek() == line);  // peeking again changes nothing
            source.take();
        }
    };
    const auto collect_together = [&] {
        while (!source.peek_some().empty()) {
            const auto some = source.peek_some();
            const std::size_t n = turn++ % 2 == 0 ? some.size() : 1;
            for (const mqtt::Bytes line : some.first(n)) {
                if (how == Taken::kept) kept.emplace_back(line, source.owner());
                if (how == Taken::together) lines.emplace_back(mqtt::as_text(line));
            }
            source.take_some(n);
        }
    };
    const auto collect = [&] {
        if (how == Taken::one_by_one) return collect_one_by_one();
        collect_together();
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
    for (const auto& [line, owner] : kept)
        lines.emplace_back(mqtt::as_text(line));
    return lines;
}

// In all ways, which have to agree.
std::vector<std::string> lines_of(const std::string& input, std::size_t chunk,
                                  char delimiter = '\n') {
    const auto lines = lines_by(Taken::one_by_one, input, chunk, delimiter);
    CHECK(lines_by(Taken::together, input, chunk, delimiter) == lines);
    CHECK(lines_by(Taken::kept, input, chunk, delimiter) == lines);
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

TEST_CASE("line source: what is kept stays as it is while blocks are used again") {
    std::string input;
    for (int i = 0; i < 60'000; ++i)
        input += std::to_string(i) + "\n";
    input += std::string(300'000, 'y') + "\nend";
    const auto lines = lines_of(input, 50'000);
    REQUIRE(lines.size() == 60'002);
    CHECK(lines[59'999] == "59999");
    CHECK(lines.back() == "end");
}
