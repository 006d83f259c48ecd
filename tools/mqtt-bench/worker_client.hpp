// One connection of a worker and what its events mean: subscribe after connecting, count, hand
// messages and acknowledgements to the generator, come back after an end. Small: an idle one is a
// Connection and 64 bytes.
#pragma once

#include "mqtt-bench/worker.hpp"

namespace mqtt::bench {

struct Worker::Client final : private ConnectionSink {
public:
    Client(Worker& worker, std::uint32_t its_group, std::uint32_t its_number)
        : group(its_group)
        , number(its_number)
        , worker_(worker)
        , connection_(*worker.loop_, *this) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void open();
    void close();
    // Ends the connection in the middle of the run. False: there is none.
    bool drop(Ending ending, bool comes_back);
    bool subscribe();
    bool unsubscribe();
    bool is_away() const { return state_ == State::fresh || state_ == State::closed; }
    bool is_initial() const { return planned().spec.start.count() == 0; }
    // A slow subscriber that has waited long enough reads on. False: not yet.
    bool resume_if_allowed(std::int64_t now);

    SendStatus publish(const PublishRequest& request, std::uint64_t token) {
        return connection_.publish(request, token).status;
    }
    bool is_blocked() const { return connection_.is_blocked(); }
    void flush() { connection_.flush(); }
    std::size_t backlog_bytes() const { return connection_.backlog_bytes(); }
    // Of a socket that is read as fast as it goes; -1: there is none.
    int measurable_descriptor() const { return paused_ ? -1 : connection_.descriptor(); }
    ConnectionStats stats() const { return connection_.stats(); }

    static constexpr std::uint32_t kNone = ~0u;
    const std::uint32_t group;         // of Plan
    const std::uint32_t number;        // within the group
    std::uint32_t subscriber = kNone;  // of the generator
    std::uint32_t publisher = kNone;
    std::uint16_t stage = 0;  // that took it down, from 1

private:
    enum class State : std::uint8_t { fresh, opening, subscribing, ready, closing, closed };

    void on_connected(const Connack& connack, const ConnectTiming& timing) override;
    void on_suback(const Suback& suback) override;
    AckDecision on_publish(const Publish& publish) override;
    void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) override;
    void on_send_quota() override;
    void on_writable() override;
    void on_closed(const CloseReason& reason) override;

    const PlannedGroup& planned() const { return worker_.plan_.groups()[group]; }
    bool keeps_session() const { return !planned().spec.connect.clean_start; }
    Status open_connection();
    ConnectOptions personal_options(const ConnectOptions& base) const;
    void on_failed(const CloseReason& reason);
    void on_ready();
    void check_limits(const ServerLimits& limits);
    std::size_t packet_bytes() const;
    void set_buffers() const;
    void reset();
    void settle();
    void left(bool comes_back);
    void send_filters();
    void answer(const Publish& publish);
    bool send(const Answer& answer, Bytes payload);
    void send_waiting_answers();
    void read_slowly(std::int64_t now);
    bool is_slow() const;

    Worker& worker_;
    State state_ = State::fresh;
    bool settled_ = false;     // the first time
    bool comes_back_ = false;  // after a polite DISCONNECT
    bool resumed_ = false;
    bool subscribed_ = false;
    bool paused_ = false;
    Connection connection_;
    std::unique_ptr<ClientSession> session_;
    std::int64_t subscribe_sent_ = 0;
    std::uint64_t read_ = 0;  // messages, of a slow one
};

}  // namespace mqtt::bench
