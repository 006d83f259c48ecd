// Keys of bridge sections: read, and told once per section that it has no effect yet.
#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"

namespace tools::broker_lite {
namespace {

constexpr ConfKey key(std::string_view name, std::string_view value) {
    constexpr std::string_view kNoBridges =
        "this broker makes no bridges yet; the section is left out";
    return {name, ConfScope::bridge, ConfUse::ignored, value, kNoBridges, nullptr, true};
}

constexpr ConfKey kKeys[] = {
    key("connection", "NAME"),
    key("address", "HOST[:PORT] ..."),
    key("addresses", "HOST[:PORT] ..."),
    key("topic", "PATTERN [DIRECTION [QOS [PREFIX [PREFIX]]]]"),
    key("bridge_alpn", "NAME"),
    key("bridge_attempt_unsubscribe", "true|false"),
    key("bridge_bind_address", "ADDRESS"),
    key("bridge_cafile", "FILE"),
    key("bridge_capath", "DIR"),
    key("bridge_certfile", "FILE"),
    key("bridge_ciphers", "LIST"),
    key("bridge_ciphers_tls1.3", "LIST"),
    key("bridge_identity", "TEXT"),
    key("bridge_insecure", "true|false"),
    key("bridge_keyfile", "FILE"),
    key("bridge_max_packet_size", "BYTES"),
    key("bridge_max_topic_alias", "N"),
    key("bridge_outgoing_retain", "true|false"),
    key("bridge_protocol_version", "VERSION"),
    key("bridge_psk", "KEY"),
    key("bridge_receive_maximum", "N"),
    key("bridge_reload_type", "lazy|immediate"),
    key("bridge_require_ocsp", "true|false"),
    key("bridge_session_expiry_interval", "SECONDS"),
    key("bridge_tcp_keepalive", "IDLE INTERVAL COUNT"),
    key("bridge_tcp_user_timeout", "MILLISECONDS"),
    key("bridge_tls_use_os_certs", "true|false"),
    key("bridge_tls_version", "VERSION"),
    key("cleansession", "true|false"),
    key("clientid", "TEXT"),
    key("idle_timeout", "SECONDS"),
    key("keepalive_interval", "SECONDS"),
    key("local_cleansession", "true|false"),
    key("local_clientid", "TEXT"),
    key("local_password", "TEXT"),
    key("local_username", "TEXT"),
    key("notification_topic", "TOPIC"),
    key("notifications", "true|false"),
    key("notifications_local_only", "true|false"),
    key("password", "TEXT"),
    key("remote_clientid", "TEXT"),
    key("remote_password", "TEXT"),
    key("remote_username", "TEXT"),
    key("restart_timeout", "SECONDS [SECONDS [SECONDS]]"),
    key("round_robin", "true|false"),
    key("start_type", "automatic|lazy|once"),
    key("threshold", "N"),
    key("try_private", "true|false"),
    key("username", "TEXT"),
};

}  // namespace

std::span<const ConfKey> bridge_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
