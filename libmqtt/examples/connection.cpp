// Publishes numbers with QoS 1 over one low-level connection, as fast as the server acknowledges them.
//   example_connection mqtt://localhost:1883/numbers [count]
#include <cstdio>
#include <cstdlib>
#include <string>

#include "mqtt/connection.hpp"
#include "mqtt/topic.hpp"

namespace {

class Numbers final : public mqtt::ConnectionSink {
public:
    Numbers(mqtt::ConnectionLoop& loop, std::string topic, long count)
        : loop_(&loop)
        , connection_(loop, *this)
        , topic_(std::move(topic))
        , count_(count) {}

    mqtt::Status open(const mqtt::ConnectOptions& options) { return connection_.open(options); }
    bool complete() const { return delivered_ == count_; }

    void on_connected(const mqtt::Connack&, const mqtt::ConnectTiming&) override { send(); }
    void on_send_quota() override { send(); }
    void on_delivered(mqtt::PacketId, std::uint64_t, mqtt::ReasonCode reason) override {
        if (mqtt::is_error(reason))
            connection_.disconnect();
        else if (++delivered_ == count_)
            connection_.disconnect();
    }
    void on_closed(const mqtt::CloseReason& reason) override {
        if (!reason.message.empty())
            std::fprintf(stderr, "%s\n", std::string(reason.message).c_str());
        loop_->stop();
    }

private:
    // As much as the server's window takes; on_send_quota() goes on.
    void send() {
        mqtt::PublishRequest request;
        request.topic = topic_;
        request.qos = mqtt::QoS::at_least_once;
        while (sent_ < count_) {
            char text[32];
            const int size = std::snprintf(text, sizeof text, "%ld", sent_ + 1);
            request.payload = mqtt::as_bytes({text, static_cast<std::size_t>(size)});
            if (connection_.publish(request).status != mqtt::SendStatus::sent) return;
            ++sent_;
        }
    }

    mqtt::ConnectionLoop* loop_;
    mqtt::Connection connection_;
    std::string topic_;
    long count_;
    long sent_ = 0;
    long delivered_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    const auto url = mqtt::parse_url(argc > 1 ? argv[1] : "mqtt://localhost:1883/numbers");
    if (!url || !mqtt::validate_topic_name(url->topic).ok()) {
        std::fprintf(stderr, "a URL with a topic is needed: mqtt://localhost/numbers\n");
        return 2;
    }
    mqtt::ConnectOptions options;
    options.endpoint = url->endpoint;

    mqtt::ConnectionLoop loop;
    Numbers numbers(loop, url->topic, argc > 2 ? std::atol(argv[2]) : 100'000);
    if (const auto opened = numbers.open(options); !opened.ok()) {
        std::fprintf(stderr, "%s\n", std::string(opened.error().detail).c_str());
        return 2;
    }
    loop.run();
    return numbers.complete() ? 0 : 1;
}
