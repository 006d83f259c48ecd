// The sessions of one shard: found by client id, kept while their client is away, ended by expiry.
#pragma once

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "broker/hash_set.hpp"
#include "broker/session.hpp"

namespace mqtt::broker {

class Sessions {
public:
    explicit Sessions(Shard& shard) : shard_(shard) {}
    ~Sessions();

    Session* find(std::string_view client_id) const;
    // Only those that number() was called for: members of shared groups.
    Session* find(std::uint64_t number) const;
    void number(Session& session) { numbered_[session.number] = &session; }
    void forget_number(const Session& session) { numbered_.erase(session.number); }
    Session& create(std::string_view client_id);
    // As it was before a restart: `number` too.
    Session& restore(std::string_view client_id, std::uint64_t number);
    // New ones are numbered after this one, which may have been another shard's.
    void continue_after(std::uint64_t number) {
        next_number_ = std::max(next_number_, (number >> 8) + 1);
    }

    // The connection is gone: sends the will now or later, keeps or ends the session.
    // [MQTT-3.1.2-8] [MQTT-3.1.3-9]
    void went_away(Session& session, bool with_will);
    // The client is back, its peer not yet set: deadlines are off; a delayed will is not sent any
    // more [MQTT-3.1.3-9].
    static void came_back(Session& session);
    // Ends it at once; a will that waits for its delay is sent first [MQTT-3.1.2-8]. The object is
    // destroyed when the turn ends.
    void end(Session& session);
    void on_absence(Session& session, TimePoint now);

    template <class F>
    void for_each(F&& f) const {
        sessions_.for_each(f);
    }
    std::size_t count() const { return sessions_.count(); }

private:
    void publish_will(Session& session);
    void release_entries(Session& session);

    Shard& shard_;
    HashSet<Session> sessions_;
    std::unordered_map<std::uint64_t, Session*> numbered_;
    std::uint64_t next_number_ = 1;
};

// Where a client id belongs.
std::uint64_t client_hash(std::string_view client_id);

}  // namespace mqtt::broker
