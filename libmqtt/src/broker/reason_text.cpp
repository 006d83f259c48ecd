// The sentences.
#include "broker/reason_text.hpp"

namespace mqtt::broker {

std::string_view connect_refusal_text(ReasonCode reason) {
    using enum ReasonCode;
    switch (reason) {
    case unsupported_protocol_version: return "this listener does not take this protocol version";
    case client_identifier_not_valid: return "the client id is empty or not allowed here";
    case bad_user_name_or_password: return "unknown user or wrong password";
    case not_authorized: return "not allowed to connect, or to publish to the will's topic";
    case server_unavailable: return "the broker is shutting down";
    case server_busy: return "too many log-ins are waiting: try again later";
    case quota_exceeded: return "a limit of the broker is reached: try again later";
    case bad_authentication_method: return "this authentication method is not offered";
    case topic_name_invalid: return "the will's topic is not allowed here";
    case payload_format_invalid: return "the will's payload is not the UTF-8 that it claims to be";
    default: return {};
    }
}

std::string_view publish_refusal_text(ReasonCode reason) {
    using enum ReasonCode;
    switch (reason) {
    case not_authorized: return "not allowed to publish to this topic";
    case quota_exceeded: return "a limit of the broker is reached: the message was not taken";
    case topic_name_invalid: return "the topic has more levels or bytes than the broker takes";
    case payload_format_invalid: return "the payload is not the UTF-8 that it claims to be";
    default: return {};
    }
}

std::string_view subscribe_refusal_text(ReasonCode reason) {
    using enum ReasonCode;
    switch (reason) {
    case not_authorized: return "it can match nothing that this client may read";
    case quota_exceeded: return "a limit of the broker is reached";
    case topic_filter_invalid: return "it has more levels or bytes than the broker takes";
    case shared_subscriptions_not_supported: return "no shared subscriptions on this listener";
    case wildcard_subscriptions_not_supported: return "no wildcards on this listener";
    default: return {};
    }
}

}  // namespace mqtt::broker
