// OutBuffer: order of copied and referenced bytes, partial consumption, memory that goes back.
#include "base/out_buffer.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "base/pool.hpp"

using mqtt::base::KeepAliveRef;
using mqtt::base::OutBuffer;

namespace {

int g_alive = 0;

class Owner final : public mqtt::base::Counted {
public:
    explicit Owner(std::string text) : text_(std::move(text)) { ++g_alive; }
    std::span<const std::uint8_t> bytes() const {
        return {reinterpret_cast<const std::uint8_t*>(text_.data()), text_.size()};
    }

private:
    ~Owner() { --g_alive; }
    void destroy() noexcept override { delete this; }
    std::string text_;
};

void append(OutBuffer& out, std::string_view text) {
    out.append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void append_owned(OutBuffer& out, std::string text) {
    mqtt::base::Ref<Owner> owner(new Owner(std::move(text)));
    out.append_reference(owner->bytes(), owner);
}

std::string gathered(const OutBuffer& out, int max = 64) {
    std::vector<iovec> parts(static_cast<std::size_t>(max));
    const int count = out.gather(parts.data(), max);
    std::string all;
    for (int i = 0; i < count; ++i) {
        const iovec& part = parts[static_cast<std::size_t>(i)];
        all.append(static_cast<const char*>(part.iov_base), part.iov_len);
    }
    return all;
}

}  // namespace

TEST_CASE("out buffer: copied and referenced bytes come out in the order of the calls") {
    OutBuffer out;
    append_owned(out, "first");
    append(out, "second");
    append_owned(out, "third");
    append_owned(out, "fourth");
    append(out, "fifth");
    CHECK(gathered(out) == "firstsecondthirdfourthfifth");
    CHECK(out.size_bytes() == 27);
}

TEST_CASE("out buffer: gather stops at its limit without losing the order") {
    OutBuffer out;
    append(out, "a");
    append_owned(out, "b");
    append(out, "c");
    append_owned(out, "d");
    CHECK(gathered(out, 1) == "a");
    CHECK(gathered(out, 2) == "ab");
    CHECK(gathered(out, 3) == "abc");
    CHECK(gathered(out, 4) == "abcd");
    CHECK(gathered(out, 0).empty());
}

TEST_CASE("out buffer: an owner lives exactly until its last byte is consumed") {
    OutBuffer out;
    append(out, "ab");
    append_owned(out, "cd");
    CHECK(g_alive == 1);
    out.consume(3);
    CHECK(g_alive == 1);
    CHECK(gathered(out) == "d");
    out.consume(1);
    CHECK(g_alive == 0);
    CHECK(out.empty());
}

TEST_CASE(
    "out buffer: what is lent is copied when its owner is asked back, as far as it is still "
    "there") {
    OutBuffer out;
    append(out, "first");
    const auto lend = [&](std::string text) {
        mqtt::base::Ref<Owner> owner(new Owner(std::move(text)));
        out.append_lent(owner->bytes(), owner);
    };
    for (int i = 0; i < 20; ++i)  // more than the first list of references holds
        lend(std::to_string(i) + "lent");
    append_owned(out, "owned");
    append(out, "last");
    const std::string all = gathered(out);
    CHECK(g_alive == 21);
    out.consume(12);  // "first0lent1l"
    CHECK(g_alive == 20);
    out.keep_lent();
    CHECK(g_alive == 1);
    CHECK(gathered(out) == all.substr(12));
    CHECK(out.size_bytes() == all.size() - 12);
    out.keep_lent();
    lend("again");
    CHECK(g_alive == 2);
    CHECK(gathered(out) == all.substr(12) + "again");
    const std::ptrdiff_t used = mqtt::base::pool_used_bytes();
    out.consume(out.size_bytes());
    CHECK(g_alive == 0);
    CHECK(mqtt::base::pool_used_bytes() < used);
}

TEST_CASE("out buffer: clear, move and destruction release the owners") {
    {
        OutBuffer out;
        append_owned(out, "x");
        OutBuffer other(std::move(out));
        CHECK(out.empty());
        CHECK(gathered(other) == "x");
        append_owned(out, "y");
        other = std::move(out);
        CHECK(g_alive == 1);
        CHECK(gathered(other) == "y");
        other.clear();
        CHECK(g_alive == 0);
        append_owned(other, "z");
    }
    CHECK(g_alive == 0);
}

TEST_CASE("out buffer: a drained buffer gives its memory back to the pool") {
    mqtt::base::pool_trim();
    OutBuffer out;
    append(out, std::string(5000, 'x'));
    append_owned(out, "y");
    const std::size_t before = mqtt::base::pool_kept_bytes();
    out.consume(out.size_bytes());
    OutBuffer fresh;
    append(fresh, "again");
    if (before == 0 && mqtt::base::pool_kept_bytes() != 0) {  // the pool is bypassed under ASan
        CHECK(mqtt::base::pool_kept_bytes() >= mqtt::base::pool_size_class(5000));
    }
    CHECK(gathered(out).empty());
    CHECK(gathered(fresh) == "again");
}

TEST_CASE("out buffer: random appends and consumptions equal a plain string") {
    std::mt19937 random(20240607);
    for (int round = 0; round < 200; ++round) {
        OutBuffer out;
        std::string expected;
        for (int step = 0; step < 60; ++step) {
            const auto size = random() % (round % 4 == 0 ? 5000u : 40u);
            const std::string text(size, static_cast<char>('a' + random() % 26));
            switch (random() % 3) {
            case 0:
                append(out, text);
                expected += text;
                break;
            case 1:
                append_owned(out, text);
                expected += text;
                break;
            default: {
                const std::size_t count = random() % (expected.size() + 1);
                out.consume(count);
                expected.erase(0, count);
            }
            }
            REQUIRE(out.size_bytes() == expected.size());
        }
        CHECK(gathered(out, 200) == expected);
        out.consume(expected.size());
        CHECK(out.empty());
    }
    CHECK(g_alive == 0);
}
