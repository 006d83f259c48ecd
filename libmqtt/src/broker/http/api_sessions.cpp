// Publishing and subscribing over HTTP, each through an MQTT session of its own.
#include <memory>

#include "broker/http/api.hpp"
#include "broker/http/inner_client.hpp"
#include "broker/http/json.hpp"
#include "broker/mount.hpp"
#include "broker/shard.hpp"
#include "core/message.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker::http {
namespace {

constexpr std::size_t kPendingBytes = 256 * 1024;  // then the session waits for the reader

class SessionTask : public Task, protected InnerClient::Owner {
public:
    explicit SessionTask(Connection& connection) : connection_(connection) {}
    // False: there is no room.
    bool start() {
        inner_ = InnerClient::connect(connection_.shard(), *this, connection_.caller(),
                                      connection_.address());
        return inner_ != nullptr;
    }
    void cancel() override {
        if (inner_) inner_->disconnect();
    }

protected:
    Connection& connection_;
    std::unique_ptr<InnerClient> inner_;
};

class Publishing final : public SessionTask {
public:
    struct Wish {
        std::string topic;
        std::string payload;
        QoS qos = QoS::at_most_once;
        bool retain = false;
        PropertyList properties;
    };

    Publishing(Connection& connection, Wish wish)
        : SessionTask(connection)
        , wish_(std::move(wish)) {}

private:
    void on_inner_connected() override {
        core::OutgoingPublish out;
        out.topic = wish_.topic;
        out.payload = as_bytes(wish_.payload);
        out.qos = wish_.qos;
        out.retain = wish_.retain;
        std::vector<std::uint8_t> scratch;
        if (inner_->has_properties()) {
            const auto split = core::split_publish_properties(wish_.properties.view(), scratch);
            out.properties = split.forwardable;
            out.message_expiry_interval = split.message_expiry_interval;
        }
        if (!inner_->publish(out)) {
            return connection_.respond(
                failure(400, "this listener takes no such message (its size, QoS or retain)"));
        }
        if (wish_.qos == QoS::at_most_once) inner_->sync();
    }
    void on_inner_synced() override { succeed(std::nullopt); }
    void on_inner_published(ReasonCode reason) override {
        if (is_error(reason)) return connection_.respond(failure(reason, "refused"));
        succeed(reason != ReasonCode::no_matching_subscribers);
    }
    void on_inner_ended(ReasonCode reason) override {
        connection_.respond(failure(reason, "refused"));
    }

    void succeed(std::optional<bool> had_subscribers) {
        Response response;
        std::string& body = response.body;
        body = "{";
        append_member(body, "topic", wish_.topic);
        append_member(body, "qos", std::uint64_t{static_cast<std::uint8_t>(wish_.qos)});
        append_flag(body, "retain", wish_.retain);
        if (had_subscribers) append_flag(body, "had_subscribers", *had_subscribers);
        body += "}\n";
        connection_.respond(response);
    }

    Wish wish_;
};

class Subscribing final : public SessionTask {
public:
    Subscribing(Connection& connection, std::string filter, QoS qos, std::uint64_t count)
        : SessionTask(connection)
        , filter_(std::move(filter))
        , qos_(qos)
        , left_(count) {}
    More produce(std::string& out) override {
        out = std::move(pending_);
        pending_.clear();
        if (left_ == 0 || is_over_) return More::done;
        if (is_paused_) {
            is_paused_ = false;
            inner_->resume();
        }
        return More::later;
    }
    void keep_alive(std::string& out) override { out = ":\n\n"; }

private:
    void on_inner_connected() override {
        if (!inner_->subscribe(filter_, qos_))
            connection_.respond(failure(413, "the filter is too long"));
    }
    void on_inner_subscribed(ReasonCode reason) override {
        if (is_error(reason)) return connection_.respond(failure(reason, "refused"));
        pending_ = ": subscribed\n\n";
        connection_.begin_stream("text/event-stream");
    }
    void on_inner_message(const Publish& publish) override {
        if (left_ == 0) return;
        --left_;
        std::string line;
        append_message(line, {publish.topic, publish.qos, publish.retain, publish.properties,
                              publish.payload});
        pending_ += "data: ";
        pending_ += line;
        pending_ += "\n\n";
        if (pending_.size() > kPendingBytes && left_ != 0) {
            is_paused_ = true;
            inner_->pause();
        }
        connection_.wake();
    }
    void on_inner_ended(ReasonCode reason) override {
        is_over_ = true;
        connection_.respond(failure(reason, "refused"));  // unless the stream has begun
        connection_.wake();
    }

    std::string filter_;
    QoS qos_;
    std::uint64_t left_;
    std::string pending_;
    bool is_paused_ = false;
    bool is_over_ = false;
};

// The task is the connection's before anything can come from its session.
void begin(Connection& connection, std::unique_ptr<SessionTask> task) {
    SessionTask& started = *task;
    connection.keep(std::move(task));
    if (!started.start()) connection.respond(failure(503, "there is no room for a connection"));
}

// Properties of the query by their names in the standard. False: one is wrong, which is answered.
bool take_properties(Connection& connection, PropertyList& list) {
    for (const auto& [name, value] : connection.request().parameters) {
        if (name == "topic" || name == "qos" || name == "retain") continue;
        std::string_view first = value;
        std::string_view second;
        if (name == "user-property") {
            const std::size_t equals = value.find('=');
            if (equals == std::string::npos) {
                connection.respond(failure(400, "user-property is NAME=VALUE"));
                return false;
            }
            first = std::string_view(value).substr(0, equals);
            second = std::string_view(value).substr(equals + 1);
        }
        const Status status = parse_property(list, PropertyPlace::publish, name, first, second);
        if (status) continue;
        connection.respond(failure(400, name + ": " + std::string(status.error().detail)));
        return false;
    }
    return true;
}

}  // namespace

void post_publish(Connection& connection, std::string_view) {
    Publishing::Wish wish;
    const auto topic = connection.request().parameter("topic");
    if (!topic) return connection.respond(failure(400, "the parameter topic is missing"));
    wish.topic = *topic;
    const std::string whole = mounted_topic(connection.mount_point(), wish.topic);
    if (!validate_topic_name(whole)) return connection.respond(failure(400, "not a topic name"));
    const auto qos = qos_parameter(connection);
    if (!qos) return;
    wish.qos = *qos;
    const auto retain = flag_parameter(connection, "retain");
    if (!retain) return;
    wish.retain = *retain;
    if (!take_properties(connection, wish.properties)) return;
    // Told here: MQTT has no answer to QoS 0, and one without words in 3.1.1.
    if (!may(connection.config(), connection.caller(), Access::publish, whole)) {
        return connection.respond(failure(403, "you may not publish to this topic"));
    }
    wish.payload = connection.request().body;
    const ReasonCode reason = connection.shard().publisher.refusal(
        {whole, wish.properties.view(), as_bytes(wish.payload)}, connection.caller().client_id);
    if (is_error(reason)) return connection.respond(failure(reason, "refused"));
    begin(connection, std::make_unique<Publishing>(connection, std::move(wish)));
}

void get_subscribe(Connection& connection, std::string_view) {
    const auto filter = connection.request().parameter("filter");
    if (!filter) return connection.respond(failure(400, "the parameter filter is missing"));
    if (!validate_topic_filter(*filter)) {
        return connection.respond(failure(400, "not a topic filter (in a URL # is %23)"));
    }
    const auto qos = qos_parameter(connection);
    if (!qos) return;
    constexpr auto kEndless = ~std::uint64_t{0};
    const auto count = number_parameter(connection, "count", kEndless, kEndless);
    if (!count || *count == 0) {
        if (count) connection.respond(failure(400, "count is at least 1"));
        return;
    }
    begin(connection,
          std::make_unique<Subscribing>(connection, std::string(*filter), *qos, *count));
}

}  // namespace mqtt::broker::http
