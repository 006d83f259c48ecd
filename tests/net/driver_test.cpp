// The driver over real sockets and over streams that fail, block or write short at call N.
#include "net/driver.hpp"

#include <doctest/doctest.h>

#include "support/faulty_stream.hpp"
#include "support/net_loop.hpp"
#include "support/socket_pair.hpp"

using namespace mqtt;
using namespace mqtt::net;
using namespace mqtt::test;
using namespace std::chrono_literals;

namespace {

struct Side {
    Side(Loop& loop, std::unique_ptr<ByteStream> stream)
        : driver(loop, std::move(stream), consumer) {}
    void send(std::string_view text) {
        driver.out().append(as_bytes(text));
        driver.mark_dirty();
    }
    Collector consumer;
    Driver driver;
};

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (n > 0)
            text.remove_prefix(static_cast<std::size_t>(n));
        else
            REQUIRE(errno == EAGAIN);
    }
}

// Frames of the tests: "<length as 4 digits><payload>", shown whole.
Consumed take_frames(Bytes bytes, std::vector<std::string>& frames) {
    Consumed consumed;
    std::string_view text = as_text(bytes);
    while (text.size() >= 8) {
        const std::size_t size = 8 + std::stoul(std::string(text.substr(0, 8)));
        if (text.size() < size) {
            consumed.needed = size;
            break;
        }
        frames.emplace_back(text.substr(8, size - 8));
        text.remove_prefix(size);
        consumed.bytes += size;
    }
    return consumed;
}

std::string frame(const std::string& payload) {
    std::string length = std::to_string(payload.size());
    return std::string(8 - length.size(), '0') + length + payload;
}

}  // namespace

TEST_CASE("driver: two sides exchange what they stage") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        const SocketPair pair = make_tcp_pair();
        Side a(test.loop(), plain(pair.a));
        Side b(test.loop(), plain(pair.b));
        a.driver.start();
        b.driver.start();
        a.send("hello");
        b.send("world");
        CHECK(test.run_until(
            [&] { return a.consumer.text == "world" && b.consumer.text == "hello"; }));
        CHECK(a.driver.bytes_sent() == 5);
        CHECK(a.driver.bytes_received() == 5);
    }
}

TEST_CASE("driver: frames arrive whole whatever the pieces they are written in") {
    const std::string wire =
        frame("first") + frame(std::string(300, 'x')) + frame("") + frame("last");
    for (std::size_t piece = 1; piece <= wire.size(); piece += piece < 30 ? 1 : 37) {
        TestLoop test;
        const SocketPair pair = make_unix_pair();
        Side a(test.loop(), plain(pair.a));
        std::vector<std::string> frames;
        a.consumer.on_data = [&](Bytes bytes) { return take_frames(bytes, frames); };
        a.driver.start();
        for (std::size_t at = 0; at < wire.size(); at += piece) {
            write_all(pair.b, std::string_view(wire).substr(at, piece));
            test.loop().run_one(1ms);
        }
        REQUIRE(test.run_until([&] { return frames.size() == 4; }));
        CHECK(frames[1] == std::string(300, 'x'));
        CHECK(frames[3] == "last");
        ::close(pair.b);
    }
}

TEST_CASE("driver: a packet larger than the read buffer is collected, with its neighbours") {
    TestLoop test;
    const SocketPair pair = make_tcp_pair();
    Side a(test.loop(), plain(pair.a));
    std::vector<std::string> frames;
    a.consumer.on_data = [&](Bytes bytes) { return take_frames(bytes, frames); };
    a.driver.start();
    std::string big(3'000'000, 'b');
    for (std::size_t i = 0; i < big.size(); ++i)
        big[i] = static_cast<char>('a' + i % 26);
    const std::string wire =
        frame("before") + frame(big) + frame("after") + frame(big) + frame("end");
    std::string_view left = wire;
    CHECK(test.run_until([&] {
        const ssize_t n = ::send(pair.b, left.data(), left.size(), MSG_NOSIGNAL);
        if (n > 0) left.remove_prefix(static_cast<std::size_t>(n));
        return frames.size() == 5;
    }));
    CHECK(frames[0] == "before");
    CHECK(frames[1] == big);
    CHECK(frames[2] == "after");
    CHECK(frames[3] == big);
    // Shown again only when the claimed size is there: not once per read.
    CHECK(a.consumer.calls < 40);
    ::close(pair.b);
}

TEST_CASE("driver: a stuck socket keeps the rest and tells when it is drained") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        const SocketPair pair = make_tcp_pair();
        Side a(test.loop(), plain(pair.a));
        a.driver.start();
        const std::string chunk(64 * 1024, 'c');
        std::size_t staged = 0;
        CHECK(test.run_until([&] {
            if (a.driver.is_blocked()) return true;
            a.send(chunk);
            staged += chunk.size();
            return false;
        }));
        CHECK(a.driver.backlog_bytes() > 0);
        CHECK(a.consumer.writable == 0);
        Side b(test.loop(), plain(pair.b));
        b.driver.start();
        CHECK(test.run_until([&] { return b.consumer.text.size() == staged; }));
        CHECK(a.consumer.writable == 1);
        CHECK(a.driver.backlog_bytes() == 0);
    }
}

TEST_CASE(
    "driver: large packets leave from where they were read, and are copied when the socket is "
    "stuck") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        const SocketPair in = make_tcp_pair();
        const SocketPair out = make_tcp_pair();
        Side a(test.loop(), plain(in.a));
        Side b(test.loop(), plain(out.a));
        std::size_t taken = 0, lent = 0, large = 0;
        a.consumer.on_data = [&](Bytes bytes) {
            b.driver.stage_received(bytes);
            b.driver.mark_dirty();
            iovec pieces[64];
            const int count = b.driver.out().gather(pieces, 64);
            if (count > 0 && pieces[count - 1].iov_base == bytes.data()) ++lent;
            if (bytes.size() >= Driver::kLendFrom) ++large;
            taken += bytes.size();
            return Consumed{bytes.size(), 0};
        };
        a.driver.start();
        b.driver.start();
        write_all(in.b, "small");
        CHECK(test.run_until([&] { return taken == 5; }));
        CHECK(lent == 0);
        std::string wire(24'000'000, ' ');  // more than the sockets hold
        for (std::size_t i = 0; i < wire.size(); ++i)
            wire[i] = static_cast<char>(i * 2'654'435'761u >> 24);
        std::string_view left = wire;
        CHECK(test.run_until([&] {
            const ssize_t n = ::send(in.b, left.data(), left.size(), MSG_NOSIGNAL);
            if (n > 0) left.remove_prefix(static_cast<std::size_t>(n));
            return taken == 5 + wire.size();
        }));
        CHECK(lent > 0);
        CHECK(lent < large);
        CHECK(b.driver.is_blocked());
        Side c(test.loop(), plain(out.b));
        c.driver.start();
        CHECK(test.run_until([&] { return c.consumer.text.size() == 5 + wire.size(); }));
        CHECK(c.consumer.text.substr(5) == wire);
        ::close(in.b);
    }
}

TEST_CASE("driver: pausing keeps what is unconsumed and resuming shows it") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        const SocketPair pair = make_tcp_pair();
        Side a(test.loop(), plain(pair.a));
        std::string seen;
        a.consumer.on_data = [&](Bytes bytes) {
            seen += static_cast<char>(bytes[0]);
            a.driver.pause_reading();
            return Consumed{1, 0};
        };
        a.driver.start();
        write_all(pair.b, "abcdef");
        CHECK(test.run_until([&] { return seen == "a"; }));
        CHECK(test.run_until([&] { return seen.size() > 1; }, 60ms) == false);
        for (int i = 0; i < 5; ++i) {
            a.driver.resume_reading();
            CHECK(test.run_until([&] { return seen.size() == static_cast<std::size_t>(i + 2); }));
        }
        CHECK(seen == "abcdef");
        a.driver.resume_reading();
        write_all(pair.b, "g");
        CHECK(test.run_until([&] { return seen == "abcdefg"; }));
        ::close(pair.b);
    }
}

TEST_CASE("driver: parsing stops when the turn is full and goes on after the flush") {
    TestLoop test;
    const SocketPair pair = make_tcp_pair();
    Side a(test.loop(), plain(pair.a));
    std::string seen;
    a.consumer.on_data = [&](Bytes bytes) {
        seen += static_cast<char>(bytes[0]);
        test.loop().staged_bytes() += Loop::kTurnBytes;
        return Consumed{1, 0};
    };
    a.driver.start();
    write_all(pair.b, "abc");
    CHECK(test.run_until([&] { return seen == "abc"; }));
    ::close(pair.b);
}

TEST_CASE("driver: the end that arrives together with the last bytes is seen") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        const SocketPair pair = make_tcp_pair();
        Side a(test.loop(), plain(pair.a));
        write_all(pair.b, "goodbye");
        ::close(pair.b);
        a.driver.start();
        CHECK(test.run_until([&] { return a.consumer.closed == 1; }));
        CHECK(a.consumer.text == "goodbye");
        CHECK(!a.consumer.error);
        CHECK(a.driver.is_open() == false);
    }
}

TEST_CASE("driver: what the peer said before it reset the connection is still read") {
    TestLoop test;
    const SocketPair pair = make_unix_pair();
    Side a(test.loop(), plain(pair.a));
    a.driver.start();
    a.driver.pause_reading();
    write_all(pair.b, "reason");
    ::close(pair.b);
    a.send("into the void");
    a.driver.flush();
    a.driver.resume_reading();
    CHECK(test.run_until([&] { return a.consumer.closed == 1; }));
    CHECK(a.consumer.text == "reason");
}

TEST_CASE("driver: a paused connection whose write fails is closed") {
    TestLoop test;
    const SocketPair pair = make_unix_pair();
    Side a(test.loop(), plain(pair.a));
    a.driver.start();
    a.driver.pause_reading();
    ::close(pair.b);
    a.send("into the void");
    CHECK(test.run_until([&] { return a.consumer.closed == 1; }));
    CHECK(a.consumer.error == std::errc::broken_pipe);
}

TEST_CASE("driver: closing gracefully sends what is staged and waits for the peer's end") {
    for (const auto readiness : kBoth) {
        TestLoop test(readiness);
        const SocketPair pair = make_tcp_pair();
        Side a(test.loop(), plain(pair.a));
        Side b(test.loop(), plain(pair.b));
        a.driver.start();
        b.driver.start();
        // Unread input at close would turn it into a reset, and the last words would be lost.
        b.send("noise");
        a.send(std::string(500'000, 'z') + "last words");
        a.driver.close_gracefully();
        CHECK(a.driver.is_open() == false);
        CHECK(test.run_until([&] { return b.consumer.closed == 1; }));
        CHECK(b.consumer.text.size() == 500'010);
        CHECK(!b.consumer.error);
        CHECK(test.run_until([&] { return a.consumer.closed == 1; }));
        CHECK(a.consumer.text.empty());
    }
}

TEST_CASE("driver: a peer that never closes does not hold up a graceful close beyond its linger") {
    TestLoop test;
    const SocketPair pair = make_tcp_pair();
    Side a(test.loop(), plain(pair.a));
    a.driver.start();
    a.driver.close_gracefully(200ms);
    CHECK(test.run_until([&] { return a.consumer.closed == 1; }));
    ::close(pair.b);
}

TEST_CASE("driver: aborting inside on_bytes ends everything without a callback") {
    TestLoop test;
    const SocketPair pair = make_tcp_pair();
    Side a(test.loop(), plain(pair.a));
    a.consumer.on_data = [&](Bytes bytes) {
        a.driver.abort();
        return Consumed{bytes.size(), 0};
    };
    a.driver.start();
    write_all(pair.b, "x");
    CHECK(test.run_until([&] { return !a.driver.is_open(); }));
    CHECK(test.run_until([&] { return a.consumer.closed > 0; }, 60ms) == false);
    ::close(pair.b);
}

TEST_CASE("driver: a connection moves to another loop with its unread and unsent bytes") {
    TestLoop first;
    TestLoop second;
    const SocketPair pair = make_tcp_pair();
    Side a(first.loop(), plain(pair.a));
    a.consumer.on_data = [&](Bytes) {
        a.driver.pause_reading();
        return Consumed{1, 0};
    };
    a.driver.start();
    write_all(pair.b, "Connect and more");
    REQUIRE(first.run_until([&] { return a.driver.is_paused(); }));
    a.driver.out().append(as_bytes("unsent"));
    Driver::Parts parts = a.driver.release();
    CHECK(a.driver.is_open() == false);
    CHECK(as_text(parts.unread) == "onnect and more");

    Side moved(second.loop(), std::move(parts.stream));
    moved.driver.start(parts.unread);
    moved.driver.out() = std::move(parts.unsent);
    moved.driver.mark_dirty();
    write_all(pair.b, "!");
    CHECK(second.run_until([&] { return moved.consumer.text == "onnect and more!"; }));
    char buffer[16];
    CHECK(::recv(pair.b, buffer, sizeof buffer, 0) == 6);
    ::close(pair.b);
}

TEST_CASE("driver: a stream that fails, blocks, ends or goes short at call N loses nothing else") {
    // 40 kB each way in many flushes; every fault at every call of the conversation.
    for (const Fault fault : {Fault::fail_read, Fault::fail_write, Fault::end, Fault::short_read,
                              Fault::short_write, Fault::want_write_on_read, Fault::block_write}) {
        const bool is_fatal =
            fault == Fault::fail_read || fault == Fault::fail_write || fault == Fault::end;
        for (int n = 1; n < 100; ++n) {
            CAPTURE(static_cast<int>(fault));
            CAPTURE(n);
            FaultPlan plan{fault, n};
            TestLoop test;
            const SocketPair pair = make_tcp_pair();
            Side a(test.loop(), std::make_unique<FaultyStream>(plain(pair.a), plan));
            Side b(test.loop(), plain(pair.b));
            std::vector<std::string> at_a;
            std::vector<std::string> at_b;
            a.consumer.on_data = [&](Bytes bytes) { return take_frames(bytes, at_a); };
            b.consumer.on_data = [&](Bytes bytes) {
                const std::size_t before = at_b.size();
                const Consumed consumed = take_frames(bytes, at_b);
                for (std::size_t i = before; i < at_b.size(); ++i)
                    b.send(frame(at_b[i]));
                return consumed;
            };
            a.driver.start();
            b.driver.start();
            for (std::size_t i = 0; i < 8; ++i) {
                a.send(frame(std::string(5000, static_cast<char>('a' + i))));
                test.loop().run_one(0ms);
            }
            REQUIRE(test.run_until([&] { return at_a.size() == 8 || a.consumer.closed == 1; }));
            if (!plan.fired || !is_fatal) {
                REQUIRE(at_a.size() == 8);
                for (std::size_t i = 0; i < 8; ++i)
                    CHECK(at_a[i] == std::string(5000, static_cast<char>('a' + i)));
            } else {
                CHECK(a.consumer.closed == 1);
            }
            if (!plan.fired) break;
        }
    }
}
