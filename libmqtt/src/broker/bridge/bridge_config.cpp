// What a configuration of bridges leaves to us, and what in it cannot be meant.
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "broker/bridge/bridge.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker {
namespace {

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
    return name.data();
}

[[noreturn]] void wrong(const BridgeConfig& config, const std::string& what) {
    throw std::invalid_argument("bridge " + config.name + ": " + what);
}

}  // namespace

BridgeConfig resolved(BridgeConfig config) {
    if (config.remote_client_id.empty()) {
        config.remote_client_id = config.name + "." + host_name();
    }
    if (config.local_client_id.empty()) config.local_client_id = "local." + config.remote_client_id;
    if (config.notification_topic.empty()) {
        config.notification_topic = "$SYS/broker/connection/" + config.remote_client_id + "/state";
    }
    if (!config.local_clean_start) config.local_clean_start = config.clean_start;
    return config;
}

void check(const BridgeConfig& config) {
    if (config.name.empty()) wrong(config, "it has no name");
    if (config.addresses.empty()) wrong(config, "it has no address");
    if (config.topics.empty()) wrong(config, "it has no topic, so nothing would cross");
    for (const BridgeTopic& line : config.topics) {
        const std::string problem = check_bridge_topic(line);
        if (!problem.empty()) wrong(config, "topic " + line.pattern + ": " + problem);
    }
    if (!config.notification_topic.empty() && !validate_topic_name(config.notification_topic)) {
        wrong(config, "'" + config.notification_topic + "' is no topic");
    }
    if (config.restart_base.count() <= 0 || config.restart_cap < config.restart_base) {
        wrong(config, "the pause between attempts must be positive, and no longer than its cap");
    }
    if (config.receive_maximum == 0) wrong(config, "receive_maximum must not be 0");
}

}  // namespace mqtt::broker
