// Making and dissolving groups, joining and leaving.
#include "broker/shared_groups.hpp"

#include "base/assert.hpp"
#include "broker/session.hpp"

namespace mqtt::broker {
namespace {

std::string key_of(std::string_view share_name, std::string_view filter) {
    std::string key(share_name);
    key += '/';
    key += filter;
    return key;
}

}  // namespace

SharedGroup* SharedGroups::find(std::string_view share_name, std::string_view filter) const {
    const auto it = groups_.find(key_of(share_name, filter));
    return it == groups_.end() ? nullptr : it->second.get();
}

SharedGroup& SharedGroups::get(std::string_view share_name, std::string_view filter) {
    std::string key = key_of(share_name, filter);
    auto& group = groups_[key];
    if (!group) group = std::make_unique<SharedGroup>(std::move(key));
    return *group;
}

void SharedGroups::erase(const SharedGroup& group) {
    MQTT_ASSERT(group.empty());
    groups_.erase(std::string(group.key()));
}

Membership* SharedGroups::find(const SharedGroup& group, const Session& session) {
    for (Membership* m = session.memberships; m != nullptr; m = m->next_of_session) {
        if (m->group == &group) return m;
    }
    return nullptr;
}

Membership& SharedGroups::join(SharedGroup& group, Session& session) {
    auto member = std::make_unique<Membership>();
    member->group = &group;
    member->session = &session;
    member->next_of_session = session.memberships;
    member->index = group.members_.size();
    session.memberships = member.get();
    group.members_.push_back(std::move(member));
    return *group.members_.back();
}

void SharedGroups::leave(Membership& membership) {
    Membership** link = &membership.session->memberships;
    while (*link != &membership) link = &(*link)->next_of_session;
    *link = membership.next_of_session;
    auto& members = membership.group->members_;
    const std::size_t index = membership.index;
    if (index + 1 != members.size()) {
        members[index].swap(members.back());
        members[index]->index = index;
    }
    members.pop_back();
}

}  // namespace mqtt::broker
