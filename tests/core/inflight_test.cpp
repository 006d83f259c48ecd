// The ring of outgoing exchanges: ids, order, memory.
#include "core/inflight.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <set>
#include <vector>

using namespace mqtt;
using namespace mqtt::core;

namespace {

InflightEntry entry(InflightState state = InflightState::await_puback, std::uint64_t token = 0) {
    InflightEntry made;
    made.state = state;
    made.token = token;
    return made;
}

std::vector<PacketId> ids_of(Inflight& inflight) {
    std::vector<PacketId> ids;
    inflight.for_each([&](PacketId id, InflightEntry&) { ids.push_back(id); });
    return ids;
}

}  // namespace

TEST_CASE(
    "inflight: ids in use are all different and never 0, up to all 65,535 "
    "[MQTT-2.2.1-3] [MQTT-2.2.1-4] [MQTT311-2.3.1-1] [MQTT311-2.3.1-2] [MQTT311-2.3.1-4]") {
    Inflight inflight;
    std::set<PacketId> used;
    for (int i = 0; i < 65'535; ++i) {
        const PacketId id = inflight.add(entry());
        REQUIRE(id != 0);
        REQUIRE(used.insert(id).second);
    }
    CHECK(inflight.full());
    CHECK(inflight.add(entry()) == 0);
    inflight.remove(1);
    CHECK(inflight.add(entry()) == 1);
    CHECK(inflight.add(entry()) == 0);
}

TEST_CASE("inflight: an id is free again when its exchange is over [MQTT311-2.3.1-3]") {
    Inflight inflight;
    // More than one round through all ids, one exchange at a time.
    for (int i = 0; i < 200'000; ++i) {
        const PacketId id = inflight.add(entry());
        REQUIRE(id == i % 65'535 + 1);
        inflight.remove(id);
    }
    CHECK(inflight.empty());
    CHECK(inflight.find(1) == nullptr);
}

TEST_CASE("inflight: visits what is unfinished in the order of sending [MQTT-4.6.0-1]") {
    Inflight inflight;
    for (int i = 0; i < 65'530; ++i)
        inflight.remove(inflight.add(entry()));
    for (int i = 0; i < 10; ++i)
        inflight.add(entry());  // 65531 .. 65535, 1 .. 5
    inflight.remove(65'533);
    inflight.remove(65'531);
    inflight.remove(2);
    CHECK(ids_of(inflight) == std::vector<PacketId>{65'532, 65'534, 65'535, 1, 3, 4, 5});
    CHECK(inflight.count() == 7);
    CHECK(inflight.find(65'533) == nullptr);
    CHECK(inflight.find(0) == nullptr);
    CHECK(inflight.find(6) == nullptr);
    CHECK(inflight.find(5) != nullptr);
}

TEST_CASE("inflight: resends in order, from where it stopped") {
    Inflight inflight;
    for (int i = 0; i < 5; ++i)
        inflight.add(entry());
    inflight.for_each([](PacketId, InflightEntry& e) { e.await_resend = true; });
    PacketId from = 1;
    std::vector<PacketId> resent;
    while (InflightEntry* next = inflight.next_to_resend(from)) {
        next->await_resend = false;
        resent.push_back(from);
        if (resent.size() == 2) inflight.remove(1);  // the head moves past 1, then 2
        if (resent.size() == 2) inflight.remove(2);
    }
    CHECK(resent == std::vector<PacketId>{1, 2, 3, 4, 5});
}

TEST_CASE("inflight: counts PUBLISH apart from requests, and forgets what it is told to") {
    Inflight inflight;
    inflight.add(entry(InflightState::await_suback));
    inflight.add(entry(InflightState::await_pubrec));
    inflight.add(entry(InflightState::await_unsuback));
    inflight.add(entry(InflightState::await_puback));
    CHECK(inflight.count() == 4);
    CHECK(inflight.publish_count() == 2);
    inflight.remove_if([](const InflightEntry& e) {
        return e.state == InflightState::await_suback || e.state == InflightState::await_unsuback;
    });
    CHECK(ids_of(inflight) == std::vector<PacketId>{2, 4});
    Inflight moved = std::move(inflight);
    CHECK(inflight.empty());
    CHECK(ids_of(moved) == std::vector<PacketId>{2, 4});
    CHECK(moved.add(entry()) == 5);
    moved.clear();
    CHECK(moved.publish_count() == 0);
}

TEST_CASE("inflight: lets go of the message with its entry") {
    const MessageRef kept = Message::create({.topic = "t", .payload = {}});
    {
        Inflight inflight;
        InflightEntry e = entry();
        e.message = kept;
        for (int i = 0; i < 100; ++i)
            inflight.add(e);
        e = {};
        CHECK(kept->references() == 101);
        inflight.remove(1);
        inflight.remove(50);
        CHECK(kept->references() == 99);
    }
    CHECK(kept->references() == 1);
}

TEST_CASE("inflight: behaves like a plain list under random use") {
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Inflight inflight;
        std::deque<std::pair<PacketId, std::uint64_t>> model;
        for (std::uint64_t step = 0; step < 5'000; ++step) {
            const bool growing = (step / 500) % 2 == 0;
            if (model.empty() || random() % 10 < (growing ? 7u : 3u)) {
                const PacketId id = inflight.add(entry(InflightState::await_puback, step));
                REQUIRE(id != 0);
                model.emplace_back(id, step);
            } else {
                const auto at = static_cast<std::ptrdiff_t>(random() % model.size());
                const auto [id, token] = model[static_cast<std::size_t>(at)];
                REQUIRE(inflight.find(id) != nullptr);
                REQUIRE(inflight.find(id)->token == token);
                inflight.remove(id);
                model.erase(model.begin() + at);
            }
            REQUIRE(inflight.count() == model.size());
        }
        std::vector<PacketId> expected;
        for (const auto& [id, token] : model)
            expected.push_back(id);
        CHECK(ids_of(inflight) == expected);
    }
}

TEST_CASE("inflight: exchanges of an earlier process are put back in order, new ones go behind") {
    Inflight inflight;
    CHECK(!inflight.restore(0, entry()));
    CHECK(inflight.restore(65'530, entry(InflightState::await_puback, 1)));
    CHECK(inflight.restore(65'533, entry(InflightState::await_pubcomp, 2)));
    CHECK(inflight.restore(2, entry(InflightState::await_pubrec, 3)));
    CHECK(!inflight.restore(65'533, entry()));  // taken
    CHECK(!inflight.restore(65'531, entry()));  // before what is here
    CHECK(ids_of(inflight) == std::vector<PacketId>{65'530, 65'533, 2});
    CHECK(inflight.find(65'531) == nullptr);
    CHECK(inflight.find(2)->token == 3);
    CHECK(inflight.publish_count() == 3);
    CHECK(inflight.add(entry()) == 3);
    for (const PacketId id : {PacketId{65'530}, PacketId{65'533}, PacketId{2}, PacketId{3}})
        inflight.remove(id);
    CHECK(inflight.empty());
    CHECK(inflight.add(entry()) == 4);
    CHECK(!inflight.restore(4, entry()));
    CHECK(inflight.restore(3, entry()));  // as far behind 4 as can be
    CHECK(inflight.full());
}
