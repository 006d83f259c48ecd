// See conf_check.hpp.
#include "mqtt-broker-lite/conf_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace tools::broker_lite {
namespace {

void check_tls(Conf& conf, const ConfListener& listener, const ConfAccess& access) {
    const auto wrong = [&](std::string_view key, std::string_view text) {
        conf.problems.push_back({true, fmt::format("{}: {}", listener.place_of(key), text)});
    };
    const mqtt::TlsOptions& tls = listener.tls;
    if (tls.certificate_file.empty() != tls.key_file.empty()) {
        if (tls.key_file.empty())
            wrong("certfile", "certfile needs keyfile");
        else
            wrong("keyfile", "keyfile needs certfile");
    }
    if (!tls.psk_hint.empty() && access.psk_file.empty()) {
        conf.problems.push_back(
            {false, listener.place_of("psk_hint") +
                        ": psk_hint: without a psk_file, with lines of identity:key, there is no "
                        "key, and every client with one is refused"});
    }
    if (listener.has_certificate()) return;
    if (!tls.ca_file.empty() || !tls.ca_directory.empty()) {
        wrong(tls.ca_file.empty() ? "capath" : "cafile",
              "cafile and capath are for TLS listeners: certfile and keyfile are missing");
    }
    if (tls.require_client_certificate) {
        wrong("require_certificate", "require_certificate needs certfile, keyfile and cafile");
    }
    const bool knows_name = !tls.psk_hint.empty() || listener.proxy_header == mqtt::ProxyHeader::v2;
    if ((listener.uses_common_name && !knows_name) || listener.uses_subject) {
        wrong(listener.uses_subject ? "use_subject_as_username" : "use_identity_as_username",
              "user names from certificates need certfile, keyfile, cafile and "
              "require_certificate");
    }
}

void check_engine(Conf& conf, const ConfListener& listener) {
    const auto wrong = [&](std::string_view key, std::string_view text) {
        conf.problems.push_back({true, fmt::format("{}: {}", listener.place_of(key), text)});
    };
    const mqtt::TlsOptions& tls = listener.tls;
    if (tls.engine_has_key && tls.engine.empty()) {
        wrong("tls_keyform", "tls_keyform engine needs tls_engine");
    }
    if (!tls.engine_pin_sha1.empty() && !tls.engine_has_key) {
        wrong("tls_engine_kpass_sha1",
              "tls_engine_kpass_sha1 needs tls_engine and tls_keyform engine");
    }
    const bool is_for_bridges = &listener == &conf.default_listener &&
                                std::any_of(conf.bridges.begin(), conf.bridges.end(),
                                            [](const ConfBridge& bridge) { return bridge.is_tls; });
    if (!tls.engine.empty() && !listener.has_tls() && !is_for_bridges) {
        wrong("tls_engine", "tls_engine is for TLS listeners: certfile and keyfile are missing");
    }
}

// What looks encrypted and is not.
void check_unix(Conf& conf, const ConfListener& listener) {
    if (listener.unix_path.empty() || !listener.has_tls()) return;
    const std::string_view key = listener.has_certificate() ? "certfile" : "psk_hint";
    conf.problems.push_back(
        {true, fmt::format("{}: {}: a Unix socket has no TLS here: leave it out, or give the "
                           "listener a port",
                           listener.place_of(key), key)});
}

void check_proxy(Conf& conf, const ConfListener& listener) {
    const bool has_header = listener.proxy_header != mqtt::ProxyHeader::none;
    if (has_header && listener.proxy_peers.empty()) {
        conf.problems.push_back(
            {false, listener.place_of("enable_proxy_protocol") +
                        ": whoever reaches this listener may claim any address; name the proxies "
                        "with proxy_protocol_trusted"});
    }
    if (!has_header && (!listener.proxy_peers.empty() || listener.proxy_requires_tls)) {
        const std::string_view key = listener.proxy_requires_tls ? "proxy_protocol_v2_require_tls"
                                                                 : "proxy_protocol_trusted";
        conf.problems.push_back(
            {true, listener.place_of(key) + ": settings of proxies need enable_proxy_protocol"});
    }
}

void check_http_dir(Conf& conf, const ConfListener& listener) {
    if (listener.http_dir.empty()) return;
    const auto tell = [&](bool is_error, std::string_view text) {
        conf.problems.push_back(
            {is_error, fmt::format("{}: http_dir: {}", listener.place_of("http_dir"), text)});
    };
    if (!listener.serves_files()) {
        return tell(false,
                    "it has no effect here: files are served with protocol websockets or http_api, "
                    "on an address");
    }
    const auto wrong = [&](std::string_view text) { tell(true, text); };
    std::error_code error;
    if (!std::filesystem::is_directory(listener.http_dir, error)) {
        wrong("'" + listener.http_dir + "' is no folder");
    }
    if (listener.proxy_header != mqtt::ProxyHeader::none) {
        wrong("it does not go together with enable_proxy_protocol");
    }
}

}  // namespace

void check_listener(Conf& conf, const ConfListener& listener, const ConfAccess& access) {
    check_tls(conf, listener, access);
    check_unix(conf, listener);
    check_engine(conf, listener);
    check_proxy(conf, listener);
    check_http_dir(conf, listener);
}

// Only where the kernel could not tell two of them apart.
void check_ports(Conf& conf, const std::vector<const ConfListener*>& all) {
    const auto clash = [](const ConfListener& one, const ConfListener& other) {
        if (!one.unix_path.empty() || !other.unix_path.empty())
            return one.unix_path == other.unix_path;
        return one.port != 0 && one.port == other.port && one.address() == other.address() &&
               one.interface == other.interface;
    };
    for (auto it = all.begin(); it != all.end(); ++it) {
        const auto first = std::find_if(
            all.begin(), it, [&](const ConfListener* earlier) { return clash(*earlier, **it); });
        if (first == it) continue;
        conf.problems.push_back(
            {true, fmt::format("{}: listener: the one of {} has the same address",
                               (*it)->place_of("listener"), (*first)->place_of("listener"))});
    }
}

void check_bridge(Conf& conf, const ConfBridge& bridge) {
    const auto wrong = [&](std::string_view key, std::string_view text) {
        const std::string place = bridge.places.of(key);
        conf.problems.push_back(
            {true, fmt::format("{}: bridge {}: {}", place.empty() ? bridge.place : place,
                               bridge.config.name, text)});
    };
    const mqtt::TlsOptions& tls = bridge.config.connect.tls;
    if (bridge.config.addresses.empty()) wrong("address", "its address is missing");
    if (bridge.config.topics.empty()) wrong("topic", "it has no topic, so nothing would cross");
    if (tls.certificate_file.empty() != tls.key_file.empty()) {
        if (tls.key_file.empty())
            wrong("bridge_certfile", "bridge_certfile needs bridge_keyfile");
        else
            wrong("bridge_keyfile", "bridge_keyfile needs bridge_certfile");
    }
    if (tls.psk_hex.empty() != tls.psk_identity.empty()) {
        wrong(tls.psk_hex.empty() ? "bridge_identity" : "bridge_psk",
              "bridge_identity and bridge_psk go together");
    }
    if (!tls.psk_hex.empty() && !(tls.ca_file.empty() && tls.ca_directory.empty())) {
        wrong("bridge_psk", "either a pre-shared key or certificates, not both");
    }
    if (!bridge.is_tls && (!tls.certificate_file.empty() || !tls.alpn.empty())) {
        wrong(tls.alpn.empty() ? "bridge_certfile" : "bridge_alpn",
              "TLS needs bridge_cafile, bridge_capath or bridge_tls_use_os_certs true");
    }
    if (bridge.config.connect.password && !bridge.config.connect.user_name &&
        bridge.config.version != mqtt::ProtocolVersion::v5) {
        const bool is_old = bridge.places.of("remote_password").empty();
        wrong(is_old ? "password" : "remote_password", "remote_password needs remote_username");
    }
}

}  // namespace tools::broker_lite
