// How a server that does not know the version of a CONNECT ends the connection: it says so, sends what
// cannot be parsed as that version, or just closes. Used where an older version is tried next: by the
// client and by bridges. Pure.
#pragma once

#include "mqtt/error.hpp"

namespace mqtt::core {

// `error` ended a connection that waited for CONNACK.
inline bool may_refuse_version(const Error& error) {
    switch (error.code) {
    case Errc::refused_by_server: return error.reason == ReasonCode::unsupported_protocol_version;
    case Errc::closed_before_connack:
    case Errc::malformed_packet:
    case Errc::protocol_error: return true;
    default: return false;
    }
}

}  // namespace mqtt::core
