// An MQTT client inside the broker, for what HTTP requests publish and subscribe to: a socket pair whose
// other end is an ordinary connection of the broker, so that rights, limits, retained and shared
// subscriptions, queues and the log are what they are for every client. Lives on shard 0's loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "broker/http/caller.hpp"
#include "core/client_protocol.hpp"
#include "net/driver.hpp"

namespace mqtt::broker {
class Shard;
}

namespace mqtt::broker::http {

class InnerClient final : private core::ClientSink, private net::ByteConsumer, private net::Timer {
public:
    // Called from the loop; may destroy the client only by retiring it.
    class Owner {
    public:
        virtual void on_inner_connected() = 0;
        virtual void on_inner_published(ReasonCode) {}
        virtual void on_inner_subscribed(ReasonCode) {}
        virtual void on_inner_message(const Publish&) {}
        // What was before has been done by the broker: the answer to sync().
        virtual void on_inner_synced() {}
        // Refused or ended, with the reason if there is one. Nothing comes after it.
        virtual void on_inner_ended(ReasonCode reason) = 0;

    protected:
        ~Owner() = default;
    };

    // Begins; the caller is let in without being asked for a password: it has shown one. Null: there is
    // no room for the connection.
    static std::unique_ptr<InnerClient> connect(Shard& shard, Owner& owner, const Caller& caller,
                                                std::string_view address);
    ~InnerClient();

    // Once connected.
    bool subscribe(std::string_view filter, QoS qos);
    // False: the broker does not take it (size).
    bool publish(core::OutgoingPublish& publish);
    void sync();
    void disconnect();
    bool has_properties() const { return mqtt::has_properties(protocol_.version()); }

    void pause() { driver_.pause_reading(); }
    void resume() { driver_.resume_reading(); }

private:
    InnerClient(Shard& shard, Owner& owner, int descriptor);
    void begin(const Caller& caller);
    void on_connack(const Connack& connack) override;
    void on_suback(const Suback& suback) override;
    void on_unsuback(const Unsuback& unsuback) override;
    void on_disconnect(const Disconnect& disconnect) override;
    core::AckDecision on_publish(const Publish& publish) override;
    void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) override;
    void on_send_quota() override {}
    void on_auth(const Auth&) override {}
    void on_protocol_error(const Error& error) override;
    base::Consumed on_bytes(Bytes bytes) override;
    void on_closed(std::error_code error) override;
    void on_timer(TimePoint now) override;
    void end(ReasonCode reason);

    Shard& shard_;
    Owner& owner_;
    core::Session session_;
    net::Driver driver_;
    core::ClientProtocol protocol_;
    bool is_over_ = false;
};

}  // namespace mqtt::broker::http
