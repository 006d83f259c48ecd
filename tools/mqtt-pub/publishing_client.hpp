// The client of a publisher, from connecting to its end. Before MQTT 5.0 a session that begins clean ends with
// its connection, and then QoS 2 doubles what was under way: a stream connects clean, which removes an old
// session, again with a session that the server keeps, and in the end removes that one.
#pragma once

#include <functional>
#include <optional>

#include "mqtt-pub/client_setup.hpp"
#include "mqtt/client.hpp"

namespace mqtt_pub {

class PublishingClient {
public:
    using Connected = std::function<void(std::error_code, const mqtt::ConnectReport&)>;

    // The references outlive the client.
    PublishingClient(asio::io_context& context, const tools::Invocation& invocation,
                     const Options& options, const tools::ConnectionLog& log);

    // Set before connect().
    std::function<void(const mqtt::StateChange&)> on_state;
    std::function<void(std::uint64_t, std::error_code, mqtt::ReasonCode)> on_delivery;
    mqtt::Client::BatchHandler on_batch;

    // `connected` is called once, when the session stands or cannot be had.
    void connect(Connected connected);
    // Says good-bye; `ended` gets what became of what was still to be written. Not from a callback.
    void end(std::function<void(std::error_code)> ended);

    // Between connect() and end().
    mqtt::Client* operator->() { return &*client_; }

private:
    void open(const mqtt::ClientOptions& client);
    bool needs_kept_session(mqtt::ProtocolVersion version) const;
    void connect_again(mqtt::ProtocolVersion version);
    void remove_session(std::function<void()> removed);

    asio::io_context& context_;
    const tools::Invocation& invocation_;
    const Options& options_;
    const tools::ConnectionLog& log_;
    Connected connected_;
    std::optional<mqtt::Client> client_;
    std::optional<mqtt::ClientOptions> kept_;  // the client whose session is to be removed
    bool is_ending_ = false;
};

}  // namespace mqtt_pub
