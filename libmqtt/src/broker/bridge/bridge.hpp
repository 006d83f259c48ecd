// One bridge: a session of this broker whose peer is a remote broker. What goes out waits in the session's
// queue, limited and stored like any client's; the connection to the remote is mqtt::Connection on the
// shard's loop, and it works on the session's own exchanges. So packet ids and the states of QoS 1 and 2
// are the same on both sides of the program and outlive it where sessions do: a message is done here when
// the remote has acknowledged it, and the other way round. DESIGN.md, "Bridges", has the reasons.
// What topics become on the way is in bridge_topics.hpp.
#pragma once

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "broker/bridge/bridge_topics.hpp"
#include "broker/bridge/dialects.hpp"
#include "broker/byte_window.hpp"
#include "broker/delivery_token.hpp"
#include "broker/output_gates.hpp"
#include "broker/queue.hpp"
#include "broker/retained.hpp"
#include "mqtt/connection.hpp"
#include "net/timer_wheel.hpp"

namespace mqtt::broker {

class Shard;
struct Session;

class Bridge final : private ConnectionSink, private net::Timer {
public:
    // `config` with its defaults worked out; see resolved().
    Bridge(Shard& shard, BridgeConfig config);
    ~Bridge();

    const BridgeConfig& config() const { return config_; }
    bool is_for(const Session& session) const { return session_ == &session; }

    // Its session is there and subscribed: what is published from now on waits for it.
    void open();
    void start();  // after open(): looks for the remote
    // In the place of another one with the same session, which has ended.
    void start_after(Bridge& before);
    // Says good-bye; is_closed() when that is done.
    void stop();
    void abort();
    bool is_closed() const { return state_ == State::stopped || state_ == State::none; }

    // Another configuration holds: it ends, at once or when its connection does, and tells Bridges.
    void finish(bool at_once);
    // That is not so: false, too late, or it has come to a stop by itself.
    bool stays();
    // Nothing of it is under way any more.
    bool has_ended() const { return is_closed() && !is_trying_first_ && !waits_for_mail_; }
    // It is not to come back: its session and what it has told go.
    void end_session();

    // Something is in the session's queue.
    void pump();
    bool takes_qos0() const { return state_ == State::connected; }
    // An acknowledgement that was withheld from the remote.
    void acknowledge(PacketId id) { connection_.acknowledge(id); }
    // Strict persistence; see Peer.
    std::uint64_t staged_position();
    bool hold_output(std::uint64_t position, std::uint64_t number);
    void release_output(std::uint64_t committed);

private:
    enum class State : std::uint8_t {
        none,
        idle,
        connecting,
        connected,
        waiting,
        stopping,
        stopped
    };
    struct Replay {
        RetainedStore::Cursor cursor;
        QoS qos;
        Replay(RetainedStore& store, const std::string& filter, QoS q)
            : cursor(store, filter)
            , qos(q) {}
    };
    // Tells how many messages wait.
    struct LagTimer final : net::Timer {
        explicit LagTimer(Bridge& b) : bridge(b) {}
        void on_timer(TimePoint) override { bridge.tell_lag(); }
        Bridge& bridge;
    };
    struct LocalFilter {
        BridgeTopics::Filter filter;
        bool is_new;  // since the last connection
    };

    // ConnectionSink
    void on_connected(const Connack& connack, const ConnectTiming& timing) override;
    AckDecision on_publish(const Publish& publish) override;
    void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) override;
    void on_received(PacketId id, std::uint64_t token) override;
    void on_released(PacketId id) override;
    void on_session_lost(core::Inflight& unfinished) override;
    void on_send_quota() override { pump(); }
    void on_writable() override { pump(); }
    void on_suback(const Suback& suback) override;
    void on_closed(const CloseReason& reason) override;
    void on_timer(TimePoint now) override;

    // bridge.cpp: the session and the connection
    void open_session();
    void subscribe_here();
    void forget_here();
    void connect();
    ConnectOptions options() const;
    void after_failure(const CloseReason& reason);
    void after_loss(const CloseReason& reason);
    void wait_to_connect();
    void subscribe_there(const Connack& connack);
    void set_socket_options();
    void watch_connection();
    void try_first_address();
    void tell_lag();
    void announce(bool up);
    void announce_here(bool up);
    void end_finished();
    void clear_state();
    void unsubscribe_there(bool has_session);
    std::string lag_topic() const;
    void log(LogLevel level, std::string_view text) const;
    const Endpoint& endpoint() const { return config_.addresses[address_]; }

    // bridge_traffic.cpp: messages
    bool has_room();
    bool send_next();
    bool replay();
    bool has_window() const;
    bool send(QueuedMessage& queued, const core::MessageRef& message);
    core::MessageRef mapped(const core::Message& message);
    void map_restored();
    void drop_again();
    void tell_loss(std::string_view why);
    AckDecision leave_there(const Publish& publish, std::string_view why);
    AckDecision publish_here(const Publish& publish);
    void wait_for_mail();

    Shard& shard_;
    const BridgeConfig config_;
    const BridgeTopics topics_;
    ConnectionLoop loop_;
    Connection connection_;
    Session* session_ = nullptr;
    State state_ = State::none;
    Dialects dialects_;
    std::size_t address_ = 0;
    std::size_t tried_ = 0;  // addresses since the last success
    std::chrono::milliseconds last_delay_{0};
    TimePoint connected_at_{};
    TimePoint last_traffic_{};
    bool has_subscribed_ = false;   // at the remote, since the start
    bool is_trying_first_ = false;  // whether the first address answers again
    bool goes_back_ = false;        // it does: this connection ends for it
    bool has_lost_ = false;         // the remote has had no session at the last CONNACK
    bool is_finishing_ = false;     // another configuration holds when it has ended
    bool waits_for_mail_ = false;   // other shards are behind
    std::uint64_t dropped_ = 0;
    std::vector<LocalFilter> local_filters_;
    std::vector<BridgeTopics::Filter> asked_;  // of the last SUBSCRIBE
    std::vector<PacketId> offered_ids_;        // received QoS 2, when it connected
    std::vector<std::string> unwanted_there_;  // filters of the configuration before this one
    // What a remote without session has to get once more, mapped already; before the queue.
    std::deque<QueuedMessage> again_;
    std::vector<std::unique_ptr<Replay>> replays_;  // retained messages that are still to go out
    std::unique_ptr<OutputGates> gates_;
    std::unique_ptr<ByteWindow> byte_window_;  // of this connection
    LagTimer lag_timer_{*this};
    std::size_t told_lag_ = ~std::size_t{0};
    std::mt19937_64 random_;
    std::string scratch_;
};

// With the names filled in that the configuration leaves to us.
BridgeConfig resolved(BridgeConfig config);
// Throws std::invalid_argument when it contradicts itself.
void check(const BridgeConfig& config);

}  // namespace mqtt::broker
