// Retained messages: one, or what matches a filter. Read from the store as subscriptions read it.
#include "broker/http/api.hpp"
#include "broker/http/json.hpp"
#include "broker/mount.hpp"
#include "broker/shard.hpp"
#include "core/utf8.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker::http {
namespace {

constexpr std::size_t kEventPieceBytes = 32 * 1024;
constexpr std::size_t kLooksPerPiece = 2'000;  // topics looked at under the store's lock

MessageView view_of(const core::Message& message, std::size_t mount_bytes) {
    return {message.topic().substr(mount_bytes), message.qos(), true, message.properties(),
            message.payload()};
}

// Topics as the store hands them out, as fast as the connection takes them: nothing is copied ahead.
class Topics final : public Task {
public:
    Topics(Connection& connection, std::string_view filter, std::size_t payload,
           std::uint64_t limit)
        : connection_(connection)
        , cursor_(connection.shard().retained, filter)
        , payload_(payload)
        , left_(limit) {}

    More produce(std::string& out) override {
        if (is_first_) out += '[';
        std::size_t looks = 0;
        const bool is_end =
            cursor_.run(connection_.shard().now(), [&](const core::Message& message) {
                if (out.size() >= kEventPieceBytes || ++looks > kLooksPerPiece || left_ == 0)
                    return false;
                add(out, message);
                return true;
            });
        if (!is_end && left_ != 0) return More::now;
        out += "\n]\n";
        return More::done;
    }

private:
    void add(std::string& out, const core::Message& message) {
        const bool is_allowed =
            may(connection_.config(), connection_.caller(), Access::deliver, message.topic());
        if (!is_allowed) return;
        out += is_first_ ? "\n" : ",\n";
        is_first_ = false;
        --left_;
        std::string line;
        append_message(line, view_of(message, connection_.mount_point().size()), payload_);
        out += line;
    }

    Connection& connection_;
    RetainedStore::Cursor cursor_;
    std::size_t payload_;
    std::uint64_t left_;
    bool is_first_ = true;
};

Response as_answer(const core::Message& message, std::size_t mount_bytes, bool as_json) {
    Response response;
    if (as_json) {
        append_message(response.body, view_of(message, mount_bytes));
        response.body += '\n';
        return response;
    }
    response.body = as_text(message.payload());
    response.content_type = core::is_valid_utf8(response.body) ? "text/plain; charset=utf-8"
                                                               : "application/octet-stream";
    return response;
}

}  // namespace

void get_retained(Connection& connection, std::string_view topic) {
    const std::string whole = mounted_topic(connection.mount_point(), topic);
    if (!validate_topic_name(whole)) {
        return connection.respond(failure(400, "not a topic name (in a URL # is %23, + is %2B)"));
    }
    if (!may_read(connection.config(), connection.caller(), whole)) {
        return connection.respond(failure(403, "you may not read this topic"));
    }
    const bool as_json = connection.request().accept.find("json") != std::string::npos;
    std::optional<Response> response;
    RetainedStore::Cursor cursor(connection.shard().retained, whole);
    cursor.run(connection.shard().now(), [&](const core::Message& message) {
        response = as_answer(message, connection.mount_point().size(), as_json);
        return true;
    });
    connection.respond(response ? *response
                                : failure(404, "no message is retained for this topic"));
}

void get_topics(Connection& connection, std::string_view) {
    const std::string_view filter = connection.request().parameter("filter").value_or("#");
    if (!validate_topic_filter(filter) || parse_shared_filter(filter)) {
        return connection.respond(failure(400, "not a topic filter (in a URL # is %23)"));
    }
    const std::string whole = mounted_filter(connection.mount_point(), filter);
    if (!may(connection.config(), connection.caller(), Access::subscribe, whole)) {
        return connection.respond(failure(403, "you may not subscribe to this filter"));
    }
    const auto payload = number_parameter(connection, "payload", 256, 1'000'000);
    if (!payload) return;
    const auto limit = number_parameter(connection, "limit", 100'000'000, 100'000'000);
    if (!limit) return;
    connection.keep(std::make_unique<Topics>(connection, whole, *payload, *limit));
    connection.begin_stream("application/json");
}

}  // namespace mqtt::broker::http
