// See mosquitto_checks.hpp.
#include "common/mosquitto_checks.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <random>
#include <system_error>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "common/json.hpp"
#include "mqtt/topic.hpp"

namespace tools {
namespace {

// Of text that is UTF-8: the character at `at`, which then stands behind it.
std::uint32_t next_character(std::string_view text, std::size_t& at) {
    const auto lead = static_cast<std::uint8_t>(text[at++]);
    if (lead < 0x80) return lead;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    std::uint32_t code = lead & (0x3Fu >> more);
    for (int i = 0; i < more; ++i)
        code = code << 6 | (static_cast<std::uint8_t>(text[at++]) & 0x3F);
    return code;
}

bool is_refused(std::uint32_t code) {
    const bool is_control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    return is_control || (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
}

// MQTT 3.1 knows no client that has none.
std::string made_client_id() {
    constexpr std::string_view kCharacters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::random_device random;
    std::string id = "mosq-";
    while (id.size() < 23)
        id += kCharacters[random() % kCharacters.size()];
    return id;
}

// The options with topics, and how theirs call them however they were typed.
constexpr std::array<std::array<std::string_view, 2>, 5> kTopics{{
    {"topic", "-t"},
    {"filter-out", "-T"},
    {"unsubscribe", "-U"},
    {"response-topic", "-e"},
    {"will-topic", "--will-topic"},
}};

void check_files(const mqtt::TlsOptions& tls) {
    for (const std::string& file : {tls.ca_file, tls.certificate_file, tls.key_file}) {
        if (!file.empty() && ::access(file.c_str(), R_OK) != 0) {
            throw UsageError("cannot open the TLS file '" + file + "'");
        }
    }
}

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses look_up(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string service = std::to_string(port);
    if (::getaddrinfo(host.c_str(), service.c_str(), &hints, &found) != 0) found = nullptr;
    return {found, &::freeaddrinfo};
}

const std::string& first_hop(const mqtt::ConnectOptions& options) {
    return options.proxy.host.empty() ? options.endpoint.host : options.proxy.host;
}

bool has_family(const addrinfo* addresses, int family) {
    for (; addresses != nullptr; addresses = addresses->ai_next) {
        if (addresses->ai_family == family) return true;
    }
    return false;
}

// Of the addresses of a name the first that goes with one of the remote's.
std::string local_address(const std::string& name, const std::string& remote) {
    const Addresses found = look_up(name, 0);
    const addrinfo* chosen = found.get();
    if (chosen != nullptr && chosen->ai_next != nullptr) {
        const Addresses there = look_up(remote, 0);
        while (chosen != nullptr && !has_family(there.get(), chosen->ai_family))
            chosen = chosen->ai_next;
        if (chosen == nullptr) chosen = found.get();
    }
    std::array<char, NI_MAXHOST> text{};
    if (chosen == nullptr || ::getnameinfo(chosen->ai_addr, chosen->ai_addrlen, text.data(),
                                           text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
        throw ToolError(kExitUsage, "cannot resolve host '" + name + "'");
    }
    return text.data();
}

// 0 when it is connected, or why not.
int try_to_connect(const addrinfo& address, const addrinfo* local) {
    const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return errno;
    const bool is_bound =
        local == nullptr || ::bind(socket, local->ai_addr, local->ai_addrlen) == 0;
    const bool is_up = is_bound && ::connect(socket, address.ai_addr, address.ai_addrlen) == 0;
    const int why = is_up ? 0 : errno;
    ::close(socket);
    return why;
}

}  // namespace

bool is_mosquitto_text(std::string_view text) {
    if (!is_valid_utf8(text)) return false;
    for (std::size_t at = 0; at < text.size();) {
        if (is_refused(next_character(text, at))) return false;
    }
    return true;
}

void check_mosquitto_topic(const FlagUse& use) {
    for (const auto& [option, name] : kTopics) {
        if (use.flag->long_name == option && !is_mosquitto_text(use.word())) {
            throw UsageError("malformed UTF-8 in '" + std::string(name) + "'");
        }
    }
}

void check_mosquitto_setup(const ConnectSettings& settings, mqtt::ConnectOptions& options) {
    const bool has_id = settings.client_id || settings.client_id_prefix;
    if (settings.client_id == "" || (settings.keep_session && !has_id)) {
        throw UsageError("the client id is empty");
    }
    const bool needs_id = options.version == mqtt::ProtocolVersion::v3_1;
    if (needs_id && options.client_id.empty()) options.client_id = made_client_id();
    const bool has_properties = mqtt::has_properties(options.version);
    if (!has_properties && options.will && !settings.will_properties.empty()) {
        throw UsageError("option '-D will' needs MQTT 5.0");
    }
    if (!is_mosquitto_text(options.client_id)) throw UsageError("malformed UTF-8 in the client id");
    const std::string user_name = options.user_name.value_or("");
    if (!is_mosquitto_text(user_name) || user_name.size() > 65'535) {
        throw UsageError("malformed UTF-8 in the user name");
    }
    check_login(settings, options.version);
    const mqtt::TlsOptions& tls = settings.tls.options;
    if (!tls.ca_file.empty() || !tls.ca_directory.empty()) check_files(tls);
    check_tls_words(settings.tls);
    if (!has_properties && !settings.connect_properties.empty()) {
        throw UsageError("option '-D connect' needs MQTT 5.0");
    }
    if (!settings.url_fault.empty()) throw UsageError(settings.url_fault);
    const bool is_unix = options.endpoint.transport == mqtt::Transport::unix_socket;
    if (is_unix) return options.bind_address.clear();
    if (settings.bind_address)
        options.bind_address = local_address(options.bind_address, first_hop(options));
}

std::string unreachable_in_mosquitto_words(const mqtt::ConnectOptions& options) {
    const bool has_proxy = !options.proxy.host.empty();
    const Addresses addresses =
        look_up(first_hop(options), has_proxy ? options.proxy.port : options.endpoint.port);
    const bool is_bound = !options.bind_address.empty();
    const Addresses local =
        is_bound ? look_up(options.bind_address, 0) : Addresses(nullptr, &::freeaddrinfo);
    if (!addresses || (is_bound && !local)) return "Unable to connect (Lookup error.).\n";
    int why = 0;
    for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
        why = try_to_connect(*at, local.get());
        if (why == 0) return {};
    }
    return "Error: " + std::generic_category().message(why) + "\n";
}

}  // namespace tools
