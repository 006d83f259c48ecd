// What a second shard brings where clients cost nothing: the same traffic through one shard and through two,
// each on a thread and a core of its own, clients in memory. Interleaved rounds; medians.
//   shards_bench [ROUNDS [SECONDS]]     prints a table in Markdown: scripts/bench shards
// Over sockets the generator needs the second core; here it is the broker's.
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "bench/memory_peers.hpp"

namespace mqtt::bench {
namespace {

struct Scenario {
    const char* name;
    int publishers;
    int subscribers;
    bool pairs;  // publisher i to subscriber i; else everybody to everybody
    QoS qos;
};
constexpr Scenario kScenarios[] = {
    {"QoS 0, 50 pairs", 50, 50, true, QoS::at_most_once},
    {"QoS 0, fan-out 50", 1, 50, false, QoS::at_most_once},
    {"QoS 0, fan-in 50", 50, 1, false, QoS::at_most_once},
    {"QoS 1, 10 pairs", 10, 10, true, QoS::at_least_once},
};

constexpr std::uint64_t kBatch = 500;     // some 64 KiB, what one read of a socket brings
constexpr std::uint64_t kWindow = 1'000;  // QoS 1: unacknowledged per publisher

struct Publisher {
    Client* client = nullptr;
    std::vector<std::string> batches;  // QoS 1: in turn, with different ids
    std::uint64_t sent = 0;

    // Whether it has room for a batch: nothing unread, or room in the window.
    void refill(QoS qos) {
        if (qos == QoS::at_most_once) {
            if (client->in.empty()) client->send(batches.front());
            return;
        }
        while (sent - client->delivered + kBatch <= kWindow) {
            client->send(batches[sent / kBatch % batches.size()]);
            sent += kBatch;
        }
    }
};

enum class Phase { warming, measuring, over };

// What one thread has seen while it was measured.
struct Share {
    std::uint64_t deliveries = 0;
    double cpu_ns = 0;
};

struct Result {
    double per_second = 0;
    double per_cpu_second = 0;
};

class Run {
public:
    Run(const Scenario& scenario, unsigned shards) : scenario_(scenario), world_(shards) {
        for (int i = 0; i < scenario.subscribers; ++i) {
            Client& client = world_.connected({"sub-" + std::to_string(i)});
            world_.subscribe(client, topic(i), scenario.qos);
            subscribers_.push_back(&client);
        }
        for (int i = 0; i < scenario.publishers; ++i)
            publishers_.push_back({&world_.connected({"pub-" + std::to_string(i)}), batches(i)});
        if (scenario.qos != QoS::at_most_once) return;
        const std::size_t size = batches(0).front().size() / kBatch;
        for (Client* client : subscribers_) {
            client->only_bytes = size;
            client->received_bytes = 0;
        }
    }

    Result measure(double seconds) {
        std::vector<Share> shares(world_.shards());
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < world_.shards(); ++i)
            threads.emplace_back([this, i, &share = shares[i]] { work(i, share); });
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        const auto from = std::chrono::steady_clock::now();
        phase_ = Phase::measuring;
        std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
        phase_ = Phase::over;
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - from;
        for (std::thread& thread : threads)
            thread.join();
        Share sum;
        for (const Share& share : shares) {
            sum.deliveries += share.deliveries;
            sum.cpu_ns += share.cpu_ns;
        }
        const auto deliveries = static_cast<double>(sum.deliveries);
        return {deliveries / took.count(), deliveries / sum.cpu_ns * 1e9};
    }

private:
    std::string topic(int i) const {
        return scenario_.pairs ? "bench/" + std::to_string(i) : "bench/t";
    }
    std::vector<std::string> batches(int number) const {
        std::vector<std::string> batches;
        const std::string payload(100, 'x');
        const bool has_id = scenario_.qos != QoS::at_most_once;
        for (std::uint64_t first = 0; first < (has_id ? 2 * kWindow : kBatch); first += kBatch) {
            std::string& batch = batches.emplace_back();
            for (std::uint64_t i = first; i < first + kBatch; ++i) {
                Publish publish;
                const std::string to = topic(number);
                publish.topic = to;
                publish.payload = as_bytes(payload);
                publish.qos = scenario_.qos;
                publish.id = static_cast<PacketId>(has_id ? i + 1 : 0);
                batch += bytes_of(ProtocolVersion::v3_1_1, publish);
            }
        }
        return batches;
    }

    void work(unsigned shard, Share& share) {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        CPU_SET(shard, &cpus);
        pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus);
        const auto is_mine = [&](const Client* client) { return world_.is_home(*client, shard); };
        std::vector<Publisher*> publishers;
        for (Publisher& publisher : publishers_) {
            if (is_mine(publisher.client)) publishers.push_back(&publisher);
        }
        std::vector<const Client*> subscribers;
        for (const Client* client : subscribers_) {
            if (is_mine(client)) subscribers.push_back(client);
        }
        const auto received = [&] {
            std::uint64_t sum = 0;
            for (const Client* client : subscribers)
                sum += client->received();
            return sum;
        };
        Phase seen = Phase::warming;
        while (seen != Phase::over) {
            for (Publisher* publisher : publishers)
                publisher->refill(scenario_.qos);
            if (world_.has_work(shard)) {
                world_.turn(shard);
                world_.answer(shard);
            } else {
                // Where a real loop sleeps.
                const double from = thread_cpu_ns();
                while (!world_.has_work(shard) && phase_.load(std::memory_order_relaxed) == seen)
                    std::this_thread::yield();
                if (seen == Phase::measuring) share.cpu_ns -= thread_cpu_ns() - from;
            }
            const Phase now = phase_.load(std::memory_order_relaxed);
            if (now == seen) continue;
            const double sign = now == Phase::measuring ? -1 : 1;
            seen = now;
            share.deliveries = received() - share.deliveries;
            share.cpu_ns += sign * thread_cpu_ns();
        }
    }

    const Scenario scenario_;
    World world_;
    std::vector<Client*> subscribers_;
    std::vector<Publisher> publishers_;
    std::atomic<Phase> phase_ = Phase::warming;
};

double median(std::vector<double> list) {
    std::ranges::sort(list);
    return list[list.size() / 2];
}

void run(int rounds, double seconds) {
    std::printf(
        "| traffic | one shard, M/s | two, M/s | wall | per CPU second: one, M | two, M | ratio |\n"
        "|---|--:|--:|--:|--:|--:|--:|\n");
    for (const Scenario& scenario : kScenarios) {
        std::vector<double> wall[3];  // one, two, ratio
        std::vector<double> cpu[3];
        for (int round = 0; round < rounds; ++round) {
            const Result one = Run(scenario, 1).measure(seconds);
            const Result two = Run(scenario, 2).measure(seconds);
            const double walls[] = {one.per_second, two.per_second,
                                    two.per_second / one.per_second};
            const double cpus[] = {one.per_cpu_second, two.per_cpu_second,
                                   two.per_cpu_second / one.per_cpu_second};
            for (int i = 0; i < 3; ++i) {
                wall[i].push_back(walls[i]);
                cpu[i].push_back(cpus[i]);
            }
        }
        std::printf("| %s | %.2f | %.2f | x %.2f | %.2f | %.2f | %.2f |\n", scenario.name,
                    median(wall[0]) / 1e6, median(wall[1]) / 1e6, median(wall[2]),
                    median(cpu[0]) / 1e6, median(cpu[1]) / 1e6, median(cpu[2]));
        std::fflush(stdout);
    }
}

}  // namespace
}  // namespace mqtt::bench

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
    const double seconds = argc > 2 ? std::atof(argv[2]) : 1;
    if (rounds < 1 || seconds <= 0) mqtt::bench::give_up("shards_bench [ROUNDS [SECONDS]]");
    mqtt::bench::run(rounds, seconds);
}
