// Acknowledgements held back because an earlier one is not decided yet: PUBACK and PUBREC leave in
// the order of their PUBLISH. Used by Exchange, of one connection; knows no output.
#pragma once

#include <cstdint>
#include <vector>

#include "mqtt/packet.hpp"

namespace mqtt::core {

class AckQueue {
public:
    struct Entry {
        PacketId id = 0;
        PacketType type = PacketType::puback;  // or pubrec
        ReasonCode reason = ReasonCode::success;
        bool ready = false;
        std::string_view text = {};  // static
    };

    bool empty() const { return head_ == entries_.size(); }
    void push(const Entry& entry) { entries_.push_back(entry); }
    // The oldest undecided entry with `id`; null: none.
    Entry* find_undecided(PacketId id);
    // Whether an acknowledgement of this kind has not left yet.
    bool contains(PacketType type, PacketId id) const;
    // Hands out, in order, what no undecided entry holds back any more.
    bool pop_ready(Entry& out);
    void clear() noexcept {
        entries_.clear();
        head_ = 0;
    }

private:
    std::vector<Entry> entries_;
    std::size_t head_ = 0;
};

}  // namespace mqtt::core
