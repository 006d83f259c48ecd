// A broker with very many sessions and subscriptions, in one process and on clients in memory: what they cost
// in memory, and what a publish costs as they grow.
//   scale_bench [SESSIONS...]         grows through these numbers; 10000 100000 1000000
//   scale_bench --once [SESSIONS...]  few publishes per kind, for a profiler (see meter.hpp)
// Every session has ten filters of different forms, among them some that share a node with all others.
// Prints a table in Markdown: scripts/bench scale.
#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <string_view>

#include "bench/memory_peers.hpp"

namespace mqtt::bench {
namespace {

constexpr std::size_t kFilters = 10;
constexpr std::size_t kTogether = 100;  // clients that come in one turn

std::size_t rss_bytes() {
    std::size_t size = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> size >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::vector<std::string> filters_of(std::size_t i) {
    const std::string me = std::to_string(i);
    const std::string site = std::to_string(i / 100);
    return {"dev/" + me + "/cmd/#",
            "dev/" + me + "/config/+",
            "dev/" + me + "/ota",
            "dev/+/" + me + "/done",  // "dev/+" has a child for each session
            "+/" + me + "/ping",
            "site/" + site + "/+/state",  // a hundred sessions each
            "site/" + site + "/alarm",
            "region/" + std::to_string(i % 1'000) + "/weather/#",
            "user/" + std::to_string(i / 3) + "/inbox/in/five/levels",
            "all/news"};
}

// What is published: a topic for `number`, which is drawn, different each time through `serial`.
struct Kind {
    const char* name;
    std::size_t deliveries;  // of one
    std::string (*topic)(std::size_t number, std::size_t serial);
};
constexpr Kind kKinds[] = {
    {"nobody wants it", 0,
     [](std::size_t n, std::size_t serial) {
         return "dev/" + std::to_string(n) + "/telemetry/" + std::to_string(serial);
     }},
    {"one subscriber", 1,
     [](std::size_t n, std::size_t serial) {
         return "dev/" + std::to_string(n) + "/cmd/" + std::to_string(serial);
     }},
    {"100 subscribers", 100,
     [](std::size_t n, std::size_t serial) {
         return "site/" + std::to_string(n / 100) + "/" + std::to_string(serial) + "/state";
     }},
};

struct Costs {
    std::size_t sessions = 0;
    double bytes_per_session = 0;
    double bytes_per_filter = 0;
    double connect_us = 0;
    double subscribe_us = 0;  // a filter
    double longest_ms = 0;    // turn, while they came
    // ns per publish: topic never seen, of any session; the same, of always the same 1,000 sessions;
    // topics seen before.
    struct Publish {
        double any = 0, same = 0, known = 0;
    } publish[std::size(kKinds)];
    double to_all_ms = 0;
    double churn_us = 0;  // a session that comes, subscribes and ends
    std::size_t rss = 0;
};

class Scale {
public:
    explicit Scale(bool once) : once_(once), world_(1, config()) {
        publisher_ = &world_.connected({"publisher"});
    }

    Costs grow(std::size_t sessions);

private:
    static BrokerConfig config() {
        BrokerConfig config;
        config.maximum_connections = 0;
        return config;
    }
    std::string packet(std::string_view topic) const {
        Publish publish;
        publish.topic = topic;
        publish.payload = as_bytes(payload_);
        return bytes_of(ProtocolVersion::v3_1_1, publish);
    }
    static std::string subscribe_packet(std::size_t session) {
        FilterListBuilder filters(true);
        for (const std::string& filter : filters_of(session))
            filters.add(filter);
        Subscribe packet;
        packet.id = 1;
        packet.filters = filters.view();
        return bytes_of(ProtocolVersion::v3_1_1, packet);
    }
    void join(std::size_t sessions, Costs& costs);
    double publish(const Kind& kind, std::size_t among, bool known);
    double to_all();
    double churn();
    std::uint64_t received() const {
        std::uint64_t sum = 0;
        for (const Client* client : clients_)
            sum += client->publishes;
        return sum;
    }

    const bool once_;
    World world_;
    Client* publisher_;
    std::vector<Client*> clients_;
    const std::string payload_ = std::string(100, 'x');
    std::mt19937_64 random_{1};
    std::size_t serial_ = 0;
    std::size_t came_ = 0;  // for names of those that come and go
};

void Scale::join(std::size_t sessions, Costs& costs) {
    const std::size_t before = clients_.size();
    const auto more = static_cast<double>(sessions - before);
    world_.prepare(sessions - before);
    std::size_t rss = rss_bytes();
    Meter connecting(1 << 30);
    Meter subscribing(1 << 30);
    if (!once_) {
        connecting.skip_warm_up();
        subscribing.skip_warm_up();
    }
    for (std::size_t i = before; i < sessions; ++i) {
        clients_.push_back(&world_.connect({"session-" + std::to_string(i)}));
        if (i % kTogether == kTogether - 1) world_.drive(connecting);
    }
    connecting.done(sessions - before);
    for (std::size_t i = before; i < sessions; ++i)
        clients_[i]->trim();
    costs.bytes_per_session = static_cast<double>(rss_bytes() - rss) / more;
    rss = rss_bytes();
    for (std::size_t i = before; i < sessions; ++i) {
        clients_[i]->send(subscribe_packet(i));
        if (i % kTogether == kTogether - 1) {
            world_.drive(subscribing);
            for (std::size_t j = i + 1 - kTogether; j <= i; ++j)
                clients_[j]->trim();
        }
    }
    subscribing.done((sessions - before) * kFilters);
    for (std::size_t i = before; i < sessions; ++i) {
        if (clients_[i]->answers != 2) give_up("not subscribed");
    }
    malloc_trim(0);
    costs.bytes_per_filter = static_cast<double>(rss_bytes() - rss) / more / kFilters;
    if (once_) return;
    costs.connect_us = connecting.best() / 1e3;
    costs.subscribe_us = subscribing.best() / 1e3;
    costs.longest_ms = std::max(connecting.longest(), subscribing.longest()) / 1e6;
}

double Scale::publish(const Kind& kind, std::size_t among, bool known) {
    const std::size_t count = kind.deliveries > 1 ? 100 : 1'000;
    const std::size_t first_serial = serial_;
    Meter meter(once_ ? 5 : 21);
    while (meter.goes_on()) {
        std::string batch;
        for (std::size_t i = 0; i < count; ++i) {
            // Spread over all of them, in no order.
            const std::size_t number = known ? i * (clients_.size() / count)
                                             : random_() % among * (clients_.size() / among);
            batch += packet(kind.topic(number, known ? first_serial : serial_++));
        }
        ++serial_;
        const std::uint64_t before = received();
        publisher_->send(batch);
        world_.drive(meter);
        if (received() - before != count * kind.deliveries) give_up("lost something");
        meter.done(count);
    }
    if (once_) {
        std::printf("%zu|%s, %s|%zu\n", clients_.size(), kind.name,
                    known                      ? "known topic"
                    : among == clients_.size() ? "new topic of any session"
                                               : "new topic of the same 1,000",
                    meter.operations());
    }
    probe_ends();
    return meter.median();
}

double Scale::to_all() {
    Meter meter(3);
    const std::string news = packet("all/news");
    while (meter.goes_on()) {
        const std::uint64_t before = received();
        publisher_->send(news);
        world_.drive(meter);
        if (received() - before != clients_.size()) give_up("lost something");
        meter.done(1);
        for (Client* client : clients_)
            client->trim();
    }
    return meter.median() / 1e6;
}

double Scale::churn() {
    Meter meter(21);
    const std::string leave = bytes_of(ProtocolVersion::v3_1_1, Disconnect{});
    while (meter.goes_on()) {
        for (std::size_t i = 0; i < 20; ++i) {
            const std::size_t number = 10'000'000 + came_++;
            Client& client = world_.connect({"visitor-" + std::to_string(number)});
            client.in += subscribe_packet(number) + leave;
        }
        world_.drive(meter);
        meter.done(20);
    }
    return meter.median() / 1e3;
}

Costs Scale::grow(std::size_t sessions) {
    Costs costs;
    costs.sessions = sessions;
    join(sessions, costs);
    costs.rss = rss_bytes();
    if (once_) {
        for (const Kind& kind : kKinds) {
            publish(kind, sessions, false);
            publish(kind, sessions, true);
        }
        return costs;
    }
    for (std::size_t k = 0; k < std::size(kKinds); ++k) {
        costs.publish[k] = {publish(kKinds[k], sessions, false), publish(kKinds[k], 1'000, false),
                            publish(kKinds[k], sessions, true)};
    }
    costs.to_all_ms = to_all();
    costs.churn_us = churn();
    return costs;
}

void print(const std::vector<Costs>& all) {
    const auto row = [&](const std::string& name, const char* format, auto&& figure) {
        std::printf("| %s |", name.c_str());
        for (const Costs& costs : all) {
            std::printf(" ");
            std::printf(format, figure(costs));
            std::printf(" |");
        }
        std::printf("\n");
    };
    std::printf("| sessions |");
    for (const Costs& costs : all)
        std::printf(" %zu |", costs.sessions);
    std::printf("\n|---|");
    for (std::size_t i = 0; i < all.size(); ++i)
        std::printf("--:|");
    std::printf("\n");
    row("subscriptions", "%.0f",
        [](const Costs& c) { return static_cast<double>(c.sessions * kFilters); });
    row("memory of the process, MB", "%.0f",
        [](const Costs& c) { return static_cast<double>(c.rss) / 1e6; });
    row("bytes per connected session", "%.0f", [](const Costs& c) { return c.bytes_per_session; });
    row("bytes per subscription", "%.0f", [](const Costs& c) { return c.bytes_per_filter; });
    row("CONNECT, us", "%.2f", [](const Costs& c) { return c.connect_us; });
    row("SUBSCRIBE, us per filter", "%.2f", [](const Costs& c) { return c.subscribe_us; });
    row("longest turn while they came, ms", "%.1f", [](const Costs& c) { return c.longest_ms; });
    for (std::size_t k = 0; k < std::size(kKinds); ++k) {
        const std::string name = std::string("publish, ns: ") + kKinds[k].name;
        row(name + ", new topic of any session", "%.0f",
            [&](const Costs& c) { return c.publish[k].any; });
        row(name + ", new topic of the same 1,000", "%.0f",
            [&](const Costs& c) { return c.publish[k].same; });
        row(name + ", known topic", "%.0f", [&](const Costs& c) { return c.publish[k].known; });
    }
    row("one publish to all of them, ms", "%.1f", [](const Costs& c) { return c.to_all_ms; });
    row("a session comes, subscribes, ends, us", "%.1f", [](const Costs& c) { return c.churn_us; });
}

}  // namespace
}  // namespace mqtt::bench

int main(int argc, char** argv) {
    using namespace mqtt::bench;
    const bool once = argc > 1 && std::string_view(argv[1]) == "--once";
    std::vector<std::size_t> sizes;
    for (int i = once ? 2 : 1; i < argc; ++i)
        sizes.push_back(std::strtoul(argv[i], nullptr, 10));
    if (sizes.empty()) sizes = {10'000, 100'000, 1'000'000};
    Scale scale(once);
    std::vector<Costs> all;
    for (const std::size_t size : sizes) {
        if (size % 1'000 != 0) give_up("whole thousands, please");
        all.push_back(scale.grow(size));
        std::fprintf(stderr, "%zu sessions done\n", size);
    }
    if (!once) print(all);
    std::fflush(stdout);
    std::_Exit(0);  // letting go of all of it, one by one, is not the question
}
