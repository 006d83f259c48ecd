// An mqtt::Client, a timer, a thread.
#include "mqtt-bench/control_link.hpp"

#include <fmt/format.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <future>
#include <stdexcept>
#include <thread>

#include "mqtt/client.hpp"

namespace mqtt::bench {
namespace {

constexpr std::chrono::seconds kPatience{10};

std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

class ControlLink::Impl {
public:
    Impl(Setup setup, ControlLink& link)
        : setup_(std::move(setup))
        , link_(link)
        , client_(context_, options())
        , timer_(context_) {
        client_.set_message_handler([this](const IncomingMessage& message) {
            setup_.on_message(link_, message.publish.topic, as_text(message.publish.payload));
            return AckDecision::now();
        });
        client_.set_state_handler([this](const StateChange& change) {
            if (change.state != ClientState::waiting && change.state != ClientState::gave_up)
                return;
            if (!change.was_connected || leaving_) return;
            link_.lost_ = true;
            if (setup_.on_lost) setup_.on_lost();
        });
    }
    ~Impl() {
        if (!thread_.joinable()) return;
        asio::post(context_, [this] {
            leaving_ = true;
            timer_.cancel();
            client_.disconnect([](std::error_code) {});
        });
        thread_.join();
    }

    // The thread runs from here on; it ends when nothing is left to do.
    void connect() {
        // Shared: the thread may still be within set_value() when the answer is here.
        const auto done = std::make_shared<std::promise<std::string>>();
        client_.connect([this, done](std::error_code error, const ConnectReport& report) {
            if (error) return done->set_value(report.message);
            std::vector<Subscription> wanted;
            for (const std::string& filter : setup_.filters)
                wanted.emplace_back(filter, QoS::at_least_once);
            client_.subscribe(std::move(wanted), [done](std::error_code failed, SubscribeResult) {
                done->set_value(failed ? "the control broker refuses our subscriptions" : "");
            });
        });
        thread_ = std::thread([this] { context_.run(); });
        const std::string why = done->get_future().get();
        if (!why.empty()) throw std::runtime_error(fmt::format("control: {}", why));
        if (setup_.period.count() > 0) asio::post(context_, [this] { arm(); });
    }

    void publish(std::string topic, std::string payload, bool retain, bool once) {
        const QoS qos = once ? QoS::at_most_once : QoS::at_least_once;
        client_.publish(OutgoingMessage(std::move(topic), std::move(payload), qos, retain),
                        [](std::error_code, PublishResult) {});
    }

private:
    ClientOptions options() const {
        ClientOptions options;
        options.connect = setup_.connect;
        options.connect.clean_start = true;
        options.connect.connect_timeout = kPatience;
        options.reconnect.enabled = false;
        options.subscribe_timeout = kPatience;
        options.disconnect_timeout = std::chrono::seconds(2);
        options.outgoing_maximum_bytes = 1'000'000'000;
        return options;
    }
    void arm() {
        if (leaving_) return;
        timer_.expires_after(setup_.period);
        timer_.async_wait([this](std::error_code error) {
            if (error || leaving_) return;
            setup_.on_period(link_);
            arm();
        });
    }

    Setup setup_;
    ControlLink& link_;
    bool leaving_ = false;
    asio::io_context context_{1};
    Client client_;
    asio::steady_timer timer_;
    std::thread thread_;
};

ControlLink::ControlLink(Setup setup) : impl_(std::make_unique<Impl>(std::move(setup), *this)) {
    impl_->connect();
}

ControlLink::~ControlLink() = default;

void ControlLink::publish(std::string topic, std::string payload, bool retain, bool once) {
    impl_->publish(std::move(topic), std::move(payload), retain, once);
}

}  // namespace mqtt::bench
