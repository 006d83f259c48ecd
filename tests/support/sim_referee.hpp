// What the standard guarantees, kept beside a simulation: what was sent and acknowledged, which
// subscriptions each session surely or possibly has, what arrived. Complains when a guarantee breaks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt::sim {

using Step = std::uint64_t;
inline constexpr Step kNever = ~Step{0};

struct SentMessage {
    int publisher = 0;
    std::string topic;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    bool is_will = false;
    bool was_resent = false;  // over another connection: QoS 1 may arrive twice
    // Its publisher's session may have ended and begun anew with a CONNACK that never arrived: neither
    // side can know what the other has of it, and QoS 2 may arrive twice, too.
    bool is_doubtful = false;
    // The broker died before it had promised anything: what it had done by then it may do once more. At QoS 2 it
    // does nothing before it can promise.
    bool was_forgotten = false;
    // Refused, perhaps, and repeated by a publisher that had not heard of it: behind newer ones.
    bool may_be_late = false;
    Step sent = 0;
    Step accepted = kNever;  // acknowledged to the publisher
    enum class Will : std::uint8_t { possible, due, never } will = Will::possible;
};

struct Period {  // of one subscription
    std::string filter;
    std::string share;  // name of the group, or empty
    QoS qos = QoS::at_most_once;
    bool is_kept = true;  // its session outlives the connection
    Step surely_from = kNever, surely_until = kNever;
    Step possibly_from = 0, possibly_until = kNever;
};

class Referee {
public:
    explicit Referee(std::size_t clients) : clients_(clients) {}

    Step now = 0;
    std::vector<SentMessage> messages;

    int send(SentMessage message);
    void accepted(int message) { messages[static_cast<std::size_t>(message)].accepted = now; }

    // Subscriptions of a client; `period` is the number of one.
    std::size_t subscribing(int client, std::string_view filter, QoS qos, bool is_kept);
    void subscribed(int client, std::size_t period, QoS granted);
    void not_subscribed(int client, std::size_t period);
    void unsubscribing(int client, std::string_view filter);
    void unsubscribed(int client, std::string_view filter);
    // A CONNECT that may end the session is on its way; a new session has begun.
    void session_in_doubt(int client);
    void session_began(int client);
    // A session that the client has not seen begin may use the ids that it knows from the one before: a
    // QoS 2 message under one of them counts as a duplicate, and is lost.
    void inbox_in_doubt(int client) {
        at(client).doubtful_from = std::min(at(client).doubtful_from, now);
    }
    // The broker ended without a word, and what it had promised is all that it knows now. Of wills it may not know, or not
    // that they were taken back; those that it has published it may publish once more.
    void broker_died(int watcher);
    void reconnected(int client) { ++clients_[static_cast<std::size_t>(client)].connections; }

    // Throws std::runtime_error when it may not arrive.
    void arrived(int client, int message, std::string_view topic, QoS qos, bool retain, bool dup);
    // It arrived, but the connection ended before the client acknowledged it: it comes again.
    void not_taken(int client, int message);
    // At the end, when everything has come to rest.
    void check_deliveries(int watcher) const;
    void check_retained(const std::map<std::string, int>& found) const;
    std::uint64_t deliveries() const { return deliveries_; }

    [[noreturn]] static void complain(const std::string& what);

private:
    struct Arrival {
        unsigned count = 0;  // without RETAIN
        QoS qos = QoS::at_most_once;
        bool was_taken = true;    // the client acknowledged it, or is about to
        unsigned connection = 0;  // of the last one
        std::size_t deaths = 0;   // of the broker, before the last one
    };
    struct Client {
        std::vector<Period> periods;
        std::map<int, Arrival> arrivals;           // in the session of now
        std::map<std::string, int> last_in_order;  // publisher, topic and QoS: newest message
        unsigned connections = 0;
        Step doubtful_from = kNever;  // inbox_in_doubt
    };
    Client& at(int client) { return clients_[static_cast<std::size_t>(client)]; }
    static std::string describe(const SentMessage& message);
    // A second copy of it may be on its way.
    static bool has_copies(const SentMessage& message) {
        return message.was_resent && (message.qos == QoS::at_least_once || message.is_doubtful);
    }
    bool may_have_died_with_a_member(const SentMessage& sent, const std::string& group) const;
    void check_order(Client& client, int message, std::string_view topic, QoS qos);

    std::vector<Client> clients_;
    std::map<int, std::set<int>> everybody_;  // message: who has it
    std::uint64_t deliveries_ = 0;
    std::vector<Step> deaths_;  // of the broker
};

}  // namespace mqtt::sim
