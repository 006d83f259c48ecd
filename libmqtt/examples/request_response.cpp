// A service that answers and a client that asks (MQTT 5.0), in one program: the service upper-cases.
//   example_request_response mqtt://localhost:1883 "some text"
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <cctype>
#include <cstdio>

#include "mqtt/client.hpp"

namespace {

constexpr const char* kTopic = "example/upper";

// The response goes to the topic that the request names, with the request's correlation data.
mqtt::OutgoingMessage answer(const mqtt::ReceivedMessage& request) {
    mqtt::OutgoingMessage response;
    const mqtt::Properties asked = request.properties.view();
    response.topic = asked.text(mqtt::PropertyId::response_topic).value_or("");
    response.qos = mqtt::QoS::at_least_once;
    if (const auto data = asked.text(mqtt::PropertyId::correlation_data)) {
        response.properties.add(mqtt::PropertyId::correlation_data, *data);
    }
    for (const char c : request.payload)
        response.payload += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return response;
}

asio::awaitable<void> serve_one(mqtt::Client* service) {
    const mqtt::ReceivedMessage request = co_await service->receive(asio::use_awaitable);
    mqtt::OutgoingMessage response = answer(request);
    co_await service->publish(std::move(response), asio::use_awaitable);
}

asio::awaitable<void> run(mqtt::Client* service, mqtt::Client* asker, std::string text) {
    co_await service->connect(asio::use_awaitable);
    std::vector<mqtt::Subscription> subscriptions;
    subscriptions.emplace_back(kTopic, mqtt::QoS::at_least_once);
    co_await service->subscribe(std::move(subscriptions), asio::use_awaitable);
    asio::co_spawn(service->context(), serve_one(service), [](std::exception_ptr) {});

    co_await asker->connect(asio::use_awaitable);
    mqtt::OutgoingMessage question(kTopic, std::move(text), mqtt::QoS::at_least_once);
    const mqtt::ReceivedMessage response =
        co_await asker->request(std::move(question), asio::use_awaitable);
    std::printf("%s\n", response.payload.c_str());
    co_await asker->disconnect(asio::use_awaitable);
    co_await service->disconnect(asio::use_awaitable);
}

}  // namespace

int main(int argc, char** argv) {
    const auto url = mqtt::parse_url(argc > 1 ? argv[1] : "mqtt://localhost:1883");
    if (!url) {
        std::fprintf(stderr, "%s\n", std::string(url.error().detail).c_str());
        return 2;
    }
    mqtt::ClientOptions options;
    options.connect.endpoint = url->endpoint;

    asio::io_context context(1);
    mqtt::Client service(context, options);
    mqtt::Client asker(context, options);
    int exit_code = 0;
    asio::co_spawn(context, run(&service, &asker, argc > 2 ? argv[2] : "hello"),
                   [&](std::exception_ptr failure) {
                       if (!failure) return;
                       const auto& why = asker.last_error_message().empty() ? service : asker;
                       std::fprintf(stderr, "%s\n", why.last_error_message().c_str());
                       exit_code = 1;
                       context.stop();
                   });
    context.run();
    return exit_code;
}
