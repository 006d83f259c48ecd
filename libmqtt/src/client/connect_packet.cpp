// See connect_packet.hpp.
#include "client/connect_packet.hpp"

#include "client/random.hpp"
#include "core/utf8.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::client {

namespace {

constexpr std::size_t kMaxField = 65'535;
constexpr std::size_t kMaxClientIdV31 = 23;

Error invalid(std::string_view detail) {
    return {Errc::invalid_argument, detail};
}

Status check_will(const Will& will, ProtocolVersion version) {
    if (const Status topic = validate_topic_name(will.topic); !topic) return invalid("will topic");
    if (will.payload.size() > kMaxField) return invalid("will payload is over 65535 bytes");
    if (!has_properties(version) && !will.properties.empty()) {
        return invalid("will properties need MQTT 5.0");
    }
    return validate_properties(will.properties.view().raw(), PropertyPlace::will);
}

Status check_login(const ConnectOptions& options) {
    const std::string_view user_name =
        options.user_name ? std::string_view(*options.user_name) : std::string_view();
    if (user_name.size() > kMaxField) return invalid("user name is over 65535 bytes");
    if (!core::is_valid_utf8(user_name)) return invalid("user name is not UTF-8");
    if (!options.password) return {};
    if (options.password->size() > kMaxField) return invalid("password is over 65535 bytes");
    if (!options.user_name && !has_properties(options.version)) {
        return invalid("a password without a user name needs MQTT 5.0");  // [MQTT311-3.1.2-22]
    }
    return {};
}

}  // namespace

Status check_options(const ConnectOptions& options, std::string_view client_id) {
    const bool is_v5 = has_properties(options.version);
    const Endpoint& endpoint = options.endpoint;
    if (endpoint.transport == Transport::unix_socket) {
        if (endpoint.path.empty()) return invalid("no path of a Unix socket");
    } else if (endpoint.host.empty() || endpoint.port == 0) {
        return invalid("no host or no port");
    }
    if (client_id.size() > kMaxField) return invalid("client id is over 65535 bytes");
    if (!core::is_valid_utf8(client_id))
        return invalid("client id is not UTF-8");  // [MQTT-3.1.3-4]
    if (client_id.empty() && !options.clean_start && !is_v5) {
        return invalid("a session that is kept needs a client id");  // [MQTT311-3.1.3-7]
    }
    const auto keep_alive = options.keep_alive.count();
    if (keep_alive < 0 || keep_alive > 65'535) return invalid("keep alive is 0 to 65535 seconds");
    if (options.connect_timeout.count() <= 0) return invalid("connect timeout");
    if (!is_v5 && !options.properties.empty()) return invalid("properties need MQTT 5.0");
    if (const Status login = check_login(options); !login) return login;
    if (options.will) {
        if (const Status will = check_will(*options.will, options.version); !will) return will;
    }
    return validate_properties(options.properties.view().raw(), PropertyPlace::connect);
}

ConnectPacket::ConnectPacket(const ConnectOptions& options, std::string_view client_id)
    : properties_(options.properties) {
    connect_.version = options.version;
    connect_.clean_start = options.clean_start;
    connect_.keep_alive = static_cast<std::uint16_t>(options.keep_alive.count());
    connect_.client_id = client_id;
    if (client_id.empty() && options.version == ProtocolVersion::v3_1) {
        made_client_id_ = "mqtt-" + random_name(kMaxClientIdV31 - 5);  // 3.1 knows no empty one
        connect_.client_id = made_client_id_;
    }
    if (options.will) {
        const Will& will = *options.will;
        connect_.will = WillView{will.qos, will.retain, will.properties.view(), will.topic,
                                 as_bytes(will.payload)};
    }
    if (options.user_name) connect_.user_name = *options.user_name;
    if (options.password) connect_.password = as_bytes(*options.password);

    if (!has_properties(options.version)) return;
    const bool is_limited = options.maximum_packet_size < kMaxRemainingLength;
    if (is_limited && !properties_.view().number(PropertyId::maximum_packet_size)) {
        properties_.add(PropertyId::maximum_packet_size, options.maximum_packet_size);
    }
    connect_.properties = properties_.view();
}

}  // namespace mqtt::client
