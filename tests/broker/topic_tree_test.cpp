// The topic tree against the plain definition of matching, on random filters and topics; the match
// cache against the tree under changes; and what both are made of, slab and hash set.
#include "broker/topic_tree.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "base/pool.hpp"
#include "broker/match_cache.hpp"
#include "mqtt/topic.hpp"

using namespace mqtt;
using namespace mqtt::broker;

namespace {

struct Someone final : Subscriber {
    Someone() : Subscriber(SubscriberKind::session) {}
};

// Few words, so that much overlaps.
class Words {
public:
    explicit Words(unsigned seed) : random_(seed) {}
    std::string topic() { return join(false); }
    std::string filter() { return join(true); }
    std::size_t below(std::size_t limit) { return random_() % limit; }

private:
    std::string join(bool wild) {
        static const char* const kWords[] = {"a", "b", "c", "", "$x", "long-level-name"};
        std::string text;
        const std::size_t levels = 1 + below(4);
        for (std::size_t i = 0; i < levels; ++i) {
            if (i > 0) text += '/';
            const std::size_t dice = below(10);
            if (wild && dice == 0) return text + "#";
            text += wild && dice < 3 ? "+" : kWords[below(std::size(kWords))];
        }
        return text.empty() ? "a" : text;
    }
    std::mt19937 random_;
};

std::set<const Subscriber*> matching(TopicTree& tree, std::string_view topic) {
    std::set<const Subscriber*> found;
    tree.match(topic, [&](const TopicNode& node) {
        for (const Subscription* s = node.subscriptions; s != nullptr; s = s->next_in_node) {
            found.insert(s->subscriber);
        }
    });
    return found;
}

}  // namespace

TEST_CASE("topic tree: finds exactly what the definition of matching finds") {
    const unsigned seed = std::random_device{}();
    INFO("seed " << seed);
    Words words(seed);
    TopicTree tree;
    std::vector<std::unique_ptr<Someone>> people;
    std::multimap<const Subscriber*, std::string> filters;
    for (int i = 0; i < 300; ++i) {
        Someone& who = *people.emplace_back(std::make_unique<Someone>());
        for (std::size_t n = 0; n < 3; ++n) {
            const std::string filter = words.filter();
            if (tree.add(filter, who, {}, 0).is_new) filters.emplace(&who, filter);
        }
    }
    CHECK(tree.subscription_count() == filters.size());
    for (int i = 0; i < 2000; ++i) {
        const std::string topic = words.topic();
        std::set<const Subscriber*> expected;
        for (const auto& [who, filter] : filters) {
            if (topic_matches(filter, topic)) expected.insert(who);
        }
        INFO(topic);
        REQUIRE(matching(tree, topic) == expected);
        if (i % 4 != 0 || filters.empty()) continue;
        auto gone =
            std::next(filters.begin(), static_cast<std::ptrdiff_t>(words.below(filters.size())));
        Subscription* subscription = tree.find(gone->second, *gone->first);
        REQUIRE(subscription != nullptr);
        CHECK(TopicTree::filter_of(*subscription->node) == gone->second);
        tree.remove(*subscription);
        filters.erase(gone);
    }
    while (!filters.empty()) {
        tree.remove(*tree.find(filters.begin()->second, *filters.begin()->first));
        filters.erase(filters.begin());
    }
    CHECK(tree.node_count() == 0);
}

TEST_CASE("topic tree: a filter of 30,000 levels neither recurses nor lingers") {
    TopicTree tree;
    Someone who;
    std::string deep = "a";
    for (int i = 0; i < 30'000; ++i)
        deep += "/+";
    tree.add(deep, who, {}, 0);
    std::string topic = "a";
    for (int i = 0; i < 30'000; ++i)
        topic += "/x";
    CHECK(matching(tree, topic).size() == 1);
    tree.remove(*tree.find(deep, who));
    CHECK(tree.node_count() == 0);
}

TEST_CASE("match cache: answers as the tree does, whatever changes in between, within its bytes") {
    const unsigned seed = std::random_device{}();
    INFO("seed " << seed);
    Words words(seed);
    TopicTree tree;
    constexpr std::size_t kLimit = 16 * 1024;
    MatchCache cache(tree, kLimit);
    std::vector<std::unique_ptr<Someone>> people;
    for (int i = 0; i < 20; ++i)
        people.push_back(std::make_unique<Someone>());
    std::vector<std::pair<Someone*, std::string>> filters;
    for (int i = 0; i < 5000; ++i) {
        const std::size_t dice = words.below(10);
        if (dice == 0) {
            Someone& who = *people[words.below(people.size())];
            const std::string filter = words.filter();
            if (tree.add(filter, who, {}, 0).is_new) filters.emplace_back(&who, filter);
            cache.changed(filter);
        } else if (dice == 1 && !filters.empty()) {
            const std::size_t at = words.below(filters.size());
            tree.remove(*tree.find(filters[at].second, *filters[at].first));
            cache.changed(filters[at].second);
            filters.erase(filters.begin() + static_cast<std::ptrdiff_t>(at));
        }
        const std::string topic = words.topic();
        const Match& match = cache.look_up(topic);
        std::set<const Subscriber*> found;
        for (const Target& target : match.targets())
            found.insert(target.subscriber);
        CHECK(found.size() == match.targets().size());
        REQUIRE(found == matching(tree, topic));
    }
    CHECK(cache.memory_bytes() < 2 * kLimit);
    while (!filters.empty()) {
        tree.remove(*tree.find(filters.back().second, *filters.back().first));
        filters.pop_back();
    }
}

TEST_CASE("match cache: a change elsewhere costs no walk") {
    TopicTree tree;
    MatchCache cache(tree, 1 << 20);
    Someone who;
    tree.add("a/b", who, {}, 0);
    cache.look_up("a/b");
    const std::uint64_t walks = cache.misses();
    for (int i = 0; i < 50; ++i) {
        tree.add("c/" + std::to_string(i), who, {}, 0);
        cache.changed("c/" + std::to_string(i));
    }
    cache.look_up("a/b");
    CHECK(cache.misses() == walks);
    tree.add("a/#", who, {}, 0);
    cache.changed("a/#");
    cache.look_up("a/b");
    CHECK(cache.misses() == walks + 1);
    while (who.subscriptions != nullptr)
        tree.remove(*who.subscriptions);
}

// One table first, then many; growing, shrinking and finding must not lose anybody.
TEST_CASE("hash set: a hundred thousand come, are found, and go") {
    struct Thing {
        std::uint64_t hash;
        std::size_t number;
    };
    std::mt19937_64 random(7);
    std::vector<Thing> things(100'000);
    HashSet<Thing> set;
    const auto find = [&](const Thing& wanted) {
        return set.find(wanted.hash, [&](const Thing& t) { return t.number == wanted.number; });
    };
    for (std::size_t i = 0; i < things.size(); ++i) {
        // Some share their hash, some only the part of it that is kept.
        const std::uint64_t hash =
            i % 10 == 9 ? things[i - 1].hash ^ (i % 20 == 9 ? 0 : 1ull << 40) : random();
        things[i] = {hash, i};
        set.insert(hash, things[i]);
        if (i == 28'671 || i == 28'672) {  // it has just become many, or is about to
            for (std::size_t j = 0; j <= i; ++j)
                REQUIRE(find(things[j]) == &things[j]);
        }
    }
    CHECK(set.count() == things.size());
    std::size_t seen = 0;
    set.for_each([&](Thing&) { ++seen; });
    CHECK(seen == things.size());
    const std::size_t most = set.memory_bytes();
    for (std::size_t i = 0; i < things.size(); ++i) {
        if (i % 100 != 0) set.erase(things[i].hash, things[i]);
    }
    for (const Thing& thing : things)
        REQUIRE((find(thing) != nullptr) == (thing.number % 100 == 0));
    CHECK(set.count() == things.size() / 100);
    for (Thing& thing : things)
        set.erase(thing.hash, thing);
    CHECK(set.count() == 0);
    CHECK(set.memory_bytes() <= most);
}

TEST_CASE("slab: blocks do not overlap, are used again, and count as memory in use") {
    const std::ptrdiff_t before = base::pool_used_bytes();
    Slab slab;
    std::mt19937 random(3);
    struct Block {
        unsigned char* at;
        std::size_t size;
        unsigned char mark;
    };
    std::vector<Block> blocks;
    for (int round = 0; round < 20'000; ++round) {
        if (!blocks.empty() && random() % 3 == 0) {
            std::swap(blocks[random() % blocks.size()], blocks.back());
            const Block gone = blocks.back();
            blocks.pop_back();
            REQUIRE(std::count(gone.at, gone.at + gone.size, gone.mark) ==
                    static_cast<std::ptrdiff_t>(gone.size));
            slab.free(gone.at, gone.size);
            continue;
        }
        const std::size_t size = 8 + random() % (round % 50 == 0 ? 600 : 120);
        const auto mark = static_cast<unsigned char>(round);
        auto* at = static_cast<unsigned char*>(slab.allocate(size));
        REQUIRE(reinterpret_cast<std::uintptr_t>(at) % 8 == 0);
        std::fill_n(at, size, mark);
        blocks.push_back({at, size, mark});
    }
    std::size_t sum = 0;
    for (const Block& block : blocks)
        sum += block.size;
    CHECK(base::pool_used_bytes() - before >= static_cast<std::ptrdiff_t>(sum));
    for (const Block& block : blocks)
        slab.free(block.at, block.size);
    CHECK(base::pool_used_bytes() == before);
}
