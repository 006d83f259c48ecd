// A broker of one session for tests of the client: the server's role on loopback, without routing. It
// remembers what it received, and hands out messages of its own after the first SUBSCRIBE. Any of its
// connections can be cut after a number of bytes in either direction.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/server_protocol.hpp"
#include "net/driver.hpp"
#include "net/listener.hpp"

namespace mqtt::test {

// Lets so many bytes through, then ends the stream.
class CutStream final : public net::ByteStream {
public:
    CutStream(std::unique_ptr<net::ByteStream> inner, std::size_t receive, std::size_t send)
        : inner_(std::move(inner))
        , receive_(receive)
        , send_(send) {}

    net::IoResult read(std::span<std::uint8_t> into) override {
        net::IoResult result;
        if (receive_ != 0)
            result = inner_->read(into.first(std::min(into.size(), receive_)));
        else
            result.eof = true;
        receive_ -= result.n;
        return result;
    }
    net::IoResult write(const iovec* vectors, int count) override {
        net::IoResult result;
        for (int i = 0; i < count; ++i) {
            iovec part = vectors[i];
            const bool is_cut = part.iov_len > send_;
            part.iov_len = std::min(part.iov_len, send_);
            const net::IoResult one = part.iov_len != 0 ? inner_->write(&part, 1) : net::IoResult{};
            result.n += one.n;
            send_ -= one.n;
            result.want_write = one.want_write;
            result.error = one.error;
            if (is_cut) result.error = std::make_error_code(std::errc::broken_pipe);
            if (result.error || result.want_write) break;
        }
        return result;
    }
    int descriptor() const override { return inner_->descriptor(); }

private:
    std::unique_ptr<net::ByteStream> inner_;
    std::size_t receive_;
    std::size_t send_;
};

class SessionBroker {
public:
    static constexpr std::size_t kNoCut = static_cast<std::size_t>(-1);

    explicit SessionBroker(net::Loop& loop) : loop_(loop) {
        net::ListenOptions options;
        options.endpoint.host = "127.0.0.1";
        options.endpoint.port = 0;
        auto opened = net::Listener::open(
            loop, options, 0, [this](net::Accepted accepted) { take(std::move(accepted.stream)); });
        if (!opened.listener) throw std::runtime_error(opened.message);
        listener_ = std::move(opened.listener);
    }

    std::uint16_t port() const { return listener_->bound().front().port; }
    // A connection that somebody else made.
    void take(std::unique_ptr<net::ByteStream> stream) {
        stream = std::make_unique<CutStream>(std::move(stream), receive_limit, send_limit);
        receive_limit = send_limit = kNoCut;
        peers_.push_back(std::make_unique<Peer>(*this, std::move(stream)));
    }
    // What was received on all connections, QoS 2 duplicates removed by the session.
    std::vector<std::string> received;
    // Sent once, after the first SUBSCRIBE; QoS 0, 1, 2 in turn.
    std::vector<std::string> to_send;
    // Of the next connection; later ones have none.
    std::size_t receive_limit = kNoCut;
    std::size_t send_limit = kNoCut;
    // Of the connections that are over.
    std::size_t bytes_received = 0;
    std::size_t bytes_sent = 0;
    int connects = 0;
    int cuts = 0;  // connections that ended without DISCONNECT

private:
    struct Peer final : net::ByteConsumer, core::ServerSink {
        Peer(SessionBroker& b, std::unique_ptr<net::ByteStream> stream)
            : broker(b)
            , driver(b.loop_, std::move(stream), *this)
            , protocol(driver.out(), b.limits_, Clock::now()) {
            driver.start();
        }
        net::Consumed on_bytes(Bytes bytes) override {
            const net::Consumed consumed = protocol.feed(bytes, Clock::now(), *this);
            driver.mark_dirty();
            if (protocol.is_closing()) driver.close_gracefully();
            return consumed;
        }
        void on_closed(std::error_code) override {
            broker.bytes_received += driver.bytes_received();
            broker.bytes_sent += driver.bytes_sent();
            if (!disconnected) ++broker.cuts;
            broker.forget(this);
        }
        void on_connect(const Connect& connect) override {
            ++broker.connects;
            const bool present = broker.has_session_ && !connect.clean_start;
            broker.has_session_ = true;
            protocol.accept(broker.session_, {present, connect.keep_alive, {}}, Clock::now());
        }
        core::AckDecision on_publish(const Publish& publish) override {
            broker.received.emplace_back(as_text(publish.payload));
            return core::AckDecision::now();
        }
        void on_subscribe(const Subscribe& subscribe) override {
            const std::vector<ReasonCode> codes(subscribe.filters.count(),
                                                ReasonCode::granted_qos_2);
            protocol.suback(subscribe.id, codes);
            for (const std::string& text : std::exchange(broker.to_send, {}))
                send(text);
        }
        void on_unsubscribe(const Unsubscribe& unsubscribe) override {
            const std::vector<ReasonCode> codes(unsubscribe.filters.count(), ReasonCode::success);
            protocol.unsuback(unsubscribe.id, codes);
        }
        void on_disconnect(const Disconnect&) override { disconnected = true; }
        void on_delivered(PacketId, std::uint64_t, ReasonCode) override {}
        void on_send_quota() override {}
        void on_auth(const Auth&) override {}
        void on_protocol_error(const Error&) override {}

        void send(const std::string& text) {
            core::Message::Init init;
            init.topic = "from/broker";
            init.payload = as_bytes(text);
            init.qos = static_cast<QoS>(broker.sent_++ % 3);
            const core::MessageRef message = core::Message::create(init);
            core::OutgoingPublish publish;
            publish.topic = message->topic();
            publish.payload = message->payload();
            publish.qos = message->qos();
            protocol.publish(publish, message, 0);
        }

        SessionBroker& broker;
        net::Driver driver;
        core::ServerProtocol protocol;
        bool disconnected = false;
    };

    void forget(Peer* peer) {
        for (auto at = peers_.begin(); at != peers_.end(); ++at) {
            if (at->get() != peer) continue;
            loop_.retire(std::move(*at));
            peers_.erase(at);
            return;
        }
    }

    net::Loop& loop_;
    core::ServerLimits limits_;
    core::Session session_;
    bool has_session_ = false;
    unsigned sent_ = 0;
    std::unique_ptr<net::Listener> listener_;
    std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace mqtt::test
