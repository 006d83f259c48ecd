// The client's side of one network connection: bytes in, events out; commands in, bytes out.
// Used by mqtt::Connection (and through it by Client, bench and bridges). Sans-I/O.
#pragma once

#include "core/exchange.hpp"

namespace mqtt::core {

class ClientSink : public ExchangeSink {
public:
    virtual void on_connack(const Connack& connack) = 0;  // success or refusal
    virtual void on_suback(const Suback& suback) = 0;
    virtual void on_unsuback(const Unsuback& unsuback) = 0;
    virtual void on_disconnect(const Disconnect& disconnect) = 0;  // 5.0: sent by the server
};

class ClientProtocol final : public Exchange {
public:
    explicit ClientProtocol(base::OutBuffer& out) : Exchange(out) {}

    // Stages CONNECT. `session` outlives the connection; it is cleared when the server has none
    // (CONNACK without session present), unless `connect.clean_start`, which clears it at once.
    // `ping_timeout`: PINGREQ without PINGRESP for so long is keep_alive_timeout.
    void connect(const Connect& connect, Session& session, TimePoint now, Duration ping_timeout);

    base::Consumed feed(Bytes bytes, TimePoint now, ClientSink& sink);

    // 0: no packet id free. The answer comes by on_suback / on_unsuback with this id.
    PacketId subscribe(FilterList filters, Properties properties = {});
    PacketId unsubscribe(FilterList filters, Properties properties = {});

    // Tells that bytes were written (PINGREQ is due keep_alive after the last packet sent).
    void on_sent(TimePoint now) { last_sent_ = now; }
    // Sends PINGREQ when due, reports keep_alive_timeout; returns the next deadline.
    TimePoint on_time(TimePoint now, ClientSink& sink);

    bool is_connected() const { return connected_; }
    // 3.x broker or 5.0 without the property: what was asked for. Else Server Keep Alive.
    std::uint16_t keep_alive() const { return keep_alive_; }

private:
    TimePoint last_sent_{};
    TimePoint ping_sent_ = TimePoint::max();  // max: none outstanding
    Duration ping_timeout_{};
    std::uint16_t keep_alive_ = 0;
    bool awaiting_connack_ = false;
    std::uint32_t own_maximum_packet_size_ = 0;
    std::uint16_t own_topic_alias_maximum_ = 0;
};

}  // namespace mqtt::core
