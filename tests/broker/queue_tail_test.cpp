// Packed places of long queues: they come back as they were, in order, and take next to no memory.
#include "broker/queue_tail.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/pool.hpp"
#include "broker/extra_references.hpp"
#include "core/inflight.hpp"

namespace {

using namespace mqtt;
using namespace mqtt::broker;

std::vector<std::uint32_t> ids_of(const Place& place) {
    if (place.subscription_ids) {
        const auto ids = static_cast<const core::SubscriptionIds&>(*place.subscription_ids).ids();
        return {ids.begin(), ids.end()};
    }
    if (place.subscription_id != 0) return {place.subscription_id};
    return {};
}

bool is_same(const Place& a, const Place& b) {
    return a.entry == b.entry && a.message == b.message && a.size_bytes == b.size_bytes &&
           a.shared_tag == b.shared_tag && a.qos == b.qos && a.retain == b.retain &&
           ids_of(a) == ids_of(b);
}

// One after the other, with what real traffic varies now and then.
class Places {
public:
    explicit Places(unsigned seed) : random_(seed) {}

    Place next(bool is_regular) {
        place_.entry += below(is_regular ? 1 : 5) * 256 + 256;
        place_.message += below(is_regular ? 1 : 5) * 256 + 256;
        if (is_regular) return place_;
        if (one_in(2)) place_.size_bytes = 100 + below(60);
        if (one_in(40)) place_.qos = static_cast<QoS>(below(3));
        if (one_in(40)) place_.retain = !place_.retain;
        if (one_in(100)) change_ids();
        if (one_in(100)) place_.shared_tag = below(3);
        if (one_in(200)) change_shards();
        return place_;
    }

private:
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_()) % limit;
    }
    bool one_in(std::uint32_t n) { return below(n) == 0; }
    void change_ids() {
        std::vector<std::uint32_t> ids(below(4));
        for (std::uint32_t& id : ids)
            id = 1 + below(268'435'455);
        place_.subscription_id = ids.size() == 1 ? ids.front() : 0;
        place_.subscription_ids = {};
        if (ids.size() > 1) place_.subscription_ids = core::SubscriptionIds::create(ids);
    }
    // After a start on other threads; messages of other entries are older, too.
    void change_shards() {
        place_.entry = ((place_.entry >> 8) + 1) << 8 | below(8);
        place_.message = (1 + (place_.message >> 8) / (1 + below(3))) << 8 | below(8);
    }

    std::mt19937 random_;
    Place place_{256, 256, 176, 0, {}, 0, QoS::at_least_once, false};
};

}  // namespace

TEST_CASE("queue tail: places come back as they were, whatever the traffic") {
    for (unsigned seed = 0; seed < 20; ++seed) {
        INFO("seed " << seed);
        Places places(seed);
        std::string packed;
        PlacePacker packer;
        std::vector<Place> wanted;
        for (int i = 0; i < 2'000; ++i) {
            wanted.push_back(places.next(i / 50 % 2 == 0));
            packer.add(wanted.back(), packed);
        }
        packer.finish(packed);
        const std::vector<Place> found = unpack_places(packed);
        CHECK(std::ranges::equal(found, wanted, is_same));
    }
    CHECK(unpack_places({}).empty());
}

TEST_CASE(
    "queue tail: 100,000 messages take less than a byte each, or six where none is like the "
    "other") {
    for (const bool is_regular : {true, false}) {
        const std::ptrdiff_t before = base::pool_used_bytes();
        {
            Places places(1);
            QueueTail tail;
            for (int i = 0; i < 100'000; ++i)
                tail.push(places.next(is_regular));
            CHECK(tail.count() == 100'000);
            CHECK(base::pool_used_bytes() - before < (is_regular ? 100'000 : 600'000));
        }
        CHECK(base::pool_used_bytes() == before);
    }
}

TEST_CASE(
    "queue tail: what came from it comes back, and what one membership got can be taken out") {
    const std::ptrdiff_t before = base::pool_used_bytes();
    for (unsigned seed = 0; seed < 20; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        Places places(seed);
        QueueTail tail;
        std::vector<Place> wanted;
        const auto push = [&](unsigned count) {
            const bool is_one_members = random() % 4 == 0;
            for (unsigned i = 0; i < count; ++i) {
                Place place = places.next(random() % 2 == 0);
                place.shared_tag = is_one_members ? 1 : static_cast<std::uint32_t>(random() % 3);
                wanted.push_back(place);
                tail.push(place);
            }
        };
        const auto pop = [&] {
            const QueueTail::Stretch first = tail.pop();
            const std::vector<Place> packed = unpack_places(first.packed);
            CHECK(first.count == packed.size());
            CHECK(std::equal(packed.begin(), packed.end(), wanted.begin(), is_same));
            std::size_t gone = packed.size();
            // The last of them come back.
            if (gone > 10 && random() % 2 == 0) {
                gone /= 2;
                tail.push_front(std::span<const Place>(packed).subspan(gone));
            }
            wanted.erase(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(gone));
        };
        for (int round = 0; round < 30; ++round) {
            push(static_cast<unsigned>(random() % 400));
            while (!tail.empty() && random() % 3 != 0)
                pop();
            if (round % 10 == 5) {
                QueueTail taken;
                tail.take(1, taken);
                std::vector<Place> gone;
                std::erase_if(wanted, [&](const Place& place) {
                    if (place.shared_tag == 1) gone.push_back(place);
                    return place.shared_tag == 1;
                });
                CHECK(taken.count() == gone.size());
                std::vector<Place> found;
                while (!taken.empty()) {
                    for (const Place& place : unpack_places(taken.pop().packed))
                        found.push_back(place);
                }
                CHECK(std::ranges::equal(found, gone, is_same));
                CHECK(taken.size_bytes() == 0);
            }
            CHECK(tail.count() == wanted.size());
        }
        while (!tail.empty())
            pop();
        CHECK(wanted.empty());
        CHECK(tail.size_bytes() == 0);
    }
    CHECK(base::pool_used_bytes() == before);
}

TEST_CASE("queue tail: references beyond the first are counted, of messages near and far") {
    std::mt19937 random(7);
    const std::ptrdiff_t before = base::pool_used_bytes();
    {
        ExtraReferences references;
        std::map<store::Key, int> wanted;
        for (int i = 0; i < 20'000; ++i) {
            const store::Key key = (random() % 4 * 1'000'000 + random() % 300) << 8 | random() % 3;
            if (random() % 2 == 0) {
                references.add(key);
                ++wanted[key];
            } else {
                const bool is_there = wanted[key] != 0;
                CHECK(references.take(key) == is_there);
                if (is_there) --wanted[key];
            }
        }
        for (auto& [key, count] : wanted) {
            for (; count != 0; --count)
                CHECK(references.take(key));
            CHECK_FALSE(references.take(key));
        }
        CHECK(base::pool_used_bytes() - before < 400);  // one that is spare
    }
    CHECK(base::pool_used_bytes() == before);
}
