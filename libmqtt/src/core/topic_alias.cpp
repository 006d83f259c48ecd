// Topic aliases; see topic_alias.hpp.
#include "core/topic_alias.hpp"

#include <algorithm>
#include <functional>

namespace mqtt::core {

void InboundAliases::define(std::uint16_t alias, std::string_view topic) {
    if (topics_.size() < alias) topics_.resize(alias);
    topics_[alias - 1u].assign(topic);
}

std::string_view InboundAliases::find(std::uint16_t alias) const {
    return alias <= topics_.size() ? std::string_view(topics_[alias - 1u]) : std::string_view();
}

OutboundAliases::Choice OutboundAliases::choose(std::string_view topic) {
    if (topic.size() < kShortestTopic || maximum_ == 0) return {};
    if (slots_.empty()) slots_.resize(std::min(maximum_, kMaxSlots));
    constexpr std::uint8_t kMaxCredit = 8;
    const std::size_t hash = std::hash<std::string_view>{}(topic);
    const std::size_t index = hash % slots_.size();
    const auto alias = static_cast<std::uint16_t>(index + 1);
    Slot& slot = slots_[index];
    if (slot.topic == topic) {
        if (slot.credit < kMaxCredit) ++slot.credit;
        return {alias, true};
    }
    const auto candidate = static_cast<std::uint32_t>(hash >> 16) | 1u;
    if (slot.credit != 0) {
        --slot.credit;
        return {};
    }
    if (slot.candidate != candidate) {  // seen once: it has to come again
        slot.candidate = candidate;
        return {};
    }
    return {alias, false};
}

void OutboundAliases::sent(std::uint16_t alias, std::string_view topic) {
    Slot& slot = slots_[alias - 1u];
    slot.topic.assign(topic);
    slot.candidate = 0;
    slot.credit = 1;
}

}  // namespace mqtt::core
