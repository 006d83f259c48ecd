// The client's side of one network connection: bytes in, events out; commands in, bytes out.
// Used by mqtt::Connection (and through it by Client, bench and bridges). Sans-I/O.
// Reconnecting, queueing and waiting for answers do not live here.
#pragma once

#include <memory>
#include <string>

#include "core/exchange.hpp"

namespace mqtt::core {

class ClientSink : public ExchangeSink {
public:
    virtual void on_connack(const Connack& connack) = 0;  // success or refusal
    virtual void on_suback(const Suback& suback) = 0;
    virtual void on_unsuback(const Unsuback& unsuback) = 0;
    virtual void on_disconnect(const Disconnect& disconnect) = 0;  // 5.0: sent by the server
    // Just before on_connack: the server has no session, what `unfinished` holds will not be
    // delivered by it and is forgotten when the call returns. [MQTT-3.2.2-5]
    virtual void on_session_lost(Inflight& unfinished) { static_cast<void>(unfinished); }

protected:
    ~ClientSink() = default;
};

class ClientProtocol final : public Exchange {
public:
    explicit ClientProtocol(base::OutBuffer& out) : Exchange(out, Role::client) {}

    // Stages CONNECT, on a new object or for the next connection. `session` outlives the connection;
    // it is cleared when the server has none (CONNACK without session present; 3.1 cannot say it and
    // is taken to have one), unless `connect.clean_start`, which clears it at once.
    // `ping_timeout`: PINGREQ and then nothing received for so long is keep_alive_timeout.
    void connect(const Connect& connect, Session& session, TimePoint now, Duration ping_timeout);

    // Largest packet accepted, besides the Maximum Packet Size that CONNECT announces (3.x has none).
    // 0: no limit. Holds for the connections after this call.
    void limit_incoming_packet_size(std::uint32_t bytes) { incoming_limit_ = bytes; }

    base::Consumed feed(Bytes bytes, TimePoint now, ClientSink& sink);

    // 0: not connected, no packet id free, or over the server's Maximum Packet Size. The answer comes
    // by on_suback / on_unsuback with this id.
    PacketId subscribe(FilterList filters, Properties properties = {});
    PacketId unsubscribe(FilterList filters, Properties properties = {});

    // Stages AUTH with CONNECT's method, which `properties` may leave out. [MQTT-4.12.0-5]
    void auth(ReasonCode reason, Properties properties = {});

    // Tells that bytes were written (PINGREQ is due keep_alive after the last packet sent).
    void on_sent(TimePoint now) { last_sent_ = now; }
    // Tells that bytes came, also when they are no whole packet yet.
    void on_received(TimePoint now) { last_received_ = now; }
    // Sends PINGREQ when due, reports keep_alive_timeout; returns the next deadline. PINGREQ is due
    // before a keep_alive passes without anything sent, or without anything received: a dead link is
    // found out also by those who only send.
    TimePoint on_time(TimePoint now, ClientSink& sink);

    // 3.x broker or 5.0 without the property: what was asked for. Else Server Keep Alive.
    std::uint16_t keep_alive() const { return keep_alive_; }

private:
    friend class Exchange;  // feed_frames calls these
    bool may_parse() const { return !closing_ && !paused_; }
    std::uint32_t incoming_limit() const { return own_maximum_packet_size_; }
    void receive(const Frame& frame, TimePoint now, ClientSink& sink);

    void receive_connack(const Frame& frame, TimePoint now, ClientSink& sink);
    bool repeats_method(const Frame& frame) const;
    void fail_method(ClientSink& sink);
    void take_limits(const Connack& connack);
    void receive_request_answer(const Frame& frame, ClientSink& sink);
    void receive_disconnect(const Frame& frame, ClientSink& sink);
    PacketId request(InflightState state, std::size_t filters, Packet packet);

    TimePoint last_sent_{};
    TimePoint last_received_{};
    TimePoint ping_sent_ = TimePoint::max();  // max: none outstanding
    Duration ping_timeout_{};
    std::unique_ptr<std::string> method_;  // CONNECT's Authentication Method
    Session* offered_session_ = nullptr;   // becomes session_ with CONNACK
    std::uint32_t incoming_limit_ = 0;
    std::uint32_t own_maximum_packet_size_ = 0;
    std::uint16_t keep_alive_ = 0;
    bool clean_start_ = true;
};

}  // namespace mqtt::core
