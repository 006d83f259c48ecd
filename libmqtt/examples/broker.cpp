// A broker inside a program: two users, of whom one may only read, and a message of the program's own.
//   example_broker [port]     0: a free one, which it prints
// Ends when its standard input does.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "mqtt/broker.hpp"

namespace {

bool is(const mqtt::LoginRequest& request, std::string_view user, std::string_view password) {
    return request.user_name == user && request.password &&
           mqtt::as_text(*request.password) == password;
}

// Called on the broker's threads, and so shares nothing that changes.
mqtt::ReasonCode log_in(const mqtt::LoginRequest& request) {
    const bool known = is(request, "writer", "w-secret") || is(request, "reader", "r-secret");
    return known ? mqtt::ReasonCode::success : mqtt::ReasonCode::bad_user_name_or_password;
}

bool may(const mqtt::AccessRequest& request) {
    return request.access != mqtt::Access::publish || request.user_name == "writer";
}

}  // namespace

int main(int argc, char** argv) {
    mqtt::ListenerConfig listener;
    listener.endpoint.host = "127.0.0.1";
    listener.endpoint.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
    mqtt::BrokerConfig config;
    config.listeners.push_back(listener);
    config.authenticate = log_in;
    config.authorize = may;

    mqtt::Broker broker(config);
    if (!broker.start().ok()) {
        std::fprintf(stderr, "%s\n", broker.start_error().c_str());
        return 1;
    }
    for (const auto& bound : broker.bound())
        std::printf("%s\n", mqtt::to_url(bound.endpoint).c_str());
    std::fflush(stdout);
    for (int c = std::getchar(); c != EOF; c = std::getchar()) {
        if (c == '\n') broker.publish("from/the/program", "a line was typed");
    }
    broker.stop();
    const mqtt::BrokerStats stats = broker.stats();
    std::printf("%llu messages came\n", static_cast<unsigned long long>(stats.publishes_received));
    return 0;
}
