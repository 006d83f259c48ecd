// The rules, each where it is checked; see sim_referee.hpp.
#include "support/sim_referee.hpp"

#include <algorithm>
#include <stdexcept>

#include "mqtt/topic.hpp"
#include "support/naive_topic.hpp"

namespace mqtt::sim {

std::string Referee::describe(const SentMessage& m) {
    return m.topic + " of client " + std::to_string(m.publisher) + ", QoS " +
           std::to_string(static_cast<int>(m.qos)) + (m.was_resent ? ", resent" : "") +
           ", sent at " + std::to_string(m.sent) +
           (m.accepted == kNever ? "" : ", accepted at " + std::to_string(m.accepted));
}

void Referee::complain(const std::string& what) {
    throw std::runtime_error(what);
}

int Referee::send(SentMessage message) {
    message.sent = now;
    messages.push_back(std::move(message));
    return static_cast<int>(messages.size()) - 1;
}

std::size_t Referee::subscribing(int client, std::string_view filter, QoS qos, bool is_kept) {
    Period period;
    period.is_kept = is_kept;
    period.filter = filter;
    if (const auto shared = parse_shared_filter(filter)) {
        period.share = shared->share_name;
        period.filter = shared->filter;
    }
    period.qos = qos;
    period.possibly_from = now;
    // The one before goes on at its QoS until this one is there.
    for (Period& old : at(client).periods)
        if (old.filter == period.filter && old.share == period.share)
            old.surely_until = std::min(old.surely_until, now);
    at(client).periods.push_back(period);
    return at(client).periods.size() - 1;
}

void Referee::subscribed(int client, std::size_t number, QoS granted) {
    Period& period = at(client).periods[number];
    if (granted != period.qos) complain("a subscription was granted another QoS");
    period.surely_from = now;
}

// The one before, if any, goes on.
void Referee::not_subscribed(int client, std::size_t number) {
    Period& period = at(client).periods[number];
    period.surely_until = period.possibly_until = std::min(period.possibly_until, now);
}

void Referee::unsubscribing(int client, std::string_view filter) {
    for (Period& period : at(client).periods)
        if (period.filter == filter) period.surely_until = std::min(period.surely_until, now);
}

void Referee::unsubscribed(int client, std::string_view filter) {
    for (Period& period : at(client).periods)
        if (period.filter == filter && period.surely_until != kNever)
            period.possibly_until = std::min(period.possibly_until, now);
}

void Referee::session_in_doubt(int client) {
    for (Period& period : at(client).periods)
        period.surely_until = std::min(period.surely_until, now);
}

void Referee::session_began(int client) {
    session_in_doubt(client);
    for (Period& period : at(client).periods)
        period.possibly_until = std::min(period.possibly_until, now);
    at(client).arrivals.clear();
    at(client).last_in_order.clear();
}

void Referee::arrived(int number, int message, std::string_view topic, QoS qos, bool retain,
                      bool dup) {
    const SentMessage& sent = messages.at(static_cast<std::size_t>(message));
    const std::string what = "message " + std::to_string(message) + " (" + describe(sent) +
                             "), QoS " + std::to_string(static_cast<int>(qos)) +
                             (dup ? " with DUP" : "") + ", to client " + std::to_string(number) +
                             ": ";
    if (topic != sent.topic) complain(what + "its topic has changed");
    if (qos > sent.qos) complain(what + "its QoS has grown");
    if (sent.will == SentMessage::Will::never) complain(what + "a will after DISCONNECT");
    ++deliveries_;
    Client& client = at(number);
    const bool wanted =
        std::any_of(client.periods.begin(), client.periods.end(), [&](const Period& p) {
            return p.possibly_from <= now && p.possibly_until >= sent.sent && qos <= p.qos &&
                   mqtt::test::matches_naively(p.filter, topic);
        });
    // [MQTT-3.3.2-3] [MQTT-3.8.4-8]
    if (!wanted) complain(what + "nothing that it subscribed to");
    if (retain) return;  // once per subscription, and never instead of the message itself
    everybody_[message].insert(number);
    Arrival& arrival = client.arrivals[message];
    const bool is_again = arrival.count != 0;
    // What was sent at QoS 1 just before the broker died it does not know to have sent: it comes without DUP.
    const bool resend =
        (dup || arrival.deaths != deaths_.size()) && arrival.connection != client.connections;
    const bool twice_sent = has_copies(sent);
    const bool handed_on = topic.starts_with("s/") && qos == QoS::at_least_once;
    const bool is_promise = qos == QoS::exactly_once && arrival.qos == QoS::exactly_once;
    const bool redone = sent.was_forgotten && !is_promise;
    const bool may_repeat =
        handed_on || twice_sent || redone || (qos == QoS::at_least_once && resend);
    if (is_again && !may_repeat && arrival.was_taken) {
        complain(what + "it came twice, on connections " + std::to_string(arrival.connection) +
                 " and " + std::to_string(client.connections));  // [MQTT-4.3.3-2]
    }
    ++arrival.count;
    arrival.qos = qos;
    arrival.was_taken = true;
    arrival.connection = client.connections;
    arrival.deaths = deaths_.size();
    if (!is_again) check_order(client, message, topic, qos);
}

void Referee::not_taken(int client, int message) {
    const auto place = at(client).arrivals.find(message);
    if (place != at(client).arrivals.end()) place->second.was_taken = false;
}

void Referee::broker_died(int watcher) {
    deaths_.push_back(now);
    for (std::size_t m = 0; m < messages.size(); ++m) {
        SentMessage& sent = messages[m];
        if (!sent.is_will) {
            sent.was_forgotten = sent.was_forgotten || sent.accepted == kNever;
            continue;
        }
        sent.was_resent = true;
        const auto found = everybody_.find(static_cast<int>(m));
        if (found == everybody_.end() || found->second.count(watcher) == 0)
            sent.will = SentMessage::Will::possible;
    }
}

// [MQTT-4.6.0-6]
void Referee::check_order(Client& client, int message, std::string_view topic, QoS qos) {
    const SentMessage& sent = messages[static_cast<std::size_t>(message)];
    // A group hands on what a member left; a message that was sent again may be another copy.
    const bool is_shared = topic.starts_with("s/");
    if (sent.is_will || is_shared || sent.was_forgotten || sent.may_be_late || has_copies(sent))
        return;
    const std::string key = std::to_string(sent.publisher) + " " + std::string(topic) + " " +
                            std::to_string(static_cast<int>(qos)) +
                            std::to_string(static_cast<int>(sent.qos));
    const auto [place, is_first] = client.last_in_order.emplace(key, message);
    if (is_first) return;
    if (place->second > message) {
        const SentMessage& newer = messages[static_cast<std::size_t>(place->second)];
        complain("message " + std::to_string(message) + " (" + describe(sent) + ") came after " +
                 std::to_string(place->second) + " (" + describe(newer) + ") to client " +
                 std::to_string(&client - clients_.data()));
    }
    place->second = message;
}

// The member that it was given to had a session that ends with the connection, and with the broker.
bool Referee::may_have_died_with_a_member(const SentMessage& sent, const std::string& group) const {
    for (const Step death : deaths_) {
        if (death < sent.sent) continue;
        for (const Client& client : clients_)
            for (const Period& period : client.periods)
                if (!period.is_kept && period.share + "/" + period.filter == group &&
                    period.possibly_from <= death && period.possibly_until >= sent.sent)
                    return true;
    }
    return false;
}

void Referee::check_deliveries(int watcher) const {
    for (std::size_t m = 0; m < messages.size(); ++m) {
        const SentMessage& sent = messages[m];
        const auto found = everybody_.find(static_cast<int>(m));
        const auto has = [&](int client) {
            return found != everybody_.end() && found->second.count(client) != 0;
        };
        if (sent.is_will) {
            if (sent.will == SentMessage::Will::due && !has(watcher))
                complain("will " + std::to_string(m) + " was never published");
            continue;
        }
        if (sent.accepted == kNever || sent.qos == QoS::at_most_once) continue;
        std::map<std::string, bool> groups;  // share and filter: somebody got it
        for (std::size_t c = 0; c < clients_.size(); ++c) {
            for (const Period& period : clients_[c].periods) {
                const bool sure = period.surely_from < sent.sent && period.surely_until == kNever &&
                                  period.qos != QoS::at_most_once &&
                                  mqtt::test::matches_naively(period.filter, sent.topic);
                if (!sure) continue;
                const bool got = has(static_cast<int>(c));
                const bool is_in_doubt = clients_[c].doubtful_from != kNever &&
                                         sent.sent >= clients_[c].doubtful_from &&
                                         sent.qos == QoS::exactly_once;
                if (!got && is_in_doubt) continue;
                if (!period.share.empty()) {
                    groups.try_emplace(period.share + "/" + period.filter);
                } else if (!got) {  // [MQTT-4.5.0-1] [MQTT-4.3.2-2]
                    complain("message " + std::to_string(m) + " (" + sent.topic +
                             ") never came to client " + std::to_string(c) +
                             ", which subscribed to " + period.filter);
                }
            }
        }
        for (auto& [group, got] : groups) {
            for (std::size_t c = 0; c < clients_.size(); ++c)
                for (const Period& period : clients_[c].periods)
                    if (period.share + "/" + period.filter == group && has(static_cast<int>(c)))
                        got = true;
            if (!got && !may_have_died_with_a_member(sent, group))
                complain("message " + std::to_string(m) + " came to nobody of the group " + group);
        }
    }
}

// Each topic of r/ has one publisher: what is kept is its last one, or one behind the last that was
// acknowledged. [MQTT-3.3.1-5]
void Referee::check_retained(const std::map<std::string, int>& found) const {
    std::map<std::string, int> last_accepted;
    for (std::size_t m = 0; m < messages.size(); ++m) {
        const SentMessage& sent = messages[m];
        if (sent.retain && !sent.is_will && sent.accepted != kNever)
            last_accepted[sent.topic] = static_cast<int>(m);
    }
    for (const auto& [topic, message] : last_accepted) {
        const auto kept = found.find(topic);
        if (kept == found.end()) complain("nothing is retained on " + topic);
        // A message that was sent again may have come behind newer ones.
        if (has_copies(messages[static_cast<std::size_t>(kept->second)])) continue;
        if (kept->second < message) {
            complain("what is retained on " + topic + " is " + std::to_string(kept->second) + " (" +
                     describe(messages[static_cast<std::size_t>(kept->second)]) + "), older than " +
                     std::to_string(message) + " (" +
                     describe(messages[static_cast<std::size_t>(message)]) + ")");
        }
    }
}

}  // namespace mqtt::sim
