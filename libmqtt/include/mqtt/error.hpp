// Errors as values: Errc (what went wrong), Error (with the reason code and a detail), Result<T>.
// One table (src/core/error.cpp) gives every Errc its text, reason code and exit code.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "mqtt/reason_code.hpp"

namespace mqtt {

enum class Errc : std::uint8_t {
    ok = 0,
    // what a peer's bytes or our caller's arguments can violate
    malformed_packet,
    protocol_error,
    packet_too_large,
    topic_name_invalid,
    topic_filter_invalid,
    topic_alias_invalid,
    receive_maximum_exceeded,
    payload_format_invalid,
    packet_identifier_not_found,
    unsupported_protocol_version,
    client_identifier_not_valid,
    invalid_argument,
    // what limits and states refuse
    quota_exceeded,
    queue_full,
    not_connected,
    already_connected,
    not_supported_by_server,
    session_lost,
    // what a connection can meet
    resolve_failed,
    connection_refused,
    host_unreachable,
    timed_out,
    connection_closed,  // by the peer, in the middle of things
    closed_before_connack,
    keep_alive_timeout,
    network_error,
    tls_failed,
    tls_certificate_rejected,
    not_tls,   // the peer does not speak TLS on this port
    not_mqtt,  // the peer speaks something else (HTTP, TLS) on this port
    websocket_upgrade_failed,
    websocket_origin_refused,
    websocket_protocol_error,
    proxy_failed,
    proxy_header_invalid,    // a listener behind a proxy: what it sent first
    refused_by_server,       // CONNACK or SUBACK or acknowledgement with an error reason code
    disconnected_by_server,  // DISCONNECT with a reason code
    cancelled,
    out_of_memory,
};

struct ErrcInfo {
    Errc code;
    std::string_view name;  // "packet_too_large"
    std::string_view text;  // "packet is larger than the limit"
    ReasonCode reason;      // what a protocol object tells the peer
    int exit_code;          // what a tool exits with; see tools/common/exit_code
};
const ErrcInfo& info(Errc code);

// Cheap to copy. `detail` points to static text or is empty.
struct Error {
    Errc code = Errc::ok;
    ReasonCode reason = ReasonCode::success;
    std::string_view detail;

    Error() = default;
    explicit Error(Errc c);  // with the reason code of its table row
    Error(Errc c, ReasonCode r, std::string_view d = {}) : code(c), reason(r), detail(d) {}
    Error(Errc c, std::string_view d);
    explicit operator bool() const { return code != Errc::ok; }
};

const std::error_category& mqtt_category();
inline std::error_code make_error_code(Errc code) {
    return {static_cast<int>(code), mqtt_category()};
}

// Either a value or an Error. Reading the wrong one is a programming fault (asserted).
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : value_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : value_(std::in_place_index<1>, error) {}
    Result(Errc code) : Result(Error(code)) {}

    bool ok() const { return value_.index() == 0; }
    explicit operator bool() const { return ok(); }
    T& value() {
        assert(ok());
        return *std::get_if<0>(&value_);
    }
    const T& value() const {
        assert(ok());
        return *std::get_if<0>(&value_);
    }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    const Error& error() const {
        assert(!ok());
        return *std::get_if<1>(&value_);
    }

private:
    std::variant<T, Error> value_;
};

// Success or an Error, for operations without a value.
class [[nodiscard]] Status {
public:
    Status() = default;
    Status(Error error) : error_(error) {}
    Status(Errc code) : error_(Error(code)) {}
    bool ok() const { return !error_; }
    explicit operator bool() const { return ok(); }
    const Error& error() const { return error_; }

private:
    Error error_;
};

}  // namespace mqtt

template <>
struct std::is_error_code_enum<mqtt::Errc> : std::true_type {};
