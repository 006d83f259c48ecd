// Prints what arrives on a topic filter, with a coroutine; reconnects by itself and says so.
//   example_subscribe mqtt://localhost:1883 'sensors/#' [count]
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <cstdlib>

#include "mqtt/client.hpp"

namespace {

void tell(const mqtt::StateChange& change) {
    if (change.state == mqtt::ClientState::waiting) {
        std::fprintf(stderr, "%s; trying again in %lld ms\n", std::string(change.message).c_str(),
                     static_cast<long long>(change.retry_in.count()));
    }
}

// Exceptions (std::system_error with a code of mqtt_category) say what failed.
asio::awaitable<void> print_messages(mqtt::Client* client, std::string filter, int count) {
    co_await client->connect(asio::use_awaitable);
    std::vector<mqtt::Subscription> subscriptions;
    subscriptions.emplace_back(filter, mqtt::QoS::at_least_once);
    co_await client->subscribe(std::move(subscriptions), asio::use_awaitable);
    while (count-- != 0) {
        const mqtt::ReceivedMessage message = co_await client->receive(asio::use_awaitable);
        std::printf("%s %s\n", message.topic.c_str(), message.payload.c_str());
        std::fflush(stdout);
    }
    co_await client->disconnect(asio::use_awaitable);
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
    const int count = argc > 3 ? std::atoi(argv[3]) : -1;

    asio::io_context context(1);
    mqtt::Client client(context, options);
    client.set_state_handler(tell);
    int exit_code = 0;
    asio::co_spawn(context, print_messages(&client, argc > 2 ? argv[2] : "#", count),
                   [&](std::exception_ptr failure) {
                       if (!failure) return;
                       std::fprintf(stderr, "%s\n", client.last_error_message().c_str());
                       exit_code = 1;
                       context.stop();
                   });
    context.run();
    return exit_code;
}
