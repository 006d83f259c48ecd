// A session's waiting messages beside a std::deque that is told the same: order, sizes and memory,
// over the borders of the ring and of the blocks behind it.
#include "broker/queue.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <random>
#include <string>

#include "base/pool.hpp"
#include "broker/queue_blocks.hpp"

using namespace mqtt;
using namespace mqtt::broker;

namespace {

constexpr std::size_t kBlock = QueueBlocks::kPlacesPerBlock;

// Queue and model. A message is known by its subscription identifier.
class Pair {
public:
    explicit Pair(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t limit) { return random_() % limit; }
    std::size_t count() const { return model_.size(); }

    void push() {
        Expected expected{++last_, below(8) == 0, 0, std::make_unique<StoredEntry>()};
        QueuedMessage queued;
        queued.subscription_id = expected.number;
        queued.token = DeliveryToken(*expected.entry);
        queued.message = message_of(expected.number);
        expected.size_bytes = queued.size_bytes();
        if (expected.is_on_disk) {
            expected.entry->size_bytes = static_cast<std::uint32_t>(expected.size_bytes);
            queued.message = {};
        }
        queue_.push(std::move(queued));
        model_.push_back(std::move(expected));
    }
    void pop() {
        check(queue_.front(), model_.front());
        queue_.pop();
        model_.pop_front();
    }
    // What an acknowledged read does, and what becomes of it when its client leaves.
    void load_or_unload() {
        const std::size_t place = below(count());
        Expected& expected = model_[place];
        if (expected.is_on_disk)
            queue_.load(place, message_of(expected.number));
        else
            queue_.unload(place);
        expected.is_on_disk = !expected.is_on_disk;
        check(queue_.at(place), expected);
    }
    void take_from(std::size_t place) {
        const std::vector<QueuedMessage> taken = queue_.take_from(place);
        REQUIRE(taken.size() == count() - place);
        for (std::size_t i = 0; i < taken.size(); ++i)
            check(taken[i], model_[place + i]);
        model_.erase(model_.begin() + static_cast<std::ptrdiff_t>(place), model_.end());
    }
    void take_each(std::uint32_t nth) {
        const auto is_wanted = [nth](std::uint32_t number) { return number % nth == 0; };
        const std::vector<QueuedMessage> taken = queue_.take_if(
            [&](const QueuedMessage& queued) { return is_wanted(queued.subscription_id); });
        std::size_t next = 0;
        std::erase_if(model_, [&](const Expected& expected) {
            if (!is_wanted(expected.number)) return false;
            REQUIRE(next < taken.size());
            check(taken[next++], expected);
            return true;
        });
        CHECK(next == taken.size());
    }
    void clear() {
        queue_.clear();
        model_.clear();
    }
    void check_all() {
        std::size_t bytes = 0;
        std::size_t bytes_on_disk = 0;
        for (std::size_t i = 0; i < count(); ++i) {
            check(queue_.at(i), model_[i]);
            bytes += model_[i].size_bytes;
            if (model_[i].is_on_disk) bytes_on_disk += model_[i].size_bytes;
        }
        CHECK(queue_.empty() == model_.empty());
        CHECK(queue_.count() == count());
        CHECK(queue_.places() == count());
        CHECK(queue_.size_bytes() == bytes);
        CHECK(queue_.bytes_on_disk() == bytes_on_disk);
    }

private:
    struct Expected {
        std::uint32_t number;
        bool is_on_disk;
        std::size_t size_bytes;
        std::unique_ptr<StoredEntry> entry;
    };

    static core::MessageRef message_of(std::uint32_t number) {
        const std::string payload(number % 50 * 8, 'x');
        return core::Message::create({.topic = "t", .payload = as_bytes(payload)});
    }
    static void check(const QueuedMessage& queued, const Expected& expected) {
        REQUIRE(queued.subscription_id == expected.number);
        REQUIRE(queued.is_on_disk() == expected.is_on_disk);
        REQUIRE(queued.token.entry() == expected.entry.get());
        REQUIRE(queued.size_bytes() == expected.size_bytes);
    }

    std::deque<Expected> model_;  // has the entries that the queue refers to
    Queue queue_;
    std::mt19937 random_;
    std::uint32_t last_ = 0;
};

// Messages of which nothing is counted.
QueuedMessage nothing(StoredEntry& entry) {
    QueuedMessage queued;
    queued.token = DeliveryToken(entry);
    return queued;
}

std::size_t used_since(std::ptrdiff_t before) {
    return static_cast<std::size_t>(base::pool_used_bytes() - before);
}

}  // namespace

TEST_CASE("queue: it does what a deque does, around every border") {
    const std::ptrdiff_t before = base::pool_used_bytes();
    for (unsigned seed = 0; seed < 30; ++seed) {
        INFO("seed " << seed);
        Pair pair(seed);
        for (int round = 0; round < 60; ++round) {
            const std::size_t most = pair.below(3) == 0 ? 10 : 4 * kBlock;
            for (std::size_t n = pair.below(most); n != 0; --n)
                pair.push();
            for (std::size_t n = pair.below(most); n != 0 && pair.count() != 0; --n) {
                pair.pop();
                if (pair.below(3) == 0) pair.push();
            }
            for (std::size_t n = pair.below(20); n != 0 && pair.count() != 0; --n)
                pair.load_or_unload();
            if (pair.below(3) == 0) pair.take_from(pair.below(pair.count() + 1));
            if (pair.below(4) == 0) pair.take_each(static_cast<std::uint32_t>(1 + pair.below(5)));
            if (pair.below(20) == 0) pair.clear();
            pair.check_all();
        }
    }
    CHECK(base::pool_used_bytes() == before);
}

TEST_CASE("queue: what is taken from each place on leaves the rest, wherever the ring began") {
    const std::ptrdiff_t before = base::pool_used_bytes();
    for (const std::size_t popped :
         {std::size_t{0}, std::size_t{3}, kBlock - 1, kBlock, kBlock + 5}) {
        for (std::size_t place = 0; place <= 2 * kBlock + 10; ++place) {
            Pair pair(1);
            while (pair.count() < kBlock)
                pair.push();
            for (std::size_t i = 0; i < popped; ++i) {
                pair.push();
                pair.pop();
            }
            while (pair.count() < 2 * kBlock + 10)
                pair.push();
            pair.take_from(place);
            pair.check_all();
            pair.push();
            pair.push();
            pair.check_all();
        }
    }
    CHECK(base::pool_used_bytes() == before);
}

TEST_CASE(
    "queue: none takes no memory, a short one little, and a long one gives it back as it goes") {
    static_assert(sizeof(Queue) == sizeof(void*));
    constexpr std::size_t kLong = 1'000;
    const std::ptrdiff_t before = base::pool_used_bytes();
    StoredEntry entry;
    Queue queue;
    CHECK(used_since(before) == 0);
    for (int i = 0; i < 4; ++i)
        queue.push(nothing(entry));
    CHECK(used_since(before) <= 192);
    while (queue.count() < kLong * kBlock)
        queue.push(nothing(entry));
    constexpr std::size_t kBlockBytes = kBlock * sizeof(QueuedMessage);
    while (queue.count() > 1) {
        if (queue.count() % kBlock == 0)
            REQUIRE(used_since(before) <= (queue.count() / kBlock + 3) * kBlockBytes);
        queue.pop();
    }
    CHECK(used_since(before) <= 3 * kBlockBytes);
    queue.pop();
    CHECK(used_since(before) == 0);
}

TEST_CASE("queue: what waits in a long one stays where it is") {
    StoredEntry entry;
    Queue queue;
    while (queue.count() < kBlock)
        queue.push(nothing(entry));
    std::vector<const QueuedMessage*> where;
    for (std::size_t i = 0; i < kBlock; ++i)
        where.push_back(&queue.at(i));
    for (std::size_t i = kBlock; i < 100 * kBlock; ++i) {
        queue.push(nothing(entry));
        where.push_back(&queue.at(i));
    }
    for (const QueuedMessage* place : where) {
        REQUIRE(&queue.front() == place);
        queue.pop();
    }
}
