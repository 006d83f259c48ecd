// The writer's thread on a store in memory: rounds of several shards, failures and their end, reading and copying
// between commits, and what becomes of all of it when the broker ends.
#include <doctest/doctest.h>

#include <condition_variable>

#include "broker/store/writer.hpp"
#include "support/memory_backend.hpp"
#include "support/test_broker.hpp"

using namespace ::test;
using namespace mqtt::broker::store;

namespace {

// What the writer says, from its thread.
class Said {
public:
    void say(std::string text) {
        const std::lock_guard lock(mutex_);
        lines_.push_back(std::move(text));
    }
    std::vector<std::string> lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }
    bool has(std::size_t count) const {
        return eventually([&] { return lines().size() >= count; });
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

struct Fixture {
    explicit Fixture(unsigned shards)
        : backend(new MemoryBackend)
        , writer(std::unique_ptr<Backend>(backend), shards,
                 [this](const Fault& fault) { told.say(fault ? fault.text : "mended"); }) {
        writer.start();
    }
    // One message and one session's entry for it, or nothing to add.
    void submit(std::uint64_t round, Key key) {
        std::unique_ptr<Batch> batch;
        if (key != 0) {
            batch = std::make_unique<Batch>();
            core::Message::Init init;
            init.topic = "t";
            const std::string payload = std::to_string(key);
            init.payload = as_bytes(payload);
            batch->messages.push_back({key, core::Message::create(init)});
            NewEntry& entry = batch->entries.emplace_back();
            entry.key = entry.message = key;
            entry.session = 1;
            batch->live = 2;
            batch->order = writer.next_order();
        }
        writer.submit({round, std::move(batch), [this, round](std::unique_ptr<Batch> back) {
                           done.say(std::to_string(round) + (back ? "" : " empty"));
                       }});
    }
    void fetch(std::vector<Key> keys) {
        writer.fetch(std::move(keys), [this](const std::vector<FoundMessage>& all) {
            std::string text;
            for (const FoundMessage& one : all)
                text += std::string(as_text(one.row().payload)) + ' ';
            found.say(text);
        });
    }

    MemoryBackend* backend;
    Said told;
    Said done;
    Said found;
    Writer writer;
};

}  // namespace

TEST_CASE(
    "writer: a round is complete when all shards have said what they have, and is one "
    "transaction") {
    Fixture f(2);
    f.submit(1, 256);
    f.submit(2, 512);
    f.fetch({256});
    REQUIRE(f.found.has(1));
    CHECK(f.found.lines().front().empty());
    CHECK(f.backend->writes() == 0);
    f.submit(1, 257);
    REQUIRE(f.done.has(2));
    CHECK(f.backend->writes() == 1);
    f.submit(2, 0);
    REQUIRE(f.done.has(4));
    CHECK(f.done.lines() == std::vector<std::string>{"1", "1", "2", "2 empty"});
    f.fetch({512, 999, 256, 257});
    REQUIRE(f.found.has(2));
    CHECK(f.found.lines().back() == "512 256 257 ");
}

TEST_CASE(
    "writer: what cannot be written is tried again with all that came since, and reading goes on "
    "meanwhile") {
    Fixture f(1);
    f.submit(1, 256);
    REQUIRE(f.done.has(1));
    f.backend->fails_to_write = true;
    f.submit(2, 512);
    f.submit(3, 768);
    REQUIRE(f.told.has(1));
    CHECK(f.writer.is_failing());
    for (std::size_t i = 1; i <= 50; ++i) {
        f.fetch({256, 512});
        REQUIRE(f.found.has(i));
        CHECK(f.found.lines().back() == "256 ");
    }
    CHECK(eventually([&] { return f.writer.figures().failures >= 3; }));
    CHECK(f.done.lines().size() == 1);
    f.backend->fails_to_write = false;
    REQUIRE(f.done.has(3));
    CHECK(eventually([&] { return !f.writer.is_failing(); }));
    CHECK(f.told.lines() == std::vector<std::string>{"no memory", "mended"});
    CHECK(f.backend->content().messages.size() == 3);
}

TEST_CASE("writer: what cannot be read waits by itself, and comes in the end") {
    Fixture f(1);
    f.submit(1, 256);
    REQUIRE(f.done.has(1));
    f.backend->fails_to_read = true;
    f.fetch({256});
    CHECK(eventually([&] { return f.writer.figures().failures >= 2; }));
    for (Key key = 2; key < 50; ++key)
        f.submit(key, key << 8);
    REQUIRE(f.done.has(49));
    CHECK(f.found.lines().empty());
    CHECK(!f.writer.is_failing());  // nothing has to be refused
    f.backend->fails_to_read = false;
    REQUIRE(f.found.has(1));
    CHECK(f.found.lines().front() == "256 ");
}

TEST_CASE("writer: copies part by part between commits, and says what becomes of them at the end") {
    Fixture f(1);
    for (Key key = 1; key <= 20; ++key)
        f.submit(key, key << 8);
    Said copied;
    f.writer.copy("a", [&](const Fault& fault) { copied.say(fault.text); });
    f.submit(21, 21 << 8);
    REQUIRE(copied.has(1));
    CHECK(copied.lines().front().empty());
    REQUIRE(f.done.has(21));
    // The disk is full at the end: nothing is lost without a word.
    f.backend->fails_to_write = true;
    f.submit(22, 22 << 8);
    REQUIRE(f.told.has(1));
    f.writer.stop();
    f.writer.copy("b", [&](const Fault& fault) { copied.say(fault.text); });
    CHECK(copied.lines().back() == "the broker has ended");
    CHECK(f.done.lines().size() == 21);
    CHECK(f.backend->content().messages.size() == 21);
}

TEST_CASE("writer: with nothing to do for a second the log is put in order, once") {
    Fixture f(1);
    f.submit(1, 256);
    CHECK(eventually([&] { return f.backend->idles == 1; }));
    f.submit(2, 512);
    REQUIRE(f.done.has(2));
    CHECK(f.backend->content().entries.size() == 2);
}
