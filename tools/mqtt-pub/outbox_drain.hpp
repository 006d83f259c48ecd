// The sending half of --outbox: one client that sends what the outbox holds, in order, and marks every
// step before the network hears of it. Used by outbox_run, which owns loop, lock and reasons to end.
#pragma once

#include <asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>

#include "common/connection_log.hpp"
#include "mqtt-pub/options.hpp"
#include "mqtt-pub/outbox.hpp"
#include "mqtt/client.hpp"

namespace mqtt_pub {

struct DrainCounts {
    std::uint64_t delivered = 0;
    std::uint64_t expired = 0;
    std::map<mqtt::ReasonCode, std::uint64_t> refused;
    int refused_code = 0;  // exit code of the first refusal

    std::uint64_t answered() const;  // with success or not
};

// Why a drain is over.
struct DrainEnd {
    bool all_done = false;  // nothing is left
    int exit_code = 0;
    std::string why;
};

class OutboxDrain {
public:
    using EndHandler = std::function<void(const DrainEnd& end)>;
    // `on_end` is called once per start(), from a turn of its own, without the drain lock.
    OutboxDrain(asio::io_context& context, const tools::Invocation& invocation,
                const Options& options, Outbox& outbox, const tools::ConnectionLog& log,
                EndHandler on_end);

    void start();  // with the drain lock
    bool is_running() const { return client_ != nullptr; }
    // Something may have been appended; `is_last`: the input has ended, leave when all is sent.
    void on_more(bool is_last);
    void stop(DrainEnd end);
    const DrainCounts& counts() const { return counts_; }

private:
    mqtt::ClientOptions client_options(const std::string& client_id) const;
    std::uint64_t restore();
    void connect(bool is_clean);
    void connect_again();
    void on_connected(std::error_code error, const mqtt::ConnectReport& report);
    void on_state(const mqtt::StateChange& change);
    void on_step(std::uint64_t token, mqtt::PacketId id, mqtt::ExchangeStep step);
    void on_delivery(std::uint64_t token, std::error_code error, mqtt::ReasonCode reason);
    void forget_lost_session();
    void refuse(std::uint64_t token, mqtt::ReasonCode reason);
    void pump();
    bool send(const Outbox::Entry& entry);
    void watch_acknowledgements(std::uint64_t seen, int quiet_checks);
    void leave();

    asio::io_context& context_;
    const tools::Invocation& invocation_;
    const Options& options_;
    Outbox& outbox_;
    const tools::ConnectionLog& log_;
    EndHandler on_end_;
    tools::ConnectionLog changes_;
    asio::steady_timer ack_timer_;
    std::unique_ptr<mqtt::Client> client_;
    std::unordered_set<std::uint64_t> sent_;  // and not yet answered
    std::uint64_t outstanding_ = 0;
    bool is_last_ = false;
    bool was_connected_ = false;
    bool is_pumping_ = false;  // a pump() is due, or waits for room
    bool is_ending_ = false;
    DrainEnd end_;
    DrainCounts counts_;
};

std::string drain_report_json(const DrainCounts& counts, std::uint64_t kept, std::uint64_t invalid,
                              std::uint64_t waiting, int exit_code);

}  // namespace mqtt_pub
