// mqtt-pub, and mosquitto_pub and mosquitto_rr by link.
#include "mqtt-pub/options.hpp"
#include "mqtt-pub/outbox_run.hpp"
#include "mqtt-pub/publisher.hpp"
#include "mqtt-pub/requester.hpp"

int main(int argc, char** argv) {
    tools::Tool tool;
    tool.info = mqtt_pub::tool_info();
    tool.options_file = "mqtt-pub";
    tool.run = [](const tools::Invocation& invocation) {
        const mqtt_pub::Options options = mqtt_pub::parse_options(invocation);
        if (!options.outbox.folder.empty()) return mqtt_pub::run_outbox(invocation, options);
        return options.request.wanted ? mqtt_pub::run_request(invocation, options)
                                      : mqtt_pub::run(invocation, options);
    };
    return tools::run_app(argc, argv, tool);
}
