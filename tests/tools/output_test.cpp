// Standard output: everything appended is written, and a reader that has gone is told apart.
#include "common/output.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <thread>

using tools::Output;

TEST_CASE("output: more than a pipe holds arrives whole") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    std::string received;
    std::thread reader([&] {
        char block[4096];
        for (ssize_t n = 0; (n = ::read(ends[0], block, sizeof block)) > 0;) {
            received.append(block, static_cast<std::size_t>(n));
        }
    });
    const std::string sent(1 << 20, 'x');
    Output output(ends[1]);
    output.buffer() = sent;
    CHECK(output.is_large());
    CHECK(output.flush());
    CHECK(output.is_empty());
    ::close(ends[1]);
    reader.join();
    ::close(ends[0]);
    CHECK(received == sent);
}

TEST_CASE("output: a closed pipe ends it with EPIPE, and it stays broken") {
    std::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    ::close(ends[0]);
    Output output(ends[1]);
    output.buffer() = "x";
    CHECK_FALSE(output.flush());
    CHECK(output.errno_value() == EPIPE);
    output.buffer() = "y";
    CHECK_FALSE(output.flush());
    CHECK(output.is_empty());
    ::close(ends[1]);
}
