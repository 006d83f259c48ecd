// A ServerProtocol or ClientProtocol on fake time, with a sink that writes down what it is told and a
// wire that is read back as text: "PUBACK id 7 | PINGRESP". Used by the tests of the roles.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "core/client_protocol.hpp"
#include "core/decode.hpp"
#include "core/describe.hpp"
#include "core/encode.hpp"
#include "core/server_protocol.hpp"

namespace test {

using namespace mqtt;
using namespace mqtt::core;
using namespace std::chrono_literals;

using ByteVector = std::vector<std::uint8_t>;

inline constexpr TimePoint kStart = TimePoint(1'000'000s);

inline ByteVector take(base::OutBuffer& out) {
    ByteVector bytes;
    iovec pieces[64];
    while (!out.empty()) {
        const int count = out.gather(pieces, 64);
        std::size_t size = 0;
        for (int i = 0; i < count; ++i) {
            const auto* at = static_cast<const std::uint8_t*>(pieces[i].iov_base);
            bytes.insert(bytes.end(), at, at + pieces[i].iov_len);
            size += pieces[i].iov_len;
        }
        out.consume(size);
    }
    return bytes;
}

inline ByteVector to_bytes(ProtocolVersion version, const Packet& packet) {
    base::OutBuffer out;
    encode(out, version, packet);
    return take(out);
}

inline ByteVector raw(std::initializer_list<int> values) {
    ByteVector bytes;
    for (const int value : values)
        bytes.push_back(static_cast<std::uint8_t>(value));
    return bytes;
}

inline ByteVector operator+(ByteVector a, const ByteVector& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

inline void append_event(std::string& log, std::string_view event) {
    if (!log.empty()) log += " | ";
    log += event;
}

inline std::string text_of(const Publish& publish) {
    std::string text = describe(publish);
    text += " = ";
    text += as_text(publish.payload);
    return text;
}

// Every packet of `bytes`, in words; stops at the first broken one.
inline std::string read_packets(Bytes bytes, ProtocolVersion version) {
    std::string text;
    while (!bytes.empty()) {
        const FrameResult found = find_frame(bytes, 0);
        if (found.status != FrameStatus::complete) return text + " | incomplete";
        const Result<Packet> packet = decode(found.frame, version);
        if (!packet) return text + " | broken: " + std::string(packet.error().detail);
        const auto* publish = std::get_if<Publish>(&*packet);
        append_event(text, publish ? text_of(*publish) : describe(*packet));
        bytes = bytes.subspan(found.frame.size);
    }
    return text;
}

// What both sinks have in common.
template <class Sink>
class Recorder : public Sink {
public:
    std::string events;
    std::function<AckDecision(const Publish&)> publish_hook;
    std::function<void()> quota_hook;
    bool log_quota = true;
    Error error;

    std::string take_events() { return std::exchange(events, {}); }

    AckDecision on_publish(const Publish& publish) override {
        append_event(events, text_of(publish));
        return publish_hook ? publish_hook(publish) : AckDecision::now();
    }
    void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) override {
        append_event(events, "delivered " + std::to_string(id) + " token " + std::to_string(token) +
                                 " " + std::string(reason_name(reason)));
    }
    void on_send_quota() override {
        if (log_quota) append_event(events, "quota");
        if (quota_hook) quota_hook();
    }
    void on_auth(const Auth& auth) override { append_event(events, describe(auth)); }
    void on_protocol_error(const Error& e) override {
        error = e;
        append_event(events, "error " + std::string(info(e.code).name));
    }

protected:
    ~Recorder() = default;
};

class ServerRecorder final : public Recorder<ServerSink> {
public:
    std::function<void(const Connect&)> connect_hook;
    std::function<void(const Subscribe&)> subscribe_hook;

    void on_connect(const Connect& connect) override {
        append_event(events, describe(connect));
        if (connect_hook) connect_hook(connect);
    }
    void on_subscribe(const Subscribe& subscribe) override {
        append_event(events, describe(subscribe));
        if (subscribe_hook) subscribe_hook(subscribe);
    }
    void on_unsubscribe(const Unsubscribe& unsubscribe) override {
        append_event(events, describe(unsubscribe));
    }
    void on_disconnect(const Disconnect& disconnect) override {
        append_event(events, describe(disconnect));
    }
};

class ClientRecorder final : public Recorder<ClientSink> {
public:
    std::function<void()> connack_hook;

    void on_connack(const Connack& connack) override {
        append_event(events, describe(connack));
        if (connack_hook) connack_hook();
    }
    void on_suback(const Suback& suback) override { append_event(events, describe(suback)); }
    void on_unsuback(const Unsuback& unsuback) override {
        append_event(events, describe(unsuback));
    }
    void on_disconnect(const Disconnect& disconnect) override {
        append_event(events, describe(disconnect));
    }
    void on_session_lost(Inflight& unfinished) override {
        append_event(events, "session lost " + std::to_string(unfinished.count()));
    }
};

// Shows bytes to a protocol as a Driver does: what is not consumed comes again, with more behind.
template <class Protocol, class Sink>
void feed_all(Protocol& protocol, Sink& sink, ByteVector& tail, Bytes bytes, TimePoint now) {
    tail.insert(tail.end(), bytes.begin(), bytes.end());
    const base::Consumed consumed = protocol.feed(tail, now, sink);
    tail.erase(tail.begin(), tail.begin() + static_cast<std::ptrdiff_t>(consumed.bytes));
}

inline PropertyList list(PropertyId id, std::uint32_t number) {
    return PropertyList().add(id, number);
}

inline OutgoingPublish outgoing(std::string_view topic, std::string_view payload, QoS qos) {
    OutgoingPublish publish;
    publish.topic = topic;
    publish.payload = as_bytes(payload);
    publish.qos = qos;
    return publish;
}

inline MessageRef message(std::string_view topic, std::string_view payload, QoS qos) {
    return Message::create({.topic = topic, .payload = as_bytes(payload), .qos = qos});
}

constexpr auto kQos1 = QoS::at_least_once;
constexpr auto kQos2 = QoS::exactly_once;

inline Publish incoming(std::string_view topic, std::string_view payload, QoS qos = {},
                        PacketId id = 0) {
    Publish publish;
    publish.topic = topic;
    publish.payload = as_bytes(payload);
    publish.qos = qos;
    publish.id = id;
    return publish;
}

inline Ack ack(PacketType type, PacketId id, ReasonCode reason = ReasonCode::success) {
    return Ack{type, id, reason, {}};
}

// Sends a kept message, as a broker or client does; "sent 3" or the status.
template <class Protocol>
std::string publish_kept(Protocol& protocol, std::string_view topic, std::string_view payload,
                         QoS qos, std::uint64_t token = 0) {
    constexpr std::string_view kNames[] = {"sent", "no quota", "too large", "not connected",
                                           "not supported"};
    OutgoingPublish publish = outgoing(topic, payload, qos);
    const MessageRef keep = qos == QoS::at_most_once ? MessageRef() : message(topic, payload, qos);
    const SendResult result = protocol.publish(publish, keep, token);
    std::string text(kNames[static_cast<int>(result.status)]);
    if (result.id != 0) text += " " + std::to_string(result.id);
    return text;
}

// One server connection. `session` may be handed in to outlive it.
class Server {
public:
    explicit Server(Session* kept = nullptr) : session(kept != nullptr ? *kept : own_session_) {
        sink.connect_hook = [this](const Connect& connect) {
            if (!auto_accept) return;
            accept.keep_alive = connect.keep_alive;
            protocol.accept(session, accept, now);
        };
    }

    // Feeds CONNECT and drops CONNACK and the event.
    void connect(Connect connect = {}) {
        connect.client_id = "c";
        feed(connect.version, connect);
        take(out);
        sink.events.clear();
    }
    void feed(ProtocolVersion version, const Packet& packet) { feed(to_bytes(version, packet)); }
    void feed(const Packet& packet) { feed(to_bytes(protocol.version(), packet)); }
    void feed(Bytes bytes) { feed_all(protocol, sink, tail, bytes, now); }
    // What the protocol says by itself in Reason Strings is left out: it is for people, and tests/spec
    // looks at it. Those of tests say 'why'.
    std::string sent() {
        std::string text = read_packets(take(out), protocol.version());
        for (std::size_t at = 0; (at = text.find(" reason-string '", at)) != std::string::npos;) {
            const std::size_t begin = text.find('\'', at) + 1;
            const std::size_t end = text.find('\'', begin);
            if (text.compare(begin, end - begin, "why") == 0)
                at = end;
            else
                text.erase(at, end + 1 - at);
        }
        return text;
    }
    std::string events() { return sink.take_events(); }

    TimePoint now = kStart;
    ServerLimits limits;
    ServerProtocol::Accept accept;
    bool auto_accept = true;
    base::OutBuffer out;
    ServerRecorder sink;
    ByteVector tail;

private:
    Session own_session_;

public:
    Session& session;
    ServerProtocol protocol{out, limits, kStart};
};

// One client connection.
class Client {
public:
    // Sends CONNECT, feeds `connack`; drops both.
    void connect(Connect connect = {}, const Connack& connack = {}) {
        start(connect);
        take(out);
        feed(connack);
        sink.events.clear();
    }
    void start(Connect connect = {}) {
        connect.client_id = "c";
        tail.clear();
        protocol.connect(connect, session, now, 10s);
    }
    void feed(const Packet& packet) { feed(to_bytes(protocol.version(), packet)); }
    void feed(Bytes bytes) { feed_all(protocol, sink, tail, bytes, now); }
    std::string sent() { return read_packets(take(out), protocol.version()); }
    std::string events() { return sink.take_events(); }

    TimePoint now = kStart;
    base::OutBuffer out;
    Session session;
    ClientRecorder sink;
    ByteVector tail;
    ClientProtocol protocol{out};
};

inline Connect connect_packet(ProtocolVersion version, bool clean_start = true) {
    Connect connect;
    connect.version = version;
    connect.clean_start = clean_start;
    return connect;
}

inline Connect named(ProtocolVersion version) {
    Connect connect = connect_packet(version);
    connect.client_id = "c";
    return connect;
}

inline Connect with(const PropertyList& properties) {
    Connect connect;
    connect.properties = properties;
    return connect;
}

}  // namespace test
