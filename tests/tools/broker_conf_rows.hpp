// A line for each key of mosquitto.conf, and what it makes of the broker's configuration. A key without a row fails
// the test. Used by broker_conf_test.cpp alone.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "mqtt-broker-lite/conf_apply.hpp"

namespace {

using namespace tools::broker_lite;
using namespace std::chrono_literals;
using mqtt::BridgeConfig;
using mqtt::ListenerConfig;
using mqtt::ProtocolVersion;
using mqtt::QoS;

struct Read {
    Conf conf;
    mqtt::BrokerConfig config;
    std::vector<ConfAccess> accesses;
};

template <class T>
struct Row {
    std::string_view line;
    bool (*holds)(const T&);
    std::string_view key() const { return line.substr(0, line.find(' ')); }
};

const Row<Read> kGeneral[] = {
    {"acl_file x", [](const Read& r) { return r.accesses[0].acl_file == "x"; }},
    {"acl_subscribe_mode mosquitto",
     [](const Read& r) { return r.accesses[0].grants_all_subscriptions; }},
    {"allow_anonymous true", [](const Read& r) { return *r.accesses[0].allow_anonymous; }},
    {"allow_duplicate_messages true",
     [](const Read& r) { return r.conf.problems.size() == 1 && !r.conf.has_errors(); }},
    {"allow_zero_length_clientid false",
     [](const Read& r) { return !r.config.empty_client_id_allowed; }},
    {"auth_opt_acl_file x", [](const Read& r) { return r.accesses[0].acl_file == "x"; }},
    {"auth_opt_password_file x", [](const Read& r) { return r.accesses[0].password_file == "x"; }},
    {"auto_id_prefix x-", [](const Read& r) { return r.config.assigned_id_prefix == "x-"; }},
    {"check_payload_format true", [](const Read& r) { return r.config.check_payload_format; }},
    {"check_retain_source false", [](const Read& r) { return !r.config.check_retain_source; }},
    {"clientid_prefixes x-", [](const Read& r) { return r.config.client_id_prefix == "x-"; }},
    {"connect_timeout 3", [](const Read& r) { return r.config.connect_timeout == 3s; }},
    {"connection_messages false", [](const Read& r) { return !r.config.log_connections; }},
    {"global_max_clients 3", [](const Read& r) { return r.config.maximum_sessions == 3; }},
    {"global_max_connections 3", [](const Read& r) { return r.config.maximum_connections == 3; }},
    {"log_dest topic",
     [](const Read& r) { return r.conf.log_destinations == std::vector<std::string>{"topic"}; }},
    {"log_facility 3", [](const Read& r) { return r.conf.log_facility == 3; }},
    {"log_format json", [](const Read& r) { return r.conf.log_format == LogFormat::json; }},
    {"log_timestamp false", [](const Read& r) { return !r.conf.log_timestamp; }},
    {"log_timestamp_format %H", [](const Read& r) { return r.conf.log_timestamp_format == "%H"; }},
    {"log_type all", [](const Read& r) { return r.config.log_packets; }},
    {"login_threads 3", [](const Read& r) { return r.conf.login_threads == 3; }},
    {"max_connect_packet_size 30",
     [](const Read& r) { return r.config.listeners[0].limits.maximum_connect_packet_size == 30; }},
    {"max_connect_rate 3", [](const Read& r) { return r.config.maximum_connect_rate == 3; }},
    {"max_connections_per_address 3",
     [](const Read& r) { return r.config.maximum_connections_per_address == 3; }},
    {"max_inflight_bytes 3", [](const Read& r) { return r.config.maximum_inflight_bytes == 3; }},
    {"max_inflight_messages 0", [](const Read& r) { return r.config.maximum_inflight == 65'535; }},
    {"max_keepalive 3", [](const Read& r) { return r.config.maximum_keep_alive == 3; }},
    {"max_login_delay 3", [](const Read& r) { return r.config.maximum_login_delay == 3s; }},
    {"max_packet_size 30",
     [](const Read& r) { return r.config.listeners[0].limits.maximum_packet_size == 30; }},
    {"max_publish_rate 3", [](const Read& r) { return r.config.maximum_publish_rate == 3; }},
    {"max_queued_bytes 3", [](const Read& r) { return r.config.maximum_queued_bytes == 3; }},
    {"max_queued_messages 3", [](const Read& r) { return r.config.maximum_queued_messages == 3; }},
    {"max_subscriptions 3", [](const Read& r) { return r.config.maximum_subscriptions == 3; }},
    {"max_topic_levels 3", [](const Read& r) { return r.config.maximum_topic_levels == 3; }},
    {"memory_limit 3", [](const Read& r) { return r.config.memory_limit == 3; }},
    {"message_size_limit 3", [](const Read& r) { return r.config.maximum_payload_size == 3; }},
    {"password_file x", [](const Read& r) { return r.accesses[0].password_file == "x"; }},
    {"per_listener_settings true", [](const Read& r) { return r.conf.per_listener_settings; }},
    {"persistence strict",
     [](const Read& r) { return r.config.persistence == mqtt::Persistence::strict; }},
    {"persistence_file x", [](const Read& r) { return r.conf.persistence_file == "x"; }},
    {"persistence_location x", [](const Read& r) { return r.conf.persistence_location == "x"; }},
    {"persistent_client_expiration 2w",
     [](const Read& r) { return r.config.persistent_session_expiry == 14 * 86'400; }},
    {"pid_file x", [](const Read& r) { return r.conf.pid_file == "x"; }},
    {"plugin_opt_acl_file x", [](const Read& r) { return r.accesses[0].acl_file == "x"; }},
    {"plugin_opt_password_file x",
     [](const Read& r) { return r.accesses[0].password_file == "x"; }},
    {"psk_file x", [](const Read& r) { return r.accesses[0].psk_file == "x"; }},
    {"queue_memory 3", [](const Read& r) { return r.config.queue_memory == 3; }},
    {"queue_overflow oldest",
     [](const Read& r) { return r.config.queue_overflow == mqtt::QueueOverflow::oldest; }},
    {"queue_qos0_messages true", [](const Read& r) { return r.config.queue_qos0_offline; }},
    {"remembered_logins 3", [](const Read& r) { return r.conf.remembered_logins == 3; }},
    {"response_information r/%c",
     [](const Read& r) { return r.config.response_information == "r/%c"; }},
    {"retain_available false",
     [](const Read& r) { return !r.config.listeners[0].limits.retain_available; }},
    {"retained_persistence true",
     [](const Read& r) { return r.config.persistence == mqtt::Persistence::batch; }},
    {"sys_interval 3", [](const Read& r) { return r.config.sys_interval == 3s; }},
    {"trace_client x",
     [](const Read& r) { return r.config.trace_clients == std::vector<std::string>{"x"}; }},
    {"trace_topic x/#",
     [](const Read& r) { return r.config.trace_topics == std::vector<std::string>{"x/#"}; }},
    {"upgrade_outgoing_qos true", [](const Read& r) { return r.config.upgrade_outgoing_qos; }},
    {"user x", [](const Read& r) { return r.conf.user == "x"; }},
};

// Plug-ins that are built in change nothing.
constexpr std::string_view kPlugins[] = {"auth_plugin", "global_plugin", "plugin", "plugin_load",
                                         "plugin_use"};

using Source = mqtt::UserNameSource;
const Row<ListenerConfig> kListener[] = {
    {"accept_protocol_versions 3,5",
     [](const ListenerConfig& l) {
         return l.versions == std::vector{ProtocolVersion::v3_1, ProtocolVersion::v5};
     }},
    {"bind_interface x", [](const ListenerConfig& l) { return l.interface == "x"; }},
    {"cafile x", [](const ListenerConfig& l) { return l.tls.ca_file == "x"; }},
    {"capath x", [](const ListenerConfig& l) { return l.tls.ca_directory == "x"; }},
    {"certfile x",
     [](const ListenerConfig& l) {
         return l.tls.certificate_file == "x" && mqtt::uses_tls(l.endpoint.transport);
     }},
    {"ciphers x", [](const ListenerConfig& l) { return l.tls.ciphers == "x"; }},
    {"ciphers_tls1.3 x", [](const ListenerConfig& l) { return l.tls.ciphersuites == "x"; }},
    {"crlfile x", [](const ListenerConfig& l) { return l.tls.crl_file == "x"; }},
    {"disable_client_cert_date_checks true",
     [](const ListenerConfig& l) { return l.tls.ignore_client_certificate_dates; }},
    {"enable_proxy_protocol 1",
     [](const ListenerConfig& l) { return l.proxy_header == mqtt::ProxyHeader::v1; }},
    {"keyfile x", [](const ListenerConfig& l) { return l.tls.key_file == "x"; }},
    {"listener_auto_id_prefix x-",
     [](const ListenerConfig& l) { return l.assigned_id_prefix == "x-"; }},
    {"max_connections 3",
     [](const ListenerConfig& l) { return l.limits.maximum_connections == 3; }},
    {"max_qos 1",
     [](const ListenerConfig& l) { return l.limits.maximum_qos == QoS::at_least_once; }},
    {"max_topic_alias 3",
     [](const ListenerConfig& l) { return l.limits.topic_alias_maximum == 3; }},
    {"max_topic_alias_broker 3",
     [](const ListenerConfig& l) { return l.limits.outgoing_topic_alias_maximum == 3; }},
    {"maximum_qos 0",
     [](const ListenerConfig& l) { return l.limits.maximum_qos == QoS::at_most_once; }},
    {"mount_point x/", [](const ListenerConfig& l) { return l.mount_point == "x/"; }},
    {"protocol any", [](const ListenerConfig& l) { return l.shares_websocket; }},
    {"protocol http_api", [](const ListenerConfig& l) { return l.serves_http; }},
    {"protocol websockets",
     [](const ListenerConfig& l) { return l.endpoint.transport == mqtt::Transport::websocket; }},
    {"proxy_protocol_trusted 10.0.0.0/8",
     [](const ListenerConfig& l) {
         return l.proxy_peers == std::vector<std::string>{"10.0.0.0/8"};
     }},
    {"proxy_protocol_v2_require_tls true",
     [](const ListenerConfig& l) { return l.proxy_requires_tls; }},
    {"psk_hint x",
     [](const ListenerConfig& l) {
         return l.tls.psk_hint == "x" && mqtt::uses_tls(l.endpoint.transport);
     }},
    {"receive_maximum 3", [](const ListenerConfig& l) { return l.limits.receive_maximum == 3; }},
    {"require_certificate true",
     [](const ListenerConfig& l) {
         return l.tls.require_client_certificate && l.tls.request_client_certificate;
     }},
    {"socket_domain ipv6", [](const ListenerConfig& l) { return l.endpoint.host == "::"; }},
    {"tls_engine x", [](const ListenerConfig& l) { return l.tls.engine == "x"; }},
    {"tls_engine_kpass_sha1 0123456789012345678901234567890123456789",
     [](const ListenerConfig& l) { return l.tls.engine_pin_sha1.size() == 40; }},
    {"tls_keyform engine", [](const ListenerConfig& l) { return l.tls.engine_has_key; }},
    {"tls_version tlsv1.3",
     [](const ListenerConfig& l) { return l.tls.minimum_version == "tlsv1.3"; }},
    {"unix_socket_mode 0600", [](const ListenerConfig& l) { return l.unix_mode == 0600; }},
    {"use_identity_as_username true",
     [](const ListenerConfig& l) { return l.user_name_source == Source::common_name; }},
    {"use_subject_as_username true",
     [](const ListenerConfig& l) { return l.user_name_source == Source::subject; }},
    {"use_username_as_clientid true",
     [](const ListenerConfig& l) { return l.user_name_is_client_id; }},
    {"websockets_origin https://x.example",
     [](const ListenerConfig& l) {
         return l.websocket_origins == std::vector<std::string>{"https://x.example"};
     }},
};

// Those that open a listener, are about the default one, or are tried by themselves below.
constexpr std::string_view kOtherListener[] = {
    "listener", "http_listener", "port", "bind_address", "listener_allow_anonymous", "http_dir"};

const Row<BridgeConfig> kBridge[] = {
    {"address x:1 [::1]:2 y",
     [](const BridgeConfig& b) {
         return b.addresses.size() == 3 && b.addresses[0].host == "x" && b.addresses[0].port == 1 &&
                b.addresses[1].host == "::1" && b.addresses[1].port == 2 &&
                b.addresses[2].port == 1883;
     }},
    {"addresses x",
     [](const BridgeConfig& b) { return b.addresses.size() == 1 && b.addresses[0].host == "x"; }},
    {"bridge_alpn x",
     [](const BridgeConfig& b) { return b.connect.tls.alpn == std::vector<std::string>{"x"}; }},
    {"bridge_attempt_unsubscribe false",
     [](const BridgeConfig& b) { return !b.attempt_unsubscribe; }},
    {"bridge_bind_address x", [](const BridgeConfig& b) { return b.connect.bind_address == "x"; }},
    {"bridge_cafile x", [](const BridgeConfig& b) { return b.connect.tls.ca_file == "x"; }},
    {"bridge_capath x", [](const BridgeConfig& b) { return b.connect.tls.ca_directory == "x"; }},
    {"bridge_certfile x",
     [](const BridgeConfig& b) { return b.connect.tls.certificate_file == "x"; }},
    {"bridge_ciphers x", [](const BridgeConfig& b) { return b.connect.tls.ciphers == "x"; }},
    {"bridge_ciphers_tls1.3 x",
     [](const BridgeConfig& b) { return b.connect.tls.ciphersuites == "x"; }},
    {"bridge_hop_name x", [](const BridgeConfig& b) { return b.hop_name == "x"; }},
    {"bridge_identity x", [](const BridgeConfig& b) { return b.connect.tls.psk_identity == "x"; }},
    {"bridge_insecure true", [](const BridgeConfig& b) { return !b.connect.tls.verify_host_name; }},
    {"bridge_keyfile x", [](const BridgeConfig& b) { return b.connect.tls.key_file == "x"; }},
    {"bridge_max_packet_size 3",
     [](const BridgeConfig& b) { return b.connect.maximum_packet_size == 3; }},
    {"bridge_max_topic_alias 3", [](const BridgeConfig& b) { return b.topic_alias_maximum == 3; }},
    {"bridge_outgoing_retain false", [](const BridgeConfig& b) { return !b.outgoing_retain; }},
    {"bridge_protocol_version mqttv311",
     [](const BridgeConfig& b) { return b.version == ProtocolVersion::v3_1_1; }},
    {"bridge_psk aa", [](const BridgeConfig& b) { return b.connect.tls.psk_hex == "aa"; }},
    {"bridge_receive_maximum 3", [](const BridgeConfig& b) { return b.receive_maximum == 3; }},
    {"bridge_reload_type lazy", [](const BridgeConfig& b) { return !b.changes_at_once; }},
    {"bridge_session_expiry_interval 3",
     [](const BridgeConfig& b) { return b.session_expiry == 3; }},
    {"bridge_tcp_keepalive 1 2 3",
     [](const BridgeConfig& b) {
         return b.tcp_keepalive_idle == 1 && b.tcp_keepalive_interval == 2 &&
                b.tcp_keepalive_count == 3;
     }},
    {"bridge_tcp_user_timeout 3", [](const BridgeConfig& b) { return b.tcp_user_timeout == 3ms; }},
    {"bridge_tls_use_os_certs true",
     [](const BridgeConfig& b) {
         return b.addresses[0].transport == mqtt::Transport::tls && b.addresses[0].port == 8883;
     }},
    {"bridge_tls_version tlsv1.3",
     [](const BridgeConfig& b) { return b.connect.tls.minimum_version == "tlsv1.3"; }},
    {"cleansession true", [](const BridgeConfig& b) { return b.clean_start; }},
    {"clientid x", [](const BridgeConfig& b) { return b.remote_client_id == "x"; }},
    {"idle_timeout 3", [](const BridgeConfig& b) { return b.idle_timeout == 3s; }},
    {"keepalive_interval 30", [](const BridgeConfig& b) { return b.connect.keep_alive == 30s; }},
    {"local_cleansession true", [](const BridgeConfig& b) { return b.local_clean_start == true; }},
    {"local_clientid x", [](const BridgeConfig& b) { return b.local_client_id == "x"; }},
    {"local_username x", [](const BridgeConfig& b) { return b.local_user_name == "x"; }},
    {"notification_topic x", [](const BridgeConfig& b) { return b.notification_topic == "x"; }},
    {"notifications false", [](const BridgeConfig& b) { return !b.notifications; }},
    {"notifications_local_only true",
     [](const BridgeConfig& b) { return b.notifications_local_only; }},
    {"password x", [](const BridgeConfig& b) { return b.connect.password == "x"; }},
    {"remote_clientid x", [](const BridgeConfig& b) { return b.remote_client_id == "x"; }},
    {"remote_password x", [](const BridgeConfig& b) { return b.connect.password == "x"; }},
    {"remote_username x", [](const BridgeConfig& b) { return b.connect.user_name == "x"; }},
    {"restart_timeout 1 2 3",
     [](const BridgeConfig& b) {
         return b.restart_base == 1s && b.restart_cap == 2s && b.restart_stable == 3s;
     }},
    {"round_robin true", [](const BridgeConfig& b) { return b.round_robin; }},
    {"start_type lazy", [](const BridgeConfig& b) { return b.start == mqtt::BridgeStart::lazy; }},
    {"threshold 3", [](const BridgeConfig& b) { return b.threshold == 3; }},
    {"topic x both 1 \"a b/\" \"\"",
     [](const BridgeConfig& b) {
         return b.topics.back().pattern == "x" && b.topics.back().local_prefix == "a b/" &&
                b.topics.back().direction == mqtt::BridgeDirection::both &&
                b.topics.back().qos == QoS::at_least_once && b.topics.back().remote_prefix.empty();
     }},
    {"try_private false", [](const BridgeConfig& b) { return !b.try_private; }},
    {"username x", [](const BridgeConfig& b) { return b.connect.user_name == "x"; }},
};

using mqtt::BrokerConfig;
const Row<BrokerConfig> kLimitFlags[] = {
    {"--connect-timeout 3s", [](const BrokerConfig& c) { return c.connect_timeout == 3s; }},
    {"--max-connect-rate 3", [](const BrokerConfig& c) { return c.maximum_connect_rate == 3; }},
    {"--max-connections 3", [](const BrokerConfig& c) { return c.maximum_connections == 3; }},
    {"--max-connections-per-address 3",
     [](const BrokerConfig& c) { return c.maximum_connections_per_address == 3; }},
    {"--max-inflight 3", [](const BrokerConfig& c) { return c.maximum_inflight == 3; }},
    {"--max-keepalive 3", [](const BrokerConfig& c) { return c.maximum_keep_alive == 3; }},
    {"--max-login-delay 3s", [](const BrokerConfig& c) { return c.maximum_login_delay == 3s; }},
    {"--max-packet-size 3Ki",
     [](const BrokerConfig& c) {
         return !c.listeners.empty() &&
                std::all_of(c.listeners.begin(), c.listeners.end(), [](const ListenerConfig& l) {
                    return l.limits.maximum_packet_size == 3'072;
                });
     }},
    {"--max-publish-rate 3", [](const BrokerConfig& c) { return c.maximum_publish_rate == 3; }},
    {"--max-queued-bytes 3Ki",
     [](const BrokerConfig& c) { return c.maximum_queued_bytes == 3'072; }},
    {"--max-queued-messages 3",
     [](const BrokerConfig& c) { return c.maximum_queued_messages == 3; }},
    {"--max-subscriptions 3", [](const BrokerConfig& c) { return c.maximum_subscriptions == 3; }},
    {"--memory-limit 3Ki", [](const BrokerConfig& c) { return c.memory_limit == 3'072; }},
    {"--output-budget 3Ki", [](const BrokerConfig& c) { return c.output_budget_bytes == 3'072; }},
    {"--queue-memory 3Ki", [](const BrokerConfig& c) { return c.queue_memory == 3'072; }},
    {"--queue-overflow disconnect",
     [](const BrokerConfig& c) { return c.queue_overflow == mqtt::QueueOverflow::disconnect; }},
    {"--session-expiry 2m",
     [](const BrokerConfig& c) {
         return c.maximum_session_expiry == 120 && c.persistent_session_expiry == 120;
     }},
    {"--threads 3", [](const BrokerConfig& c) { return c.threads == 3; }},
};

}  // namespace
