// One network connection of the broker, from accept to close: moves bytes through its driver and
// protocol, and carries out what they say on its shard. A stranger until CONNECT is accepted, then
// the connection of one session. Belongs to its shard's loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/admission.hpp"
#include "broker/authentication.hpp"
#include "broker/byte_window.hpp"
#include "broker/interest.hpp"
#include "broker/output_gates.hpp"
#include "broker/publish.hpp"
#include "broker/replay.hpp"
#include "broker/restraint.hpp"
#include "broker/session.hpp"
#include "broker/waiting_packets.hpp"
#include "core/server_protocol.hpp"
#include "net/driver.hpp"

namespace mqtt::broker {

class Shard;

class Peer final : private core::ServerSink, private net::ByteConsumer, private net::Timer {
public:
    struct Origin {
        std::string address;  // "192.0.2.1:50123"
        Admission::Seat seat;
        TimePoint deadline;                              // for CONNECT
        std::optional<ReasonCode> login = std::nullopt;  // what the login office said
    };
    Peer(Shard& shard, std::unique_ptr<net::ByteStream> stream, Origin origin);
    ~Peer();
    void start(Bytes already_read);

    // The session whose connection this is; null for strangers and when closing.
    Session* session() const { return session_; }
    std::string_view client_id() const {
        return session_ ? session_->client_id() : std::string_view();
    }
    std::string_view address() const { return extra_ ? extra_->address : std::string_view(); }
    // Of a stranger whose password was checked.
    std::optional<ReasonCode> login() const { return extra_->login; }
    std::size_t listener() const { return listener_; }
    // What its topics begin with in the broker; see mount.hpp. Empty: nothing.
    std::string_view mount_point() const;
    Admission::Seat seat() const;
    // Of a stranger, once the proxy has told it.
    void set_address(std::string address, const Admission::Seat& seat);
    // Extended authentication, when CONNECT asked for it; null before and otherwise.
    Authentication* authentication() const {
        return extra_ ? extra_->authentication.get() : nullptr;
    }
    void set_authentication(std::unique_ptr<Authentication> authentication);
    // What the handshakes of its transport proved; until the connection ends.
    void identify(net::PeerIdentity& identity) const { driver_.stream().identify(identity); }
    bool is_bridge() const { return is_bridge_; }
    ProtocolVersion version() const { return protocol_.version(); }
    const core::PeerLimits& announced() const;
    core::ServerProtocol& protocol() { return protocol_; }
    const net::Driver& driver() const { return driver_; }
    // In its output, staged or stuck.
    std::size_t waiting_packets();

    // Sending. The caller asks has_room() first.
    bool is_blocked() const { return driver_.is_blocked(); }
    bool has_room() const;
    bool has_send_quota() const {
        return protocol_.has_send_quota() &&
               (!extra_ || !extra_->byte_window || extra_->byte_window->is_open());
    }
    // `token` comes back when the message is delivered: see delivery_token.hpp.
    core::SendStatus send(core::OutgoingPublish& publish, const core::MessageRef& keep,
                          DeliveryToken token = {});
    core::SendStatus send_queued(const QueuedMessage& queued, TimePoint now);
    // QoS 0 encoded once for many receivers, or for this one: only where nothing is this receiver's own.
    bool takes_shared_encoding() const;
    bool send_encoded(Bytes packet);         // false: over its Maximum Packet Size
    bool send_plain(const Publish& packet);  // false: perhaps over it
    void answer(const SubscribeAnswer& answer);
    // A PUBLISH whose acknowledgement was withheld.
    void acknowledge(PacketId id);
    // Strict persistence: output from `position` on waits for commit `number`. False: a gate for it
    // is there already, further ahead.
    bool hold_output(std::uint64_t position, std::uint64_t number);
    void release_output(std::uint64_t committed);
    // What waited for room or quota.
    void pump();
    // There is room between the shards, or the rate allows more.
    void resume_reading();

    // CONNECT was accepted: this is the connection of `session` from now on.
    void become_client(Session& session, const Connect& connect,
                       const core::ServerProtocol::Accept& accept);
    void refuse(ReasonCode reason, std::string_view client_id);
    // The same when `delay` has passed; until then nothing more of it is read.
    void refuse_later(ReasonCode reason, std::string_view client_id, Duration delay);
    // AUTH with these properties.
    void authenticate(ReasonCode reason, Properties properties);
    // Ends the connection from our side; 5.0 clients are told why. [MQTT-4.13.1-1]
    void disconnect(ReasonCode reason, std::string_view why);
    // At once, without a word.
    void abort(std::string_view why);
    // The CONNECT just seen belongs to another shard: nothing is consumed, the stream moves there.
    void move_to(unsigned shard);
    // Nothing is consumed until the login office has its verdict; then CONNECT is seen again.
    void wait_for_login();
    void logged_in(ReasonCode verdict);
    struct Luggage {
        std::unique_ptr<net::ByteStream> stream;
        std::vector<std::uint8_t> unread;
        Origin origin;
    };
    Luggage leave_for(unsigned& shard);

    std::uint32_t waiting_answers = 0;  // Interest's: how many of its list are for this peer

private:
    friend class Peers;
    // core::ServerSink
    void on_connect(const Connect& connect) override;
    void on_subscribe(const Subscribe& packet) override;
    void on_unsubscribe(const Unsubscribe& packet) override;
    void on_disconnect(const Disconnect& packet) override;
    core::AckDecision on_publish(const Publish& publish) override;
    void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) override;
    void on_received(PacketId id, std::uint64_t token) override;
    void on_released(PacketId id) override;
    void on_send_quota() override;
    void on_auth(const Auth& auth) override;
    void on_protocol_error(const Error& error) override;
    // net::ByteConsumer
    base::Consumed on_bytes(Bytes bytes) override;
    void on_closed(std::error_code error) override;
    void on_writable() override;
    void on_written(std::span<const iovec> pieces, std::size_t count) override;
    // net::Timer
    void on_timer(TimePoint now) override;
    void on_stranger_timer();

    void staged(std::size_t bytes);
    bool must_wait();
    void count_publish();
    void end_overflowed();
    void detach(bool with_will, std::string_view why);
    void close();
    void refuse_at_last();
    [[gnu::noinline]] core::AckDecision take_mounted(const Publish& publish);
    core::AckDecision take_publish(const Publish& publish);
    ReasonCode refusal(const Publish& publish);

    Shard* shard_;
    Session* session_ = nullptr;
    // What an idle client has not, so that it pays one pointer for all of it.
    struct LateRefusal {
        ReasonCode reason;
        std::string client_id;
    };
    struct Extra {
        std::string address;              // until CONNECT is accepted
        std::optional<ReasonCode> login;  // until then, too
        std::unique_ptr<LateRefusal> late_refusal;
        std::unique_ptr<Replays> replays;      // while there are any
        std::unique_ptr<OutputGates> gates;    // while output waits for the disk
        std::unique_ptr<Restraint> restraint;  // where the configuration has limits of that kind
        std::unique_ptr<Authentication> authentication;
        std::unique_ptr<WaitingPackets> waiting;  // while the socket takes no more
        std::unique_ptr<ByteWindow> byte_window;
        bool empty() const {
            return !replays && !gates && !restraint && !authentication && !waiting && !byte_window;
        }
    };
    Extra& extra() {
        if (!extra_) extra_ = std::make_unique<Extra>();
        return *extra_;
    }
    void trim_extra() {
        if (extra_->empty()) extra_.reset();
    }
    std::unique_ptr<Extra> extra_;
    std::uint32_t index_ = 0;         // in the shard's list
    std::uint32_t parsed_bytes_ = 0;  // modulo 2^32, to see half-received packets
    std::uint32_t seen_bytes_ = 0;    // at the last check of keep-alive
    std::uint16_t listener_;
    std::uint8_t moving_to_ = 0;  // shard + 1
    bool is_bridge_ : 1 = false;
    bool is_mounted_ : 1 = false;      // has a mount point
    bool is_leaving_ : 1 = false;      // detached, or never a client; waits for on_closed
    bool is_pumping_ : 1 = false;      // in the shard's list for the next turn
    bool has_overflowed_ : 1 = false;  // in that list to be disconnected
    bool waits_for_mail_ : 1 = false;  // reading is paused until there is room between shards
    net::Driver driver_;
    core::ServerProtocol protocol_;
};
// With its session the most of what an idle connection costs; scripts/bench idle-bytes.
static_assert(sizeof(Peer) <= 312);

}  // namespace mqtt::broker
