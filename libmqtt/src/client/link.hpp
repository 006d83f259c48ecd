// One transport connection and the protocol on it, from CONNECT to the end. Connection has one while
// it is more than an attempt; a link that is over is retired, so that it may end inside its own
// callbacks. No reconnecting, no options beyond those of CONNECT here.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/client_protocol.hpp"
#include "mqtt/connection.hpp"
#include "net/driver.hpp"
#include "net/timer_wheel.hpp"

namespace mqtt::client {

class PacketLog;

// Who is told that the link is over.
class LinkOwner {
public:
    virtual void on_link_connected(const Connack& connack) = 0;
    // Once, as the last callback; the owner retires the link.
    virtual void on_link_closed(const Error& error, std::error_code system_error,
                                const std::string& message) = 0;

protected:
    ~LinkOwner() = default;
};

class Link final : public net::ByteConsumer, private core::ClientSink, private net::Timer {
public:
    Link(LinkOwner& owner, ConnectionSink& sink, net::Loop& loop,
         std::unique_ptr<net::ByteStream> stream, std::string peer_address);
    ~Link() override;

    // Sends CONNECT; CONNACK must come before `deadline`.
    void start(const Connect& connect, core::Session& session, Duration ping_timeout,
               TimePoint deadline, Transport transport);
    // No callback follows; closes at once.
    void abandon();
    void disconnect(ReasonCode reason, Properties properties, Duration linger);

    SendResult publish(const PublishRequest& request, std::uint64_t token);
    BatchResult publish_batch(const PublishRequest& common, std::span<const Bytes> payloads,
                              std::uint64_t first_token, std::size_t most_bytes,
                              base::Counted* owner);
    void acknowledge(PacketId id, ReasonCode reason);
    PacketId subscribe(FilterList filters, Properties properties);
    PacketId unsubscribe(FilterList filters, Properties properties);
    void auth(ReasonCode reason, Properties properties);

    void pause_reading();
    void resume_reading();
    void set_packet_sink(const PacketSink* sink);

    const core::ClientProtocol& protocol() const { return protocol_; }
    net::Driver& driver() { return driver_; }
    const net::Driver& driver() const { return driver_; }
    const std::string& peer_address() const { return peer_address_; }
    bool is_closing() const { return closing_; }
    const core::Exchange::Counters& counters() const { return counters_; }
    std::uint64_t delivered() const { return delivered_; }

private:
    // ByteConsumer
    net::Consumed on_bytes(Bytes bytes) override;
    void on_closed(std::error_code error) override;
    void on_writable() override { sink_->on_writable(); }
    // ClientSink
    void on_connack(const Connack& connack) override;
    core::AckDecision on_publish(const Publish& publish) override;
    void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) override;
    void on_received(PacketId id, std::uint64_t token) override { sink_->on_received(id, token); }
    void on_released(PacketId id) override { sink_->on_released(id); }
    void on_session_lost(core::Inflight& unfinished) override {
        sink_->on_session_lost(unfinished);
    }
    void on_send_quota() override { sink_->on_send_quota(); }
    void on_suback(const Suback& suback) override { sink_->on_suback(suback); }
    void on_unsuback(const Unsuback& unsuback) override { sink_->on_unsuback(unsuback); }
    void on_disconnect(const Disconnect& disconnect) override;
    void on_auth(const Auth& auth) override { sink_->on_auth(auth); }
    void on_protocol_error(const Error& error) override;
    // Timer
    void on_timer(TimePoint now) override;

    void staged();
    net::Consumed feed_by_packet(Bytes bytes);
    bool is_v3_connack() const;
    std::optional<Connack> v3_refusal() const;
    void settle();
    void fail(const Error& error, std::string message);
    void finish(const Error& error, std::error_code system_error, const std::string& message);
    void keep_alive(TimePoint now);
    void watch_closing(TimePoint now);

    LinkOwner* owner_;      // null when abandoned or finished
    ConnectionSink* sink_;  // never null
    net::Driver driver_;
    core::ClientProtocol protocol_;
    core::Exchange::Counters counters_;
    std::uint64_t delivered_ = 0;
    std::uint64_t seen_bytes_ = 0;    // of driver_.bytes_received(), by keep_alive()
    std::uint64_t closing_goal_ = 0;  // bytes_sent() when all that was staged is out
    TimePoint closing_deadline_{};
    std::string peer_address_;
    // Why it ends, set during a callback, acted upon when it is over. Rarely there.
    struct Ending;
    std::unique_ptr<Ending> ending_;
    std::unique_ptr<PacketLog> log_;
    Bytes shown_;  // by the driver, while feed runs
    Transport transport_ = Transport::tcp;
    bool closing_ = false;  // disconnect() was called
    bool in_feed_ = false;
};

}  // namespace mqtt::client
