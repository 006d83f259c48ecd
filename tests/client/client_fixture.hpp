// A scripted broker and one Client on a loop, with everything that the client says recorded.
// Used by the tests of mqtt::Client.
#pragma once

#include <doctest/doctest.h>

#include <asio/cancellation_signal.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/client.hpp"
#include "support/net_loop.hpp"
#include "support/raw_broker.hpp"

namespace mqtt::test {

// The outcome of an operation: a handler that remembers. Must outlive the operation.
template <class... Results>
struct Outcome {
    auto handler() {
        return [this](std::error_code e, Results... r) {
            ++count;
            error = e;
            results.emplace(std::move(r)...);
        };
    }
    // The same, cancelled through `slot`.
    struct Cancellable {
        using cancellation_slot_type = asio::cancellation_slot;
        cancellation_slot_type get_cancellation_slot() const noexcept { return slot; }
        void operator()(std::error_code e, Results... r) { outcome->handler()(e, std::move(r)...); }
        Outcome* outcome;
        asio::cancellation_slot slot;
    };
    Cancellable handler(asio::cancellation_slot slot) { return {this, slot}; }
    bool is_done() const { return count != 0; }
    template <std::size_t I = 0>
    auto& get() {
        return std::get<I>(*results);
    }
    int count = 0;
    std::error_code error;
    std::optional<std::tuple<Results...>> results;
};

struct ClientFixture {
    ClientFixture() : broker(test_loop.loop()), loop(test_loop.loop()) {
        options.connect.endpoint.host = "127.0.0.1";
        options.connect.endpoint.port = broker.port();
        options.connect.client_id = "c";
        options.connect.connect_timeout = std::chrono::seconds(10);
        options.reconnect.initial_delay = std::chrono::milliseconds(1);
        options.reconnect.maximum_delay = std::chrono::milliseconds(5);
    }

    bool wait(std::function<bool()> condition) { return test_loop.run_until(std::move(condition)); }

    Client& make() {
        client = std::make_unique<Client>(loop, options);
        client->set_state_handler([this](const StateChange& change) {
            states.push_back(change.state);
            if (change.error) sentences.emplace_back(change.message);
        });
        return *client;
    }
    // Waits for the next connection and its CONNECT.
    RawPeer& accept() {
        REQUIRE(wait([&] { return broker.peers.size() > accepted; }));
        RawPeer& peer = broker.peer(accepted++);
        REQUIRE(wait([&] { return !peer.frames().empty(); }));
        return peer;
    }
    // ... and answers it.
    RawPeer& accept(std::string_view connack) {
        RawPeer& peer = accept();
        peer.send_hex(connack);
        return peer;
    }
    // A client that is connected.
    RawPeer& connect(std::string_view connack = kConnackV5) {
        make().connect(connected.handler());
        RawPeer& peer = accept(connack);
        REQUIRE(wait([&] { return connected.is_done(); }));
        REQUIRE(!connected.error);
        return peer;
    }
    bool heard(const RawPeer& peer, std::string_view names) {
        return wait([&] { return peer.packet_names() == names; });
    }

    TestLoop test_loop;
    RawBroker broker;
    ConnectionLoop loop;
    ClientOptions options;
    std::vector<ClientState> states;
    std::vector<std::string> sentences;
    std::size_t accepted = 0;
    Outcome<ConnectReport> connected;
    std::unique_ptr<Client> client;
};

}  // namespace mqtt::test
