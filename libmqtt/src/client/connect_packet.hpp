// From ConnectOptions to the CONNECT packet: checks that the options make sense together, and adds what
// follows from them. Used by Connection; knows no socket.
#pragma once

#include <string>

#include "mqtt/error.hpp"
#include "mqtt/options.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::client {

// Errors: invalid_argument and kin, with a detail that names the option.
Status check_options(const ConnectOptions& options, std::string_view client_id);

// Owns what the packet refers to and the options do not have.
class ConnectPacket {
public:
    // `options` and `client_id` must outlive the object and have been checked.
    ConnectPacket(const ConnectOptions& options, std::string_view client_id);
    ConnectPacket(const ConnectPacket&) = delete;
    ConnectPacket& operator=(const ConnectPacket&) = delete;
    const Connect& view() const { return connect_; }

private:
    Connect connect_;
    PropertyList properties_;
    std::string made_client_id_;
};

}  // namespace mqtt::client
