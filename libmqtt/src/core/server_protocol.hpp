// The server's side of one network connection: bytes in, events out; commands in, bytes out.
// Used by the broker's Lobby (until CONNECT) and Peer. Sans-I/O.
#pragma once

#include "core/exchange.hpp"

namespace mqtt::core {

class ServerSink : public ExchangeSink {
public:
    // First packet. Parsing stops until accept() or refuse(): bytes behind it stay unread.
    virtual void on_connect(const Connect& connect) = 0;
    virtual void on_subscribe(const Subscribe& subscribe) = 0;    // answer with suback
    virtual void on_unsubscribe(const Unsubscribe& unsubscribe) = 0;
    virtual void on_disconnect(const Disconnect& disconnect) = 0; // the peer closes orderly
};

struct ServerLimits {
    PeerLimits announced;                         // what CONNACK tells and feed enforces
    std::uint32_t maximum_connect_packet_size = 65'536;  // before CONNECT is accepted
};

class ServerProtocol final : public Exchange {
public:
    // `limits` outlives the object (shared by all connections of a listener).
    ServerProtocol(base::OutBuffer& out, const ServerLimits& limits, TimePoint now);

    base::Consumed feed(Bytes bytes, TimePoint now, ServerSink& sink);

    // Answers CONNECT with success and resumes parsing. `session` outlives the connection.
    // `properties` are added to those that the limits demand; `keep_alive` is what is enforced
    // (Server Keep Alive is sent when it differs from the client's). Unfinished exchanges of a
    // session that was present are resent, in order, with DUP [MQTT-4.4.0-1].
    struct Accept {
        bool session_present = false;
        std::uint16_t keep_alive = 60;
        Properties properties;
    };
    void accept(Session& session, const Accept& accept, TimePoint now);
    void refuse(ReasonCode reason, Properties properties = {});

    void suback(PacketId id, std::span<const ReasonCode> codes, Properties properties = {});
    void unsuback(PacketId id, std::span<const ReasonCode> codes, Properties properties = {});

    // Keep-alive: when the client must have been heard of, 1.5 x keep_alive [MQTT-3.1.2-22].
    // Reading does not move timers; on_time re-checks and returns the next deadline.
    TimePoint on_time(TimePoint now, ServerSink& sink);

    std::uint16_t keep_alive() const { return keep_alive_; }
    bool is_connected() const { return connected_; }
    // A second protocol object takes over where the output lives (hand-over between loops).
    void rebind(base::OutBuffer& out) { out_ = &out; }

private:
    const ServerLimits* limits_;
    TimePoint last_received_;
    std::uint16_t keep_alive_ = 0;
    bool awaiting_answer_ = false;  // CONNECT seen, accept/refuse not yet called
    bool request_problem_information_ = true;
};

}  // namespace mqtt::core
