// One connection of a worker and what its events mean: subscribe after connecting, count, hand
// messages and acknowledgements to the generator. Small: an idle one is a Connection and 40 bytes.
#pragma once

#include "mqtt-bench/worker.hpp"

namespace mqtt::bench {

struct Worker::Client final : private ConnectionSink {
public:
    Client(Worker& worker, Role role, std::uint32_t index, std::uint32_t number)
        : worker_(worker)
        , index_(index)
        , number_(number)
        , role_(role)
        , connection_(*worker.loop_, *this) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void open();
    void close();
    SendStatus publish(const PublishRequest& request, std::uint64_t token) {
        return connection_.publish(request, token).status;
    }
    bool is_blocked() const { return connection_.is_blocked(); }
    void flush() { connection_.flush(); }
    std::size_t backlog_bytes() const { return connection_.backlog_bytes(); }

private:
    enum class State : std::uint8_t { fresh, opening, subscribing, ready, closing, closed };

    void on_connected(const Connack& connack, const ConnectTiming& timing) override;
    void on_suback(const Suback& suback) override;
    AckDecision on_publish(const Publish& publish) override;
    void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) override;
    void on_send_quota() override;
    void on_writable() override;
    void on_closed(const CloseReason& reason) override;
    void settle();

    Worker& worker_;
    std::uint32_t index_;   // within the role and worker
    std::uint32_t number_;  // within the run, names the client
    Role role_;
    State state_ = State::fresh;
    Connection connection_;
    std::int64_t subscribe_sent_ = 0;
};

}  // namespace mqtt::bench
