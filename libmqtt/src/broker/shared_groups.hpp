// Shared subscriptions: a group (share name and filter) is one subscriber of the tree; each message
// goes to one of its members, in turn, passing over those that cannot take it now.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/topic_tree.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

class SharedGroup;
struct Session;

// One session in one group.
struct Membership {
    SharedGroup* group = nullptr;
    Session* session = nullptr;
    Membership* next_of_session = nullptr;
    std::size_t index = 0;  // in the group
    std::uint32_t id = 0;   // Subscription Identifier; 0: none
    SubscriptionOptions options;
};

// How well a member can take a message at this moment.
enum class Readiness : std::uint8_t {
    ready,    // at once
    busy,     // connected, but would have to queue it
    away,     // not connected; its session keeps the message
    cannot,   // would lose it
};

class SharedGroup final : public Subscriber {
public:
    explicit SharedGroup(std::string key) : Subscriber(SubscriberKind::group), key_(std::move(key)) {}

    const std::string& key() const { return key_; }
    bool empty() const { return members_.empty(); }
    std::size_t size() const { return members_.size(); }

    // The next member in turn, the readiest there is; null: nobody. `readiness(const Membership&)`.
    template <class F>
    Membership* pick(F&& readiness);

private:
    friend class SharedGroups;
    std::string key_;  // "name/filter"
    std::vector<std::unique_ptr<Membership>> members_;
    std::size_t turn_ = 0;
};

// All groups of a shard.
class SharedGroups {
public:
    SharedGroup* find(std::string_view share_name, std::string_view filter) const;
    // The group, made when it is new.
    SharedGroup& get(std::string_view share_name, std::string_view filter);
    void erase(const SharedGroup& group);  // it is empty

    static Membership* find(const SharedGroup& group, const Session& session);
    static Membership& join(SharedGroup& group, Session& session);
    static void leave(Membership& membership);  // destroys it

    std::size_t count() const { return groups_.size(); }

private:
    std::unordered_map<std::string, std::unique_ptr<SharedGroup>> groups_;
};

template <class F>
Membership* SharedGroup::pick(F&& readiness) {
    Membership* best = nullptr;
    Readiness best_is = Readiness::cannot;
    std::size_t at = turn_;
    for (std::size_t n = 0; n < members_.size() && best_is != Readiness::ready; ++n) {
        if (at >= members_.size()) at = 0;
        Membership& member = *members_[at++];
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
