// In steady state the broker forwards messages without touching the heap: counted in this process
// by replaced malloc and operator new, on the broker's threads only.
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>

#include "support/test_broker.hpp"

namespace {

std::atomic<bool> g_counting = false;
std::atomic<std::uint64_t> g_allocations = 0;
thread_local bool t_is_test_thread = false;

void count() {
    if (g_counting.load(std::memory_order_relaxed) && !t_is_test_thread) {
        g_allocations.fetch_add(1, std::memory_order_relaxed);
    }
}

}  // namespace

// glibc's own entry points under their other names: no dlsym, which allocates itself.
extern "C" {
void* __libc_malloc(std::size_t size);                     // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(std::size_t count, std::size_t size);  // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* block, std::size_t size);       // NOLINT(bugprone-reserved-identifier)
void* malloc(std::size_t size);
void* calloc(std::size_t count, std::size_t size);
void* realloc(void* block, std::size_t size);

void* malloc(std::size_t size) {
    count();
    return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
    count();
    return __libc_calloc(number, size);
}
void* realloc(void* block, std::size_t size) {
    count();
    return __libc_realloc(block, size);
}
}

using namespace test;

namespace {

struct Scenario {
    const char* name;
    QoS qos;
    std::size_t subscribers;
    unsigned threads;
    ProtocolVersion version;
    Transport transport = Transport::tcp;
};

// One round: a batch of messages, everything received, everything acknowledged.
void round(RawClient& pub, std::vector<RawClient>& subs, const Scenario& scenario) {
    constexpr int kBatch = 100;
    const std::string payload(100, 'x');
    for (int i = 0; i < kBatch; ++i) {
        const PacketId id = scenario.qos == QoS::at_most_once ? PacketId(0) : PacketId(i + 1);
        pub.publish("bench/topic", payload, scenario.qos, id);
    }
    for (RawClient& sub : subs) {
        for (int i = 0; i < kBatch; ++i) {
            const Publish got = sub.expect<Publish>();
            if (got.qos == QoS::at_least_once) sub.ack(PacketType::puback, got.id);
        }
    }
    if (scenario.qos == QoS::at_most_once) return;
    for (int i = 0; i < kBatch; ++i)
        pub.expect<Ack>();
}

}  // namespace

TEST_CASE("allocation: forwarding in steady state takes nothing from the heap") {
    t_is_test_thread = true;
    constexpr ProtocolVersion v5 = ProtocolVersion::v5;
    constexpr ProtocolVersion v3 = ProtocolVersion::v3_1_1;
    const Scenario scenarios[] = {
        {"QoS 0, one to one", QoS::at_most_once, 1, 1, v5},
        {"QoS 0, one to one, 3.1.1", QoS::at_most_once, 1, 1, v3},
        {"QoS 0, fan-out", QoS::at_most_once, 10, 1, v5},
        {"QoS 1, one to one", QoS::at_least_once, 1, 1, v5},
        {"QoS 1, fan-out", QoS::at_least_once, 10, 1, v3},
        {"QoS 0, WebSocket", QoS::at_most_once, 2, 1, v5, Transport::websocket},
        {"QoS 1, WebSocket", QoS::at_least_once, 2, 1, v5, Transport::websocket},
        {"QoS 0, two shards", QoS::at_most_once, 6, 2, v5},
        {"QoS 1, two shards", QoS::at_least_once, 6, 2, v5},
    };
    for (const Scenario& scenario : scenarios) {
        INFO(std::string(scenario.name));
        BrokerConfig config = loopback(scenario.transport);
        config.threads = scenario.threads;
        TestBroker broker(config);
        const auto connect = [&](const std::string& id) {
            RawClient client(broker.port(), scenario.version);
            if (uses_websocket(scenario.transport)) client.upgrade();
            client.connect(id);
            return client;
        };
        std::vector<RawClient> subs;
        for (std::size_t i = 0; i < scenario.subscribers; ++i) {
            subs.push_back(connect("sub" + std::to_string(i)));
            subs.back().subscribe("bench/+", QoS::at_least_once);
        }
        RawClient pub = connect("pub");
        for (int i = 0; i < 30; ++i)
            round(pub, subs, scenario);
        // A new peak of what is under way at a time (the scheduler's mood) still takes a block, once;
        // whatever allocated per message or per batch would do so in every window.
        for (int window = 0; window < 20; ++window) {
            g_allocations = 0;
            g_counting = true;
            for (int i = 0; i < 30; ++i)
                round(pub, subs, scenario);
            g_counting = false;
            if (g_allocations.load() == 0) break;
        }
        CHECK(g_allocations.load() == 0);
    }
}
