// Shared subscriptions: a group (share name and filter) is one subscriber of the tree; each message
// goes to one of its members, in turn, passing over those that cannot take it now. A group lives on
// one shard, its owner, whatever shards its members are at home on; subscriptions.cpp connects
// both.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/session.hpp"
#include "broker/topic_tree.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

class SharedGroup;

// "$share/name/filter" to "name/filter".
inline std::string_view group_key(std::string_view shared_filter) {
    return shared_filter.substr(std::string_view("$share/").size());
}

// How well a member can take a message at this moment; the first are preferred.
enum class Readiness : std::uint8_t {
    ready,   // at once
    busy,    // connected, but would have to queue it
    away,    // not connected; its session keeps the message
    full,    // what becomes of it is for the overflow policy to say
    cannot,  // would lose it
};

// A group's side of a shared subscription, on the owner shard.
struct Member {
    SharedGroup* group = nullptr;
    Session* session = nullptr;  // when it is at home on this shard
    std::uint64_t number = 0;    // of the session
    unsigned shard = 0;          // where the session is at home
    std::size_t index = 0;       // in the group
    std::uint32_t id = 0;        // Subscription Identifier; 0: none
    SubscriptionOptions options;
    std::uint32_t tag = 0;              // of its Membership
    Readiness told = Readiness::ready;  // as its home said last; unused when that is this shard
    // Whose rights count, where they are checked and its home is another shard.
    std::string client_id;
    std::unique_ptr<Identity> identity;
};

// A session's side, on its home shard.
struct Membership {
    Session* session = nullptr;
    Membership* next_of_session = nullptr;
    std::string filter;  // with "$share/"
    unsigned owner = 0;
    std::uint32_t tag = 0;              // marks its messages; unique on its shard, never 0
    Readiness told = Readiness::ready;  // to the owner, when that is another shard
};

class SharedGroup final : public Subscriber {
public:
    explicit SharedGroup(std::string key)
        : Subscriber(SubscriberKind::group)
        , key_(std::move(key)) {}

    const std::string& key() const { return key_; }
    bool empty() const { return members_.empty(); }
    std::size_t size() const { return members_.size(); }

    Member* find(std::uint64_t session_number) const;
    Member& join(std::uint64_t session_number);
    void leave(Member& member);  // destroys it

    // The next member in turn, the readiest there is; null: nobody. `readiness(const Member&)`.
    template <class F>
    Member* pick(F&& readiness);
    template <class F>
    bool any(F&& is) const {
        return std::ranges::any_of(members_, [&](const auto& member) { return is(*member); });
    }

private:
    std::string key_;  // "name/filter"
    std::vector<std::unique_ptr<Member>> members_;
    std::size_t turn_ = 0;
};

// The groups that a shard owns.
class SharedGroups {
public:
    SharedGroup* find(std::string_view key) const;
    SharedGroup& get(std::string_view key);  // made when it is new
    void erase(const SharedGroup& group);    // it is empty
    std::size_t count() const { return groups_.size(); }

private:
    std::unordered_map<std::string, std::unique_ptr<SharedGroup>> groups_;
};

template <class F>
Member* SharedGroup::pick(F&& readiness) {
    Member* best = nullptr;
    Readiness best_is = Readiness::cannot;
    std::size_t at = turn_;
    for (std::size_t n = 0; n < members_.size() && (!best || best_is != Readiness::ready); ++n) {
        if (at >= members_.size()) at = 0;
        Member& member = *members_[at++];
        const Readiness is = readiness(member);
        if (is < best_is) {
            best = &member;
            best_is = is;
        }
    }
    if (best != nullptr) turn_ = best->index + 1;
    return best;
}

}  // namespace mqtt::broker
