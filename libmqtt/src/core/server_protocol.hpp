// The server's side of one network connection: bytes in, events out; commands in, bytes out.
// Used by the broker's Lobby (until CONNECT) and Peer. Sans-I/O.
// What a message means (routing, retained, authorisation) does not live here.
#pragma once

#include "core/exchange.hpp"

namespace mqtt::core {

class ServerSink : public ExchangeSink {
public:
    // First packet. Parsing stops until accept() or refuse(): bytes behind it stay unread. With
    // extended authentication auth(continue_authentication) lets parsing go on to the client's AUTH.
    virtual void on_connect(const Connect& connect) = 0;
    virtual void on_subscribe(const Subscribe& subscribe) = 0;  // answer with suback
    virtual void on_unsubscribe(const Unsubscribe& unsubscribe) = 0;
    virtual void on_disconnect(const Disconnect& disconnect) = 0;  // the peer closes orderly

protected:
    ~ServerSink() = default;
};

struct ServerLimits {
    PeerLimits announced;                                 // what CONNACK tells and feed enforces
    std::uint32_t maximum_connect_packet_size = 65'536;   // before CONNECT is accepted
    std::uint16_t outgoing_topic_alias_maximum = 65'535;  // used of those that a client keeps
};

class ServerProtocol final : public Exchange {
public:
    // `limits` outlives the object (shared by all connections of a listener).
    ServerProtocol(base::OutBuffer& out, const ServerLimits& limits, TimePoint now);

    base::Consumed feed(Bytes bytes, TimePoint now, ServerSink& sink);

    // Answers CONNECT with success and resumes parsing. `session` outlives the connection.
    // `properties` are added to those that the limits demand; `keep_alive` is what is enforced
    // (Server Keep Alive is sent when it differs from the client's). Unfinished exchanges of a
    // session that was present are resent, in order, with DUP [MQTT-4.4.0-1]; otherwise `session`
    // is cleared. Call it once, after on_connect.
    struct Accept {
        bool session_present = false;
        std::uint16_t keep_alive = 60;
        Properties properties;
    };
    void accept(Session& session, const Accept& accept, TimePoint now);
    // Answers CONNECT with an error and ends the connection. [MQTT-3.2.2-6] [MQTT-3.2.2-7]
    void refuse(ReasonCode reason, Properties properties = {});

    // In 3.x any error code becomes 0x80. [MQTT311-3.9.3-2]
    void suback(PacketId id, std::span<const ReasonCode> codes, Properties properties = {});
    void unsuback(PacketId id, std::span<const ReasonCode> codes, Properties properties = {});

    // Keep-alive: when the client must have been heard of, 1.5 x keep_alive [MQTT-3.1.2-22].
    // Reading does not move timers; on_time re-checks and returns the next deadline.
    TimePoint on_time(TimePoint now, ServerSink& sink);
    // Bytes came that are no whole packet yet, or reading was paused by us: the client lives.
    void on_received(TimePoint now) { last_received_ = now; }

    std::uint16_t keep_alive() const { return keep_alive_; }
    // A second protocol object takes over where the output lives (hand-over between loops).
    void rebind(base::OutBuffer& out) { out_ = &out; }

private:
    friend class Exchange;  // feed_frames calls these
    bool may_parse() const {
        return !closing_ && !paused_ && (!awaiting_answer_ || authenticating_);
    }
    std::uint32_t incoming_limit() const {
        return connected_ ? limits_->announced.maximum_packet_size
                          : limits_->maximum_connect_packet_size;
    }
    void receive(const Frame& frame, TimePoint now, ServerSink& sink);

    void receive_connect(const Frame& frame, ServerSink& sink);
    void reject_connect(const Frame& frame, const Error& error, ServerSink& sink);
    void take_over(const Connect& connect);
    Status check_will(const Connect& connect) const;
    void receive_request(const Frame& frame, ServerSink& sink);
    void receive_disconnect(const Frame& frame, ServerSink& sink);
    PropertyList connack_properties(const Accept& accept) const;

    std::uint16_t keep_alive_ = 0;        // until accept: what the client asked for
    bool awaiting_answer_ = false;        // CONNECT seen, accept/refuse not yet called
    bool session_expiry_is_zero_ = true;  // as CONNECT said
    const ServerLimits* limits_;
    TimePoint last_received_;
};
// Part of what an idle connection costs.
static_assert(sizeof(ServerProtocol) <= 96);

}  // namespace mqtt::core
