// The paths that every message takes, each by itself: frame, decode, encode, topic match, route, queue.
//   hot_path_bench [word of a probe's name]...          CPU ns per operation: best, median
//   hot_path_bench --once [word of a probe's name]...   each once, in a few operations
// With --once, `counted_region` is where a profiler counts and `probe_ends` where the figure of one probe
// is complete: scripts/bench instructions. The broker's paths run on clients in memory.
#include <algorithm>
#include <string_view>

#include "bench/hot_path_codec.hpp"
#include "bench/memory_peers.hpp"
#include "bench/meter.hpp"
#include "broker/match_cache.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::bench {
namespace {

// Topics.

struct Anybody final : broker::Subscriber {
    Anybody() : Subscriber(broker::SubscriberKind::session) {}
};

// A tree of 8,000 filters, two of which match each topic; a cache of so many bytes before it.
void match(Meter& meter, std::size_t cache_bytes) {
    std::vector<std::unique_ptr<Anybody>> owners;
    broker::TopicTree tree;
    std::vector<std::string> topics;
    for (int i = 0; i < 4'000; ++i) {
        const std::string line =
            "plant/" + std::to_string(i % 40) + "/line/" + std::to_string(i / 40);
        owners.push_back(std::make_unique<Anybody>());
        tree.add(line + "/+/temperature", *owners.back(), {}, 0);
        tree.add(line + "/s7/#", *owners.back(), {}, 0);
        topics.push_back(line + "/s7/temperature");
    }
    broker::MatchCache cache(tree, cache_bytes);
    std::size_t found = 0;
    while (meter.goes_on()) {
        meter.measure([&] {
            for (std::size_t i = 0; i < 1'000; ++i)
                found += cache.look_up(topics[i * 37 % topics.size()]).targets().size();
        });
        meter.done(1'000);
    }
    if (found == 0) give_up("nothing matches");
    for (const auto& owner : owners) {
        while (owner->subscriptions != nullptr)
            tree.remove(*owner->subscriptions);
    }
}

void match_known(Meter& meter) {
    match(meter, 8 * 1024 * 1024);
}

void match_new(Meter& meter) {
    match(meter, 1'024);
}

void match_filter(Meter& meter) {
    const std::string name = "building/floor-3/room/temperature";
    while (meter.goes_on()) {
        meter.measure([&] {
            for (int i = 0; i < 500; ++i) {
                keep(topic_matches("building/+/room/#", name));
                keep(topic_matches("building/floor-3/room/temperature", name));
            }
        });
        meter.done(1'000);
    }
}

// Through the broker.

struct Route {
    QoS qos = QoS::at_most_once;
    ProtocolVersion version = ProtocolVersion::v3_1_1;
    int publishers = 1;
    int subscribers = 1;
    std::size_t payload_bytes = 100;
    unsigned shards = 1;
    bool by_alias = false;  // the topic is sent once
};

std::string publication(const std::string& topic, const Route& route, PacketId id) {
    const std::string payload(route.payload_bytes, 'x');
    PropertyList properties;
    if (route.by_alias) properties.add(PropertyId::topic_alias, 1);
    Publish publish;
    publish.properties = properties;
    publish.topic = topic;
    publish.payload = as_bytes(payload);
    publish.qos = route.qos;
    publish.id = route.qos == QoS::at_most_once ? 0 : id;
    return bytes_of(route.version, publish);
}

std::uint64_t received(const std::vector<Client*>& clients) {
    std::uint64_t sum = 0;
    for (const Client* client : clients)
        sum += client->received();
    return sum;
}

void route(Meter& meter, const Route& route) {
    World world(route.shards);
    std::vector<Client*> publishers, subscribers;
    for (int i = 0; i < route.publishers; ++i)
        publishers.push_back(&world.connected({"pub" + std::to_string(i), route.version}));
    for (int i = 0; i < route.subscribers; ++i) {
        subscribers.push_back(&world.connected({"sub" + std::to_string(i), route.version}));
        world.subscribe(*subscribers.back(), "bench/t", route.qos, route.version);
    }
    if (route.by_alias) {
        for (Client* publisher : publishers)
            publisher->send(publication("bench/t", route, 1));
        world.settle();
    }
    std::string batch;
    const std::size_t each = 400 / static_cast<std::size_t>(route.publishers);
    for (std::size_t i = 0; i < each; ++i) {
        batch += publication(route.by_alias ? "" : "bench/t", route, static_cast<PacketId>(i + 1));
    }
    while (meter.goes_on()) {
        const std::uint64_t before = received(subscribers);
        for (Client* publisher : publishers)
            publisher->send(batch);
        world.drive(meter);
        const std::uint64_t deliveries = received(subscribers) - before;
        if (deliveries != each * publishers.size() * subscribers.size()) give_up("lost something");
        meter.done(deliveries);
    }
}

void route_q0(Meter& meter) {
    route(meter, {});
}
void route_q0_v5(Meter& meter) {
    route(meter, {.version = ProtocolVersion::v5});
}
void route_q0_alias(Meter& meter) {
    route(meter, {.version = ProtocolVersion::v5, .by_alias = true});
}
void route_q0_fanout(Meter& meter) {
    route(meter, {.subscribers = 50});
}
void route_q0_fanin(Meter& meter) {
    route(meter, {.publishers = 50});
}
void route_q0_8k(Meter& meter) {
    route(meter, {.payload_bytes = 8'192});
}
void route_q1(Meter& meter) {
    route(meter, {.qos = QoS::at_least_once});
}
void route_q2(Meter& meter) {
    route(meter, {.qos = QoS::exactly_once});
}
// A publisher on one shard, subscribers on both.
void route_q0_shards(Meter& meter) {
    route(meter, {.subscribers = 8, .shards = 2});
}

// Topics that were never seen before, into many filters.
void route_new_topics(Meter& meter) {
    BrokerConfig config;
    config.match_cache_bytes = 4'096;
    World world(1, config);
    Client& subscriber = world.connected({"sub"});
    std::string batch;
    for (int i = 0; i < 400; ++i) {
        world.subscribe(subscriber, "plant/" + std::to_string(i) + "/+/temperature");
        batch += publication("plant/" + std::to_string(i) + "/s7/temperature", {}, 0);
    }
    Client& publisher = world.connected({"pub"});
    while (meter.goes_on()) {
        const std::uint64_t before = subscriber.received();
        publisher.send(batch);
        world.drive(meter);
        if (subscriber.received() - before != 400) give_up("lost something");
        meter.done(400);
    }
}

// Into the queue of a client that is away, and out of it when it comes back.
void queue_q1(Meter& meter) {
    World world(1);
    Client& publisher = world.connected({"pub"});
    Route one;
    one.qos = QoS::at_least_once;
    std::string batch;
    for (PacketId id = 1; id <= 400; ++id)
        batch += publication("bench/t", one, id);
    const Identity who{"away", ProtocolVersion::v3_1_1, false};
    world.subscribe(world.connected(who), "bench/t", QoS::at_least_once);
    const std::string leave = bytes_of(ProtocolVersion::v3_1_1, Disconnect{});
    Client* last = nullptr;
    while (meter.goes_on()) {
        // Taken over, then gone.
        Client& client = world.connected(who);
        client.send(leave);
        world.settle();
        publisher.send(batch);
        world.drive(meter);
        last = &world.connect(who);
        world.drive(meter);
        if (last->publishes != 400) give_up("lost something");
        meter.done(400);
    }
}

void retained_store(Meter& meter) {
    World world(1);
    Client& publisher = world.connected({"pub"});
    std::string batch;
    for (int i = 0; i < 400; ++i) {
        Publish publish = sample();
        const std::string topic = "site/" + std::to_string(i % 20) + "/device/" + std::to_string(i);
        publish.topic = topic;
        publish.retain = true;
        batch += bytes_of(ProtocolVersion::v3_1_1, publish);
    }
    while (meter.goes_on()) {
        publisher.send(batch);
        world.drive(meter);
        meter.done(400);
    }
    if (world.shared().retained.count() != 400) give_up("not retained");
}

void retained_replay(Meter& meter) {
    World world(1);
    Client& publisher = world.connected({"pub"});
    for (int i = 0; i < 1'000; ++i) {
        Publish publish = sample();
        const std::string topic = "site/" + std::to_string(i % 20) + "/device/" + std::to_string(i);
        publish.topic = topic;
        publish.retain = true;
        publisher.send(bytes_of(ProtocolVersion::v3_1_1, publish));
    }
    world.settle();
    Client& subscriber = world.connected({"sub"});
    FilterListBuilder filters(true);
    filters.add("#");
    Subscribe packet;
    packet.id = 1;
    packet.filters = filters.view();
    const std::string request = bytes_of(ProtocolVersion::v3_1_1, packet);
    while (meter.goes_on()) {
        const std::uint64_t before = subscriber.received();
        subscriber.send(request);
        world.drive(meter);
        if (subscriber.received() - before != 1'000) give_up("lost something");
        meter.done(1'000);
    }
}

// CONNECT, SUBSCRIBE to two filters, DISCONNECT.
void come_and_go(Meter& meter) {
    World world(1);
    const std::string leave = bytes_of(ProtocolVersion::v3_1_1, Disconnect{});
    int number = 0;
    while (meter.goes_on()) {
        for (int i = 0; i < 50; ++i) {
            const std::string id = "client" + std::to_string(number++);
            FilterListBuilder filters(true);
            filters.add("to/" + id + "/#").add("news/+");
            Subscribe packet;
            packet.id = 1;
            packet.filters = filters.view();
            Client& client = world.connect({id});
            client.in += bytes_of(ProtocolVersion::v3_1_1, packet) + leave;
        }
        world.drive(meter);
        meter.done(50);
    }
}

struct Probe {
    const char* name;
    void (*run)(Meter&);
};
constexpr Probe kProbes[] = {
    {"frame", frame},
    {"decode-publish-q0", decode_q0},
    {"decode-publish-properties", decode_properties},
    {"encode-publish", encode_publish},
    {"encode-puback", encode_puback},
    {"match-filter", match_filter},
    {"match-known-topic", match_known},
    {"match-new-topic", match_new},
    {"route-q0", route_q0},
    {"route-q0-v5", route_q0_v5},
    {"route-q0-v5-alias", route_q0_alias},
    {"route-q0-fanout-50", route_q0_fanout},
    {"route-q0-fanin-50", route_q0_fanin},
    {"route-q0-8k", route_q0_8k},
    {"route-q0-two-shards", route_q0_shards},
    {"route-new-topics", route_new_topics},
    {"route-q1", route_q1},
    {"route-q2", route_q2},
    {"queue-q1-away-and-back", queue_q1},
    {"retained-store", retained_store},
    {"retained-replay", retained_replay},
    {"connect-subscribe-leave", come_and_go},
};

int run(const std::vector<std::string_view>& words, bool once) {
    const auto is_wanted = [&](std::string_view name) {
        return words.empty() || std::ranges::any_of(words, [&](std::string_view word) {
                   return name.find(word) != std::string_view::npos;
               });
    };
    int count = 0;
    for (const Probe& probe : kProbes) {
        if (!is_wanted(probe.name)) continue;
        ++count;
        Meter meter(once ? 5 : 101);
        probe.run(meter);
        probe_ends();
        if (once) {
            std::printf("%s %zu\n", probe.name, meter.operations());
            continue;
        }
        std::printf("%-28s best %9.2f ns  median %9.2f ns\n", probe.name, meter.best(),
                    meter.median());
    }
    if (count == 0) give_up("no such probe");
    return 0;
}

}  // namespace
}  // namespace mqtt::bench

int main(int argc, char** argv) {
    const bool once = argc > 1 && std::string_view(argv[1]) == "--once";
    mqtt::bench::fix_hashes();
#ifdef NDEBUG
    constexpr const char* kKind = "release";
#else
    constexpr const char* kKind = "dev";
#endif
    // Figures depend on the compiler: whoever compares them must know.
    if (once) std::printf("build %s %s\n", kKind, __VERSION__);
    return mqtt::bench::run({argv + (once ? 2 : 1), argv + argc}, once);
}
