// Connecting from a test in one line, and a listener whose connections echo what they get.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "net/connect.hpp"
#include "net/listener.hpp"
#include "support/net_loop.hpp"

namespace mqtt::test {

inline asio::awaitable<void> connect_into(net::ConnectTarget target,
                                          std::optional<net::ConnectResult>* out) {
    *out = co_await net::connect(std::move(target));
}

// Runs the loop until the connection stands or has failed.
inline net::ConnectResult connect_now(TestLoop& test, const ConnectOptions& options) {
    std::optional<net::ConnectResult> result;
    asio::co_spawn(test.context(), connect_into(net::ConnectTarget(options), &result),
                   asio::detached);
    if (!test.run_until([&] { return result.has_value(); }, std::chrono::seconds(30))) return {};
    return std::move(*result);
}

struct EchoPeer {
    EchoPeer(net::Loop& loop, net::Accepted accepted)
        : address(accepted.peer_address)
        , driver(loop, std::move(accepted.stream), consumer) {
        consumer.on_data = [this](Bytes bytes) {
            driver.out().append(bytes);
            driver.mark_dirty();
            return net::Consumed{bytes.size(), 0};
        };
        driver.start();
    }
    std::string address;
    Collector consumer;
    net::Driver driver;
};

struct EchoServer {
    EchoServer(TestLoop& test, const net::ListenOptions& options) {
        auto opened =
            net::Listener::open(test.loop(), options, 7, [this, &test](net::Accepted accepted) {
                peers.push_back(std::make_unique<EchoPeer>(test.loop(), std::move(accepted)));
            });
        listener = std::move(opened.listener);
        message = opened.message;
    }
    // Where to connect to: the first bound address.
    Endpoint endpoint() const { return listener->bound().front(); }

    std::string message;
    std::vector<std::unique_ptr<EchoPeer>> peers;
    std::unique_ptr<net::Listener> listener;
};

}  // namespace mqtt::test
