// The pool: size classes, reuse, bounds, threads; and what stands on it allocates nothing when warm.
// Under AddressSanitizer the pool keeps nothing by design; then only contents are checked.
#include "base/pool.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "core/decode.hpp"
#include "core/encode.hpp"
#include "core/message.hpp"
#include "support/allocations.hpp"

using namespace mqtt;
using namespace mqtt::base;

namespace {

bool pool_keeps() {
    pool_free(pool_allocate(64), 64);
    return pool_kept_bytes() != 0;
}

// What a broker does with a message between two flushes, 100 times over.
std::size_t forward_messages(ProtocolVersion version, Bytes stream) {
    OutBuffer out;
    std::vector<std::uint8_t> scratch;
    scratch.reserve(256);
    const std::size_t before = mqtt::test::allocations();
    for (int i = 0; i < 100; ++i) {
        const core::FrameResult found = core::find_frame(stream, 0);
        const auto publish = core::decode_publish(found.frame, version);
        const auto split = core::split_publish_properties(publish->properties, scratch);
        core::Message::Init init;
        init.topic = publish->topic;
        init.properties = split.forwardable;
        init.payload = publish->payload;
        const core::MessageRef message = core::Message::create(init);
        core::OutgoingPublish outgoing;
        outgoing.topic = message->topic();
        outgoing.properties = message->properties();
        outgoing.payload = message->payload();
        outgoing.owner = message;
        for (int subscriber = 0; subscriber < 10; ++subscriber) {
            core::encode(out, version, outgoing);
        }
        iovec parts[32];
        REQUIRE(out.gather(parts, 32) > 0);
        out.consume(out.size_bytes());
    }
    return mqtt::test::allocations() - before;
}

}  // namespace

TEST_CASE("pool: a class holds what was asked for and wastes at most a quarter") {
    for (std::size_t bytes = 1; bytes <= kLargestPooledBytes; bytes += 1 + bytes / 97) {
        const std::size_t size = pool_size_class(bytes);
        REQUIRE(size >= bytes);
        if (bytes > 64) REQUIRE(size - bytes <= size / 4);
        REQUIRE(pool_size_class(size) == size);
    }
    for (std::size_t power = 64; power <= kLargestPooledBytes; power *= 2) {
        CHECK(pool_size_class(power) == power);
    }
    CHECK(pool_size_class(kLargestPooledBytes + 1) == kLargestPooledBytes + 1);
}

TEST_CASE("pool: blocks are distinct, writable to their end, and reused") {
    std::vector<std::pair<void*, std::size_t>> blocks;
    for (std::size_t bytes = 1; bytes < 200'000; bytes = bytes * 3 / 2 + 1) {
        void* block = pool_allocate(bytes);
        std::memset(block, static_cast<int>(bytes), bytes);
        blocks.emplace_back(block, bytes);
    }
    for (const auto& [block, bytes] : blocks) {
        const auto* content = static_cast<const unsigned char*>(block);
        CHECK(content[0] == static_cast<unsigned char>(bytes));
        CHECK(content[bytes - 1] == static_cast<unsigned char>(bytes));
        pool_free(block, bytes);
    }
    pool_free(nullptr, 10);
    if (!pool_keeps()) return;
    const std::size_t before = mqtt::test::allocations();
    for (auto& [block, bytes] : blocks)
        block = pool_allocate(bytes);
    CHECK(mqtt::test::allocations() == before);
    for (const auto& [block, bytes] : blocks)
        pool_free(block, bytes);
}

TEST_CASE("pool: each class keeps a bounded number of bytes, trim gives all back") {
    const std::size_t expected = pool_keeps() ? kKeptBytesPerClass : 0;
    pool_trim();
    CHECK(pool_kept_bytes() == 0);
    std::vector<void*> blocks;
    for (int i = 0; i < 20; ++i)
        blocks.push_back(pool_allocate(kLargestPooledBytes));
    for (void* block : blocks)
        pool_free(block, kLargestPooledBytes);
    CHECK(pool_kept_bytes() == expected);
    pool_trim();
    CHECK(pool_kept_bytes() == 0);
}

TEST_CASE("pool: a block may be freed on another thread, also one that ends") {
    void* block = pool_allocate(100);
    void* from_thread = nullptr;
    std::thread([&] {
        pool_free(block, 100);
        from_thread = pool_allocate(5000);
    }).join();
    std::memset(from_thread, 1, 5000);
    pool_free(from_thread, 5000);
}

TEST_CASE("pool: decoding, keeping and forwarding messages allocates nothing when warm") {
    PropertyList properties;
    properties.add(PropertyId::topic_alias, 3).add_user("k", "v");
    for (const std::size_t size : {100u, 2048u, 20'000u}) {
        const std::string payload(size, 'p');
        for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
            Publish publish;
            publish.topic = "building/floor/temperature";
            publish.properties = properties;
            publish.payload = as_bytes(payload);
            OutBuffer in;
            core::encode(in, version, publish);
            iovec part{};
            in.gather(&part, 1);
            const Bytes stream(static_cast<const std::uint8_t*>(part.iov_base), part.iov_len);
            forward_messages(version, stream);
            const std::size_t allocations = forward_messages(version, stream);
            CHECK((allocations == 0) == pool_keeps());
        }
    }
}
