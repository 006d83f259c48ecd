// A scripted broker in memory, on a clock of its own: what the generator's tests run it against. Nothing
// here reads a real clock or opens a socket.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "mqtt-bench/generator.hpp"

namespace mqtt::bench {

inline constexpr std::int64_t kMs = 1'000'000;
inline constexpr std::int64_t kSecond = 1000 * kMs;
inline constexpr std::uint32_t kRunId = 0xABCD0001;

// A broker that delivers to every subscriber that should get a message, `latency` after it was
// sent, unless `script` says otherwise. Acknowledges when it delivers.
class Sim final : public Wire {
public:
    explicit Sim(const Spec& s) : spec(s), plan(spec, kRunId), shared(plan, 1) {
        generator = std::make_unique<Generator>(plan, spec, shared, 0, *this);
        for (std::uint32_t p = 0; p < plan.publishers(); ++p)
            generator->on_connected(p, window);
    }

    struct Message {
        std::uint32_t publisher = 0;
        std::vector<std::uint8_t> payload;
    };

    SendStatus publish(std::uint32_t publisher, const PublishRequest& request,
                       std::uint64_t token) override {
        if (refuse_sending) return SendStatus::too_large;
        Message message{publisher, {request.payload.begin(), request.payload.end()}};
        sent.push_back(message);
        ++in_broker;
        most_in_broker = std::max(most_in_broker, in_broker);
        // Frozen: nothing happens between these instants.
        std::int64_t at = now + latency;
        if (now < thaw && at >= freeze) at = std::max(at, thaw);
        events.emplace(at, [this, message = std::move(message), token, request_qos = request.qos] {
            --in_broker;
            deliver(message);
            if (request_qos != QoS::at_most_once) generator->on_delivered(token, refuse_acks, now);
        });
        return SendStatus::sent;
    }
    bool is_blocked(std::uint32_t) override { return blocked; }
    void flush(std::uint32_t) override { ++flushes; }
    std::int64_t now_ns() override { return now; }

    void deliver(const Message& message) {
        ++arrivals;
        if (script) return script(message);
        hand_over(message);
    }
    void hand_over(const Message& message, bool dup = false) {
        for (std::uint32_t s = 0; s < plan.subscribers(); ++s) {
            if (plan.is_shared() && s != arrivals % plan.subscribers()) continue;
            if (plan.place_in(plan.set_of(s), message.publisher) == Plan::kNone) continue;
            generator->on_message(s, message.payload, dup, now);
        }
        generator->show_progress();
    }

    // Runs the clock to `until`.
    void run(std::int64_t until) {
        while (spec.max && generator->pump(now)) {
        }
        for (;;) {
            std::int64_t next = std::min(generator->next_due(), until);
            if (!events.empty()) next = std::min(next, events.begin()->first);
            now = std::max(now, next);
            if (now >= until) return;
            while (!events.empty() && events.begin()->first <= now) {
                const auto event = std::move(events.begin()->second);
                events.erase(events.begin());
                event();
            }
            generator->on_time(now);
            while (spec.max && generator->pump(now)) {
            }
        }
    }
    std::vector<std::uint64_t> sent_counts() const {
        std::vector<std::uint64_t> out;
        for (std::uint32_t p = 0; p < plan.publishers(); ++p)
            out.push_back(generator->sent_of(p));  // one topic each: streams are publishers
        return out;
    }
    const Histogram& series(SeriesId id) { return generator->interval()[id]; }

    Spec spec;
    Plan plan;
    Shared shared;
    std::unique_ptr<Generator> generator;
    std::multimap<std::int64_t, std::function<void()>> events;
    std::function<void(const Message&)> script;
    std::vector<Message> sent;
    std::int64_t now = kSecond;
    std::int64_t latency = kMs;
    std::int64_t freeze = Generator::kNever;
    std::int64_t thaw = 0;
    std::uint64_t arrivals = 0;
    std::uint64_t in_broker = 0;
    std::uint64_t most_in_broker = 0;
    std::uint64_t flushes = 0;
    std::uint16_t window = 65'535;
    bool blocked = false;
    bool refuse_sending = false;
    bool refuse_acks = false;
};

inline Spec basic() {
    Spec spec;
    spec.seed = 7;
    spec.warmup = std::chrono::seconds(0);
    spec.duration = std::chrono::seconds(10);
    return spec;
}

inline double ms(std::uint64_t ns) {
    return static_cast<double>(ns) / 1e6;
}

}  // namespace mqtt::bench
