// The table of routes.
#include "broker/http/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "broker/http/files.hpp"
#include "broker/http/page.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker::http {
namespace {

struct Route {
    std::string_view method;
    std::string_view path;        // with a / at its end: and what is below it
    std::string_view parameters;  // that it knows, separated by blanks
    std::string_view right;  // topic that the caller must be allowed to read; empty: it asks itself
    void (*answer)(Connection&, std::string_view rest);
};

constexpr std::string_view kPublishParameters =
    "topic qos retain payload-format-indicator message-expiry-interval content-type "
    "response-topic correlation-data user-property";

constexpr std::array kRoutes = {
    Route{"GET", "/api/retained/", "", "", get_retained},
    Route{"GET", "/api/topics", "filter payload limit", "", get_topics},
    Route{"POST", "/api/publish", kPublishParameters, "", post_publish},
    Route{"GET", "/api/subscribe", "filter qos count", "", get_subscribe},
    Route{"GET", "/api/clients", "match after limit", "$SYS/broker/clients", get_clients},
    Route{"GET", "/api/clients/", "", "$SYS/broker/clients", get_client},
    Route{"DELETE", "/api/clients/", "session", "", delete_client},
    Route{"GET", "/api/explain", "topic qos from client limit", "$SYS/broker/clients", get_explain},
    Route{"GET", "/api/stats", "", "$SYS/broker/stats", get_stats},
    Route{"GET", "/api/config", "", "$SYS/broker/config", get_config},
    Route{"GET", "/metrics", "", "$SYS/broker/stats", get_metrics},
};

bool fits(const Route& route, std::string_view path) {
    return route.path.ends_with('/')
               ? path.size() > route.path.size() && path.starts_with(route.path)
               : path == route.path;
}

bool knows(std::string_view words, std::string_view word) {
    while (!words.empty()) {
        const std::size_t end = std::min(words.find(' '), words.size());
        if (words.substr(0, end) == word) return true;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

void answer(Connection& connection, const Route& route) {
    const Request& request = connection.request();
    for (const auto& [name, value] : request.parameters) {
        if (knows(route.parameters, name)) continue;
        return connection.respond(
            failure(400, fmt::format("the parameter '{}' is not known; there are: {}", name,
                                     route.parameters.empty() ? "none" : route.parameters)));
    }
    const bool is_allowed =
        route.right.empty() || may_read(connection.config(), connection.caller(), route.right);
    if (!is_allowed) {
        return connection.respond(failure(403, fmt::format("you may not read {}", route.right)));
    }
    const std::string rest = request.path.substr(route.path.size());
    route.answer(connection, rest);
}

void send_page(Connection& connection) {
    Response response;
    response.content_type = "text/html; charset=utf-8";
    response.body = console_page(response.headers);
    connection.respond(response);
}

void send_word(Connection& connection, int status, std::string_view word) {
    Response response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = word;
    connection.respond(response);
}

// Ready: it takes messages, and what must be durable can be stored.
void send_readiness(Connection& connection) {
    Shard& shard = connection.shard();
    if (shard.is_stopping()) return send_word(connection, 503, "stopping\n");
    if (shard.journal.is_failing()) return send_word(connection, 503, "the store fails\n");
    if (shard.memory.is_short()) return send_word(connection, 503, "memory is short\n");
    send_word(connection, 200, "ready\n");
}

// The folder of the listener: what it has not is as without it, on a listener for HTTP. On one for
// WebSocket there is nothing else.
bool answer_from_files(Connection& connection) {
    const Request& request = connection.request();
    const bool is_alone = !connection.listener().serves_http;
    const bool is_route = std::any_of(kRoutes.begin(), kRoutes.end(), [&](const Route& route) {
        return fits(route, request.path);
    });
    const bool is_ours = is_route || request.path == "/healthz" || request.path == "/readyz";
    if (request.method == "GET" && (is_alone || !is_ours) &&
        connection.files()->answer(connection)) {
        return true;
    }
    if (!is_alone) return false;
    Response response = request.method == "GET" ? failure(404, "there is no such file")
                                                : failure(405, "files are for GET");
    if (response.status == 405) response.headers = "Allow: GET, HEAD\r\n";
    connection.respond(response);
    return true;
}

}  // namespace

bool answer_to_anybody(Connection& connection) {
    const Request& request = connection.request();
    if (connection.files() != nullptr && answer_from_files(connection)) return true;
    if (request.method != "GET") return false;
    if (request.path == "/" || request.path == "/index.html") {
        send_page(connection);
    } else if (request.path == "/healthz") {
        send_word(connection, 200, "ok\n");
    } else if (request.path == "/readyz") {
        send_readiness(connection);
    } else {
        return false;
    }
    return true;
}

void answer_api(Connection& connection) {
    const Request& request = connection.request();
    std::string allowed;
    for (const Route& route : kRoutes) {
        if (!fits(route, request.path)) continue;
        if (route.method == request.method) return answer(connection, route);
        allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", route.method);
    }
    if (allowed.empty()) {
        return connection.respond(failure(404,
                                          "there is nothing of this name; see "
                                          "mqtt-broker-lite(1), HTTP API"));
    }
    Response response = failure(405, "this is answered to " + allowed);
    response.headers = "Allow: " + allowed + "\r\n";
    connection.respond(response);
}

std::optional<std::uint64_t> number_parameter(Connection& connection, std::string_view name,
                                              std::uint64_t usual, std::uint64_t most) {
    const auto text = connection.request().parameter(name);
    if (!text) return usual;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    const bool is_number = error == std::errc() && end == text->data() + text->size();
    if (is_number && number <= most) return number;
    connection.respond(failure(400, fmt::format("{} is a number up to {}", name, most)));
    return std::nullopt;
}

std::optional<bool> flag_parameter(Connection& connection, std::string_view name) {
    const auto text = connection.request().parameter(name);
    if (!text || *text == "false" || *text == "0") return false;
    if (*text == "true" || *text == "1" || text->empty()) return true;
    connection.respond(failure(400, fmt::format("{} is true or false", name)));
    return std::nullopt;
}

std::optional<QoS> qos_parameter(Connection& connection) {
    const auto number = number_parameter(connection, "qos", 0, 2);
    if (!number) return std::nullopt;
    return static_cast<QoS>(*number);
}

Response failure(ReasonCode reason, std::string_view what) {
    const std::string text = fmt::format("{}: {}", what, reason_text(reason));
    switch (reason) {
    case ReasonCode::not_authorized:
    case ReasonCode::banned: return failure(403, text);
    case ReasonCode::bad_user_name_or_password: return failure(401, text);
    case ReasonCode::topic_name_invalid:
    case ReasonCode::topic_filter_invalid:
    case ReasonCode::payload_format_invalid:
    case ReasonCode::qos_not_supported:
    case ReasonCode::retain_not_supported:
    case ReasonCode::shared_subscriptions_not_supported:
    case ReasonCode::wildcard_subscriptions_not_supported: return failure(400, text);
    case ReasonCode::packet_too_large: return failure(413, text);
    case ReasonCode::quota_exceeded:
    case ReasonCode::server_busy:
    case ReasonCode::server_unavailable:
    case ReasonCode::server_shutting_down:
    case ReasonCode::session_taken_over: return failure(503, text);
    default: return failure(500, text);
    }
}

}  // namespace mqtt::broker::http
