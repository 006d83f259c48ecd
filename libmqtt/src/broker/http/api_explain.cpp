// Who would receive a message, and why the others would not: the questions that delivery asks, asked
// without delivering. Each shard speaks for its sessions.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "broker/http/api.hpp"
#include "broker/http/client_json.hpp"
#include "broker/http/gather.hpp"
#include "broker/http/json.hpp"
#include "broker/rights.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker::http {
namespace {

constexpr int kFiltersLookedAt = 100;  // of a session, for filters that nearly match

struct Explanation {
    std::string topic;  // with the mount point of the asker
    QoS qos = QoS::at_most_once;
    std::string from;    // client id of the publisher; empty: nobody in particular
    std::string client;  // only about this one; empty: all
    std::size_t limit = 0;
    std::uint64_t receivers = 0;
    std::uint64_t others = 0;
    std::size_t told_others = 0;
    std::string received;  // rows
    std::string not_received;
    std::string publisher;  // why it may not publish; empty: it may
    std::size_t told_receivers = 0;
};

// What one session has that matches.
struct Matched {
    const Subscription* best = nullptr;  // of the highest QoS
    bool no_local = false;
};

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

// A filter that its writer may have meant to match.
std::string near_miss(const std::string& topic, const Session& session) {
    int looked_at = 0;
    for (const Subscription* s = session.subscriptions;
         s != nullptr && looked_at < kFiltersLookedAt; s = s->next_of_subscriber, ++looked_at) {
        const std::string filter = TopicTree::filter_of(*s->node);
        if (topic.front() == '$' && (filter.front() == '#' || filter.front() == '+'))
            return fmt::format("'{}' does not see topics that begin with $", filter);
        if (topic_matches(lower_case(filter), lower_case(topic)))
            return fmt::format("'{}' differs in upper and lower case", filter);
        if (topic.front() == '/' && topic_matches(filter, topic.substr(1)))
            return fmt::format("'{}' has no / at its beginning", filter);
        if (topic_matches(filter, "/" + topic))
            return fmt::format("'{}' has a / at its beginning", filter);
        if (topic_matches(filter, topic + "/"))
            return fmt::format("'{}' has a / at its end", filter);
    }
    return {};
}

std::string no_match(const Explanation& about, const Session& session) {
    if (session.subscription_count == 0) return "it has no subscription that could match";
    const std::string near = near_miss(about.topic, session);
    return fmt::format("none of its {} filter(s) matches{}{}", session.subscription_count,
                       near.empty() ? "" : ": ", near);
}

// Why a session with a right and a filter gets nothing; empty: it gets it, as `how` says.
std::string obstacle(const Shard& shard, const Session& session, QoS qos, std::string_view& how) {
    const BrokerConfig& config = shard.config();
    if (session.is_bridge) {
        how = is_connected(shard, session) ? "sent over the bridge"
                                           : "queued until the bridge is connected";
        if (is_connected(shard, session)) return {};
        if (qos == QoS::at_most_once) return "the bridge is not connected, and QoS 0 is not kept";
    }
    if (qos == QoS::at_most_once) {
        how = "sent at once";
        if (!session.is_online()) {
            how = "queued until the client is back";
            return config.queue_qos0_offline && !session.ends_with_connection()
                       ? ""
                       : "the client is away, and QoS 0 is not kept for it";
        }
        if (!session.peer->has_room())
            return "the client does not read what is sent to it, and QoS 0 does not wait";
        return {};
    }
    switch (shard.publisher.readiness(session)) {
    case Readiness::ready: how = "sent at once"; return {};
    case Readiness::busy: how = "queued behind what the client has not acknowledged"; return {};
    case Readiness::away:
        if (!session.is_bridge) how = "queued until the client is back";
        return {};
    case Readiness::full:
        return "its queue is full (max_queued_messages, max_queued_bytes; queue_overflow)";
    case Readiness::cannot: break;
    }
    return "the client is away, and its session keeps nothing";
}

void begin_row(std::string& rows, const Shard& shard, const Session& session) {
    rows += rows.empty() ? "\n{" : ",\n{";
    append_member(rows, "client", session.client_id());
    append_flag(rows, "connected", is_connected(shard, session));
}

void tell_other(Explanation& about, const Shard& shard, const Session& session,
                std::string_view kind, const std::string& why) {
    ++about.others;
    if (about.told_others >= about.limit) return;
    ++about.told_others;
    begin_row(about.not_received, shard, session);
    append_member(about.not_received, "kind", kind);
    append_member(about.not_received, "why", why);
    about.not_received += '}';
}

void tell_receiver(Explanation& about, const Shard& shard, const Session& session,
                   std::string_view filter, QoS qos, std::string_view how) {
    ++about.receivers;
    if (about.told_receivers >= about.limit) return;
    ++about.told_receivers;
    begin_row(about.received, shard, session);
    append_member(about.received, "filter", filter);
    append_member(about.received, "qos", std::uint64_t{static_cast<std::uint8_t>(qos)});
    append_member(about.received, "how", how);
    about.received += '}';
}

std::string denial(const BrokerConfig& config, const Session& session, Access access,
                   const std::string& topic) {
    if (!config.explain_authorize) return "the access list does not allow it";
    const Identity* who = session.identity.get();
    return config.explain_authorize({access, session.client_id(),
                                     who ? std::string_view(who->user_name) : std::string_view(),
                                     topic, who ? who->listener : 0});
}

// The filter is a shared one when there is a membership for it.
const Membership* shared_match(const Session& session, const std::string& topic) {
    for (const Membership* m = session.memberships; m != nullptr; m = m->next_of_session) {
        const auto shared = parse_shared_filter(m->filter);
        if (shared && topic_matches(shared->filter, topic)) return m;
    }
    return nullptr;
}

void explain_session(const Shard& shard, Explanation& about, const Session& session,
                     const Matched* matched) {
    const Membership* member = matched == nullptr ? shared_match(session, about.topic) : nullptr;
    if (matched == nullptr && member == nullptr) {
        return tell_other(about, shard, session, "filter", no_match(about, session));
    }
    if (matched != nullptr && matched->no_local && session.client_id() == about.from) {
        return tell_other(about, shard, session, "no_local",
                          "it publishes the message itself and has asked for No Local");
    }
    if (!is_allowed(shard.config(), session, Access::deliver, about.topic)) {
        return tell_other(about, shard, session, "access",
                          denial(shard.config(), session, Access::deliver, about.topic));
    }
    const QoS qos = matched != nullptr
                        ? shard.publisher.delivered_qos(about.qos, matched->best->options.qos)
                        : about.qos;
    std::string_view how;
    const std::string why = obstacle(shard, session, qos, how);
    if (!why.empty()) return tell_other(about, shard, session, "session", why);
    const std::string text = member == nullptr ? std::string(how)
                                               : fmt::format(
                                                     "in turn with the other members of its "
                                                     "share: one of them gets it; {}",
                                                     how);
    tell_receiver(about, shard, session,
                  member != nullptr ? member->filter : TopicTree::filter_of(*matched->best->node),
                  qos, text);
}

void explain_shard(Shard& shard, Explanation& about) {
    std::unordered_map<const Subscriber*, Matched> matched;
    shard.subscriptions.for_matching(about.topic, [&](const TopicNode& node) {
        for (const Subscription* s = node.subscriptions; s != nullptr; s = s->next_in_node) {
            if (s->subscriber->kind != SubscriberKind::session) continue;
            Matched& found = matched[s->subscriber];
            found.no_local = found.no_local || s->options.no_local;
            if (found.best == nullptr || s->options.qos > found.best->options.qos) found.best = s;
        }
    });
    const auto explain = [&](const Session& session) {
        const auto found = matched.find(&session);
        explain_session(shard, about, session, found == matched.end() ? nullptr : &found->second);
    };
    const Session* publisher = about.from.empty() ? nullptr : shard.sessions.find(about.from);
    if (publisher != nullptr &&
        !is_allowed(shard.config(), *publisher, Access::publish, about.topic)) {
        about.publisher = denial(shard.config(), *publisher, Access::publish, about.topic);
    }
    if (!about.client.empty()) {
        const Session* only = shard.sessions.find(about.client);
        if (only != nullptr) explain(*only);
        return;
    }
    // Those with a filter that matches first: they are what is looked for.
    for (const auto& [subscriber, found] : matched)
        explain_session(shard, about, static_cast<const Session&>(*subscriber), &found);
    shard.sessions.for_each([&](const Session& session) {
        if (!matched.contains(&session)) explain(session);
    });
}

Response as_answer(const Explanation& about) {
    Response response;
    std::string& body = response.body;
    body = "{";
    append_member(body, "topic", about.topic);
    append_member(body, "qos", std::uint64_t{static_cast<std::uint8_t>(about.qos)});
    append_flag(body, "may_publish", about.publisher.empty());
    if (!about.publisher.empty()) append_member(body, "why_not", about.publisher);
    append_member(body, "receivers", about.receivers);
    append_member(body, "others", about.others);
    append_name(body, "would_receive");
    body += "[" + about.received + "]";
    append_name(body, "would_not");
    body += "[" + about.not_received + "]}\n";
    return response;
}

}  // namespace

void get_explain(Connection& connection, std::string_view) {
    const Request& request = connection.request();
    auto about = std::make_shared<Explanation>();
    const auto topic = request.parameter("topic");
    if (!topic) return connection.respond(failure(400, "the parameter topic is missing"));
    about->topic = mounted_topic(connection.mount_point(), *topic);
    if (!validate_topic_name(about->topic))
        return connection.respond(failure(400, "not a topic name"));
    const auto qos = qos_parameter(connection);
    if (!qos) return;
    const auto limit = number_parameter(connection, "limit", 200, 10'000);
    if (!limit) return;
    about->qos = *qos;
    about->limit = *limit;
    about->from = request.parameter("from").value_or(std::string_view());
    about->client = request.parameter("client").value_or(std::string_view());
    const bool is_asker = about->from.empty();
    if (is_asker && !may(connection.config(), connection.caller(), Access::publish, about->topic)) {
        about->publisher = "you may not publish to this topic";
    }
    gather(connection.shard().shared(), std::move(about), explain_shard,
           [ticket = connection.ticket()](Explanation& full) {
               if (Connection* asker = ticket.find()) asker->respond(as_answer(full));
           });
}

}  // namespace mqtt::broker::http
