// Publishes one message with QoS 1, by callbacks.
//   example_publish mqtt://localhost:1883/hello "some text"
#include <asio/io_context.hpp>
#include <cstdio>

#include "mqtt/client.hpp"

int main(int argc, char** argv) {
    const auto url = mqtt::parse_url(argc > 1 ? argv[1] : "mqtt://localhost:1883/hello");
    if (!url) {
        std::fprintf(stderr, "%s\n", std::string(url.error().detail).c_str());
        return 2;
    }
    mqtt::ClientOptions options;
    options.connect.endpoint = url->endpoint;
    const std::string text = argc > 2 ? argv[2] : "hello";

    asio::io_context context(1);
    mqtt::Client client(context, options);
    int exit_code = 1;
    auto disconnected = [](std::error_code) {};
    auto published = [&](std::error_code error, mqtt::PublishResult) {
        if (error) std::fprintf(stderr, "publish: %s\n", error.message().c_str());
        exit_code = error ? 1 : 0;
        client.disconnect(disconnected);
    };
    auto connected = [&](std::error_code error, const mqtt::ConnectReport& report) {
        if (error) {
            std::fprintf(stderr, "%s\n", report.message.c_str());
            return;
        }
        client.publish({url->topic, text, mqtt::QoS::at_least_once}, published);
    };
    client.connect(connected);
    context.run();
    return exit_code;
}
