// A loop, a scripted broker and one Connection with a sink that remembers. Used by the tests of
// mqtt::Connection.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "mqtt/connection.hpp"
#include "support/net_loop.hpp"
#include "support/raw_broker.hpp"

namespace mqtt::test {

struct RecordingSink final : ConnectionSink {
    void on_connected(const Connack& connack, const ConnectTiming& t) override {
        ++connected;
        session_present = connack.session_present;
        timing = t;
        if (when_connected) when_connected();
    }
    AckDecision on_publish(const Publish& publish) override {
        messages.push_back(std::string(publish.topic) + "=" +
                           std::string(as_text(publish.payload)));
        last_id = publish.id;
        if (when_published) when_published();
        return decision;
    }
    void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) override {
        delivered.push_back(std::to_string(id) + ":" + std::to_string(token) + ":" +
                            std::string(reason_name(reason)));
    }
    void on_send_quota() override { ++quota; }
    void on_writable() override { ++writable; }
    void on_suback(const Suback& suback) override { subacks.emplace_back(as_text(suback.codes)); }
    void on_disconnect(const Disconnect& disconnect) override {
        disconnects.push_back(disconnect.reason);
    }
    void on_closed(const CloseReason& reason) override {
        ++closed;
        error = reason.error;
        step = reason.step;
        message = reason.message;
        if (when_closed) when_closed();
    }

    int connected = 0;
    int closed = 0;
    int quota = 0;
    int writable = 0;
    bool session_present = false;
    ConnectTiming timing;
    std::vector<std::string> messages;
    std::vector<std::string> delivered;
    std::vector<std::string> subacks;
    std::vector<ReasonCode> disconnects;
    PacketId last_id = 0;
    AckDecision decision;
    Error error;
    ConnectionStep step = ConnectionStep::closed;
    std::string message;
    std::function<void()> when_connected, when_published, when_closed;
};

struct ConnectionFixture {
    explicit ConnectionFixture(net::Loop::Readiness readiness = net::Loop::Readiness::own_epoll)
        : test_loop(readiness)
        , broker(test_loop.loop())
        , loop(test_loop.loop())
        , connection(std::make_unique<Connection>(loop, sink)) {
        options.endpoint.host = "127.0.0.1";
        options.endpoint.port = broker.port();
        options.client_id = "c";
        options.connect_timeout = std::chrono::seconds(10);
    }

    bool wait(std::function<bool()> condition) { return test_loop.run_until(std::move(condition)); }
    // The client has sent CONNECT.
    RawPeer& accept() {
        REQUIRE(connection->open(options, session).ok());
        const std::size_t index = broker.peers.size();
        REQUIRE(wait(
            [&] { return broker.peers.size() > index && !broker.peers[index]->frames().empty(); }));
        return broker.peer(index);
    }
    // ... and CONNACK has come.
    RawPeer& connect() {
        RawPeer& peer = accept();
        peer.send_hex(options.version == ProtocolVersion::v5 ? kConnackV5 : kConnackV3);
        const int before = sink.connected;
        REQUIRE(wait([&] { return sink.connected > before; }));
        return peer;
    }

    TestLoop test_loop;
    RawBroker broker;
    ConnectionLoop loop;
    RecordingSink sink;
    ConnectOptions options;
    ClientSession* session = nullptr;
    std::unique_ptr<Connection> connection;
};

}  // namespace mqtt::test
