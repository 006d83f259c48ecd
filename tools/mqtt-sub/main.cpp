// mqtt-sub, and mosquitto_sub by link.
#include "mqtt-sub/options.hpp"
#include "mqtt-sub/subscriber.hpp"

int main(int argc, char** argv) {
    tools::Tool tool;
    tool.info = mqtt_sub::tool_info();
    tool.options_file = "mqtt-sub";
    tool.run = [](const tools::Invocation& invocation) {
        return mqtt_sub::run(invocation, mqtt_sub::parse_options(invocation));
    };
    return tools::run_app(argc, argv, tool);
}
