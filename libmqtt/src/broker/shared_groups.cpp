// Making and dissolving groups, joining and leaving.
#include "broker/shared_groups.hpp"

#include "base/assert.hpp"

namespace mqtt::broker {

Member* SharedGroup::find(std::uint64_t session_number) const {
    for (const auto& member : members_) {
        if (member->number == session_number) return member.get();
    }
    return nullptr;
}

Member& SharedGroup::join(std::uint64_t session_number) {
    auto member = std::make_unique<Member>();
    member->group = this;
    member->number = session_number;
    member->index = members_.size();
    members_.push_back(std::move(member));
    return *members_.back();
}

void SharedGroup::leave(Member& member) {
    const std::size_t index = member.index;
    if (index + 1 != members_.size()) {
        members_[index].swap(members_.back());
        members_[index]->index = index;
    }
    members_.pop_back();
}

SharedGroup* SharedGroups::find(std::string_view key) const {
    const auto it = groups_.find(std::string(key));
    return it == groups_.end() ? nullptr : it->second.get();
}

SharedGroup& SharedGroups::get(std::string_view key) {
    auto& group = groups_[std::string(key)];
    if (!group) group = std::make_unique<SharedGroup>(std::string(key));
    return *group;
}

void SharedGroups::erase(const SharedGroup& group) {
    MQTT_ASSERT(group.empty());
    groups_.erase(std::string(group.key()));
}

}  // namespace mqtt::broker
