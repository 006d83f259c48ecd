// The set of unreleased QoS 2 packet ids.
#include "core/qos2_inbox.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

using namespace mqtt;
using namespace mqtt::core;

TEST_CASE(
    "qos2 inbox: a repeated id is known until it is released "
    "[MQTT-4.3.3-10] [MQTT-4.3.3-12]") {
    Qos2Inbox inbox;
    CHECK(inbox.insert(7));
    CHECK_FALSE(inbox.insert(7));
    CHECK(inbox.contains(7));
    CHECK_FALSE(inbox.erase(8));
    CHECK(inbox.erase(7));
    CHECK_FALSE(inbox.erase(7));
    CHECK(inbox.count() == 0);
    CHECK(inbox.insert(7));
}

TEST_CASE("qos2 inbox: holds all 65,535 ids") {
    Qos2Inbox inbox;
    for (unsigned id = 65'535; id >= 1; --id)
        REQUIRE(inbox.insert(static_cast<PacketId>(id)));
    CHECK(inbox.count() == 65'535);
    CHECK(inbox.ids().front() == 1);
    CHECK(inbox.ids().back() == 65'535);
    for (unsigned id = 1; id <= 65'535; ++id)
        REQUIRE(inbox.erase(static_cast<PacketId>(id)));
    CHECK(inbox.ids().empty());
}

TEST_CASE("qos2 inbox: behaves like a set under random use") {
    std::mt19937 random(1);
    Qos2Inbox inbox;
    std::set<PacketId> model;
    for (int i = 0; i < 50'000; ++i) {
        const auto id = static_cast<PacketId>(random() % 300 + 65'236);
        if (random() % 2 == 0) {
            REQUIRE(inbox.insert(id) == model.insert(id).second);
        } else {
            REQUIRE(inbox.erase(id) == (model.erase(id) == 1));
        }
        REQUIRE(inbox.contains(id) == model.contains(id));
        REQUIRE(inbox.count() == model.size());
    }
    CHECK(std::ranges::equal(inbox.ids(), model));
    Qos2Inbox moved = std::move(inbox);
    CHECK(moved.count() == model.size());
    moved.clear();
    CHECK(moved.ids().empty());
}
