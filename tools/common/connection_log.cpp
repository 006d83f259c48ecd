// See connection_log.hpp.
#include "common/connection_log.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "common/exit_code.hpp"
#include "common/mosquitto_checks.hpp"
#include "common/mosquitto_log.hpp"
#include "common/mosquitto_reasons.hpp"
#include "common/mosquitto_words.hpp"
#include "common/safe_text.hpp"
#include "common/standard_streams.hpp"
#include "common/units.hpp"

namespace tools {
namespace {

// What they take for a connection that was lost, though it was never up.
bool is_lost_to_mosquitto(mqtt::Errc code) {
    using mqtt::Errc;
    return code == Errc::closed_before_connack || code == Errc::timed_out ||
           code == Errc::not_mqtt || code == Errc::protocol_error || code == Errc::malformed_packet;
}

// Once, whatever the reason begins with.
std::string lost(std::string_view message) {
    constexpr std::string_view kLost = "connection lost: ";
    return std::string(message.starts_with(kLost) ? "" : kLost) + std::string(message);
}

}  // namespace

void ConnectionLog::say(std::string_view text) const {
    if (quiet_ || (diverted_ && diverted_(text))) return;
    say_error(invocation_, text);
}

void ConnectionLog::say_as_it_is(std::string_view lines) const {
    if (!quiet_) print_error("{}", lines);
}

void ConnectionLog::note(const mqtt::PacketEvent& event) const {
    const bool is_connack = event.type == mqtt::PacketType::connack;
    if (!event.is_sent && is_connack) has_unread_connack_ = event.packet == nullptr;
}

// Theirs has lines of OpenSSL there.
void ConnectionLog::say_tls_reason(std::string_view why) const {
    if (!is_tls_error_to_mosquitto(why)) return;
    std::string line = "Error: " + std::string(why);
    make_safe(line, 0, Lines::escape);
    print_output(line + "\n");
}

int ConnectionLog::say_failure(std::error_code error, const mqtt::ConnectReport& report,
                               const mqtt::Error& found, bool reads_lines) const {
    const Persona persona = invocation_.persona;
    const mqtt::Error cause = persona == Persona::ours ? found : as_mosquitto_reads(found);
    const bool refused = cause.code == mqtt::Errc::refused_by_server;
    const int reserved = reserved_return_code(cause);
    if (persona != Persona::ours && (refused || reserved != 0)) {
        const int code =
            reserved != 0 ? reserved : connack_exit_code(report.reason, report.version);
        if (has_unread_connack_) {
            print_output(MosquittoLog::unread_connack(persona, connect_.client_id, code));
        }
        say_as_it_is(
            refused_connection_in_mosquitto_words(persona, code, report.version, reads_lines));
        return code;
    } else if (persona != Persona::ours && is_lost_to_mosquitto(cause.code)) {
        const MosquittoEnd end = lost_in_mosquitto_words(persona, cause);
        say_as_it_is(end.words);
        return end.exit_code;
    } else {
        const std::string why = report.message.empty() ? error.message() : report.message;
        const bool is_bound = !connect_.bind_address.empty();
        if (persona != Persona::ours && (is_bound || is_tls_fault_to_mosquitto(why))) {
            const std::string first = unreachable_in_mosquitto_words(connect_);
            if (!first.empty()) return say_as_it_is(first), kExitUsage;
        }
        if (persona != Persona::ours && debug_) say_tls_reason(why);
        say(why);
        if (persona != Persona::ours) return mosquitto_exit_code(why, exit_code(cause, persona));
    }
    return refused ? connack_exit_code(report.reason, report.version) : exit_code(cause, persona);
}

int ConnectionLog::say_lost(const mqtt::StateChange& change) const {
    if (invocation_.persona == Persona::ours) {
        say(lost(change.message));
        return exit_code(change.error, invocation_.persona);
    }
    const MosquittoEnd end = lost_in_mosquitto_words(invocation_.persona, change.error);
    say_as_it_is(end.words);
    return end.exit_code;
}

void ConnectionLog::on_change(const mqtt::StateChange& change) {
    if (invocation_.persona != Persona::ours) return;
    switch (change.state) {
    case mqtt::ClientState::waiting: {
        was_away_ = true;
        const std::string why = change.was_connected ? lost(change.message)
                                                     : fmt::format("attempt {} failed: {}",
                                                                   change.attempt, change.message);
        say(fmt::format("{}; next attempt in {}", why, format_duration(change.retry_in)));
        break;
    }
    case mqtt::ClientState::connected:
        if (was_away_) say(fmt::format("connected again to {}", change.message));
        was_away_ = false;
        break;
    case mqtt::ClientState::idle:
    case mqtt::ClientState::connecting:
    case mqtt::ClientState::gave_up: break;
    }
}

}  // namespace tools
