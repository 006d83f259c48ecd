// See client_setup.hpp.
#include "mqtt-pub/client_setup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "common/credentials.hpp"
#include "common/mosquitto_log.hpp"
#include "common/mosquitto_reasons.hpp"

namespace mqtt_pub {
namespace {

// How long the server keeps what is in flight while we are away.
constexpr std::uint32_t kSessionSeconds = 3'600;
// The window: as many messages as there are packet identifiers, and bytes for 160 Mbit/s at a round
// trip of 100 ms. What is much larger leaves the cache of the core and costs a quarter more CPU per
// message (scripts/bench_clients).
constexpr std::size_t kOutgoingMessages = 65'535;
constexpr std::size_t kUntoldMessages = 20;
constexpr std::size_t kOutgoingBytes = 2 * 1024 * 1024;

// A stream goes on after a lost connection; QoS 2 needs the session for that.
bool keeps_session_for_a_while(const Options& o) {
    const auto expiry = mqtt::PropertyId::session_expiry_interval;
    return o.settings.persona == tools::Persona::ours && is_stream(o.source) &&
           o.settings.reconnect.enabled && mqtt::has_properties(o.connect.version) &&
           o.connect.clean_start && !o.connect.properties.view().number(expiry);
}

// What mosquitto's programs say of packets: -d, and warnings of what was refused. None where there is nothing to say.
mqtt::PacketSink mosquitto_sink(tools::Persona persona, const Options& o,
                                const tools::ConnectionLog& log) {
    const bool warns = persona == tools::Persona::mosquitto_pub &&
                       o.qos != mqtt::QoS::at_most_once && mqtt::has_properties(o.connect.version);
    if (!warns && !o.settings.debug) return {};
    return [&log, warns, debug = o.settings.debug,
            lines = tools::MosquittoLog(persona, o.settings.quiet)](const auto& event) mutable {
        if (debug) {
            log.note(event);
            std::string text;
            lines.append(text, event);
            std::fwrite(text.data(), 1, text.size(), stdout);
            std::fflush(stdout);
        }
        if (warns) log.say_as_it_is(tools::refused_publish_in_mosquitto_words(event));
    };
}

}  // namespace

mqtt::ClientOptions make_client_options(const tools::Invocation& invocation, const Options& options,
                                        const tools::ConnectionLog& log) {
    mqtt::ClientOptions client;
    client.connect = options.connect;
    client.reconnect = options.settings.reconnect;
    client.before_attempt = tools::password_refresher(options.settings);
    // One message is tried once, as mosquitto_pub does, unless retries are asked for.
    if (!is_stream(options.source) && client.reconnect.max_retries < 0) {
        client.reconnect.enabled = false;
    }
    client.retry_first_connect = client.reconnect.max_retries > 0;
    if (keeps_session_for_a_while(options)) {
        client.connect.properties.add(mqtt::PropertyId::session_expiry_interval, kSessionSeconds);
    }
    const bool ours = invocation.persona == tools::Persona::ours;
    const bool limited = !ours || options.settings.max_inflight_given;
    client.outgoing_maximum_messages = limited ? options.settings.max_inflight : kOutgoingMessages;
    client.outgoing_maximum_bytes = kOutgoingBytes;
    limit_window(client, options, options.connect.version);
    client.log_packets = options.settings.debug;
    if (options.settings.debug && ours) {
        client.log = [&log](mqtt::LogLevel, std::string_view line) { log.say(line); };
    } else if (!ours) {
        client.packet_sink = mosquitto_sink(invocation.persona, options, log);
    }
    return client;
}

mqtt::PropertyList disconnect_properties(const Options& options) {
    mqtt::PropertyList properties = options.settings.disconnect_properties;
    const auto expiry = mqtt::PropertyId::session_expiry_interval;
    if (keeps_session_for_a_while(options) && !properties.view().number(expiry)) {
        properties.add(expiry, 0);
    }
    return properties;
}

// With "outbox" 23 characters: what every 3.x server must take.
std::string make_client_id(std::string_view prefix) {
    std::random_device random;
    return fmt::format("{}-{:08x}{:08x}", prefix, random(), random());
}

bool may_have_qos2(const Options& o) {
    return is_stream(o.source) && (o.qos == mqtt::QoS::exactly_once || o.source != Source::lines);
}

void limit_window(mqtt::ClientOptions& client, const Options& o, mqtt::ProtocolVersion version) {
    if (mqtt::has_properties(version) || o.settings.max_inflight_given || !may_have_qos2(o)) return;
    client.outgoing_maximum_messages = std::min(client.outgoing_maximum_messages, kUntoldMessages);
}

}  // namespace mqtt_pub
