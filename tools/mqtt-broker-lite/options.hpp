// The options of mqtt-broker-lite: its flag table and what the flags fill. Opens and prints
// nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/docs_gen.hpp"
#include "common/flags.hpp"
#include "mqtt-broker-lite/log.hpp"
#include "mqtt/broker.hpp"

namespace tools::broker_lite {

struct Options {
    mqtt::BrokerConfig config;
    std::vector<mqtt::Endpoint> listeners;  // as given; what `bind` fills has an empty host
    std::vector<mqtt::Endpoint> consoles;   // an empty host: every address
    std::vector<std::pair<std::string, std::string>> users;  // name, file with the password
    std::vector<std::string> bind;                           // addresses for -p, --tls, --ws, --wss
    mqtt::TlsOptions tls;
    unsigned unix_mode = 0660;
    mqtt::ListenerLimits limits;
    bool verbose = false;
    bool quiet = false;
    std::optional<LogFormat> log_format;
    std::string ready_file;
    std::string config_file;
    bool usage = false;
    bool check_config = false;
    bool print_config = false;
    bool daemon = false;
};

std::span<const FlagRow<Options>> flag_table();
std::span<const FlagRow<Options>> limit_flags();  // its part about limits
ToolInfo tool_info();

// newest, oldest, disconnect or block.
std::optional<mqtt::QueueOverflow> parse_queue_overflow(std::string_view word);

// What --user FILE has in its first line. Throws UsageError.
std::string read_password(const std::string& name, const std::string& path);

// "any" and "*" to every address; brackets off.
std::string bind_host(const std::string& address);

// Builds the configuration after all flags were applied. Throws UsageError.
mqtt::BrokerConfig make_config(Options options);
// Listeners that flags ask for beside those of a configuration file; -p only counts without one.
std::vector<mqtt::Endpoint> port_flags(const Options& options);
std::vector<mqtt::ListenerConfig> extra_listeners(const Options& options);

}  // namespace tools::broker_lite
