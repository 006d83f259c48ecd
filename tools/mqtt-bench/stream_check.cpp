// The rare cases of stream checking: gaps, late messages, duplicates; and shared groups.
#include "mqtt-bench/stream_check.hpp"

#include <algorithm>
#include <bit>
#include <iterator>

namespace mqtt::bench {

void CheckCounts::add(const CheckCounts& other) {
    received += other.received;
    duplicates += other.duplicates;
    flagged_duplicates += other.flagged_duplicates;
    reordered += other.reordered;
}

std::uint32_t StreamChecks::add_streams(std::uint32_t count) {
    const auto first = static_cast<std::uint32_t>(states_.size());
    states_.resize(states_.size() + count);
    return first;
}

StreamChecks::Kind StreamChecks::on_unusual(std::uint32_t stream, std::uint64_t sequence,
                                            bool dup_flag) {
    State& state = states_[stream];
    if (state.window == 0) {
        // What lies before the start counts as seen.
        state.window = kAllSeen;
        if (from_first_) state.next = sequence;
    }
    if (sequence < state.next) return on_late(stream, sequence, dup_flag);
    const bool gap = sequence > state.next;
    advance(stream, sequence);
    return gap ? Kind::after_gap : Kind::in_order;
}

void StreamChecks::advance(std::uint32_t stream, std::uint64_t sequence) {
    State& state = states_[stream];
    const std::uint64_t shift = sequence - state.next + 1;
    // Unseen numbers that leave the window become holes, oldest first.
    const int leaving = static_cast<int>(std::min<std::uint64_t>(shift, 64));
    for (int i = 63; i > 63 - leaving; --i) {
        if ((state.window >> i & 1) != 0) continue;
        const std::uint64_t missing = state.next - 1 - static_cast<std::uint64_t>(i);
        add_hole(stream, missing, missing + 1);
    }
    if (shift > 64) add_hole(stream, state.next, sequence - 63);
    state.window = (shift < 64 ? state.window << shift : 0) | 1;
    state.next = sequence + 1;
}

StreamChecks::Kind StreamChecks::on_late(std::uint32_t stream, std::uint64_t sequence,
                                         bool dup_flag) {
    State& state = states_[stream];
    const std::uint64_t age = state.next - 1 - sequence;
    bool is_new = false;
    if (age < 64) {
        const std::uint64_t bit = std::uint64_t{1} << age;
        is_new = (state.window & bit) == 0;
        state.window |= bit;
    } else {
        is_new = fill_hole(stream, sequence);
    }
    if (is_new) {
        ++counts_.reordered;
        return Kind::reordered;
    }
    ++(dup_flag ? counts_.flagged_duplicates : counts_.duplicates);
    return Kind::duplicate;
}

void StreamChecks::add_hole(std::uint32_t stream, std::uint64_t first, std::uint64_t past) {
    Holes& holes = holes_[stream];
    if (!holes.ranges.empty()) {
        auto& [last_first, last_past] = *holes.ranges.rbegin();
        if (last_past == first) {
            last_past = past;
            return;
        }
    }
    if (ranges_ == kMaxRanges) {
        holes.untracked += past - first;
        return;
    }
    holes.ranges.emplace(first, past);
    ++ranges_;
}

bool StreamChecks::fill_hole(std::uint32_t stream, std::uint64_t sequence) {
    const auto entry = holes_.find(stream);
    if (entry == holes_.end()) return false;
    Holes& holes = entry->second;
    auto range = holes.ranges.upper_bound(sequence);
    if (range == holes.ranges.begin() || (--range)->second <= sequence) {
        // Possibly one of those that were only counted: believe in lateness rather than in loss.
        if (holes.untracked == 0) return false;
        --holes.untracked;
        return true;
    }
    const auto [first, past] = *range;
    holes.ranges.erase(range);
    --ranges_;
    if (first < sequence) {
        holes.ranges.emplace(first, sequence);
        ++ranges_;
    }
    if (sequence + 1 < past) {
        holes.ranges.emplace(sequence + 1, past);
        ++ranges_;
    }
    return true;
}

std::uint64_t StreamChecks::missing_below_next(std::uint32_t stream) const {
    const State& state = states_[stream];
    auto missing = state.window == 0 ? 0 : static_cast<std::uint64_t>(std::popcount(~state.window));
    const auto entry = holes_.find(stream);
    if (entry == holes_.end()) return missing;
    for (const auto& [first, past] : entry->second.ranges)
        missing += past - first;
    return missing + entry->second.untracked;
}

std::uint64_t StreamChecks::missing_in(std::uint32_t stream, std::uint64_t first,
                                       std::uint64_t past) const {
    const State& state = states_[stream];
    std::uint64_t missing = 0;
    const auto overlap = [&](std::uint64_t from, std::uint64_t to) {
        const std::uint64_t low = std::max(from, first);
        const std::uint64_t high = std::min(to, past);
        return high > low ? high - low : 0;
    };
    if (state.window == 0) return overlap(0, ~std::uint64_t{0});
    missing += overlap(state.next, ~std::uint64_t{0});
    for (std::uint64_t age = 0; age < 64 && age < state.next; ++age) {
        const std::uint64_t number = state.next - 1 - age;
        if ((state.window >> age & 1) == 0) missing += overlap(number, number + 1);
    }
    const auto entry = holes_.find(stream);
    if (entry == holes_.end()) return missing;
    const auto& holes = entry->second.ranges;
    auto hole = holes.upper_bound(first);
    if (hole != holes.begin()) --hole;
    for (; hole != holes.end() && hole->first < past; ++hole)
        missing += overlap(hole->first, hole->second);
    return missing;
}

void StreamChecks::excuse(std::uint32_t stream, std::uint64_t first, std::uint64_t past) {
    if (first >= past) return;
    Excuses& excuses = excused_[stream];
    std::vector<Range>& ranges = excuses.ranges;
    const std::size_t before = ranges.size();
    // Kept sorted and apart: ranges come nearly always at the end.
    auto at = std::lower_bound(ranges.begin(), ranges.end(), Range{first, 0});
    if (at != ranges.begin() && std::prev(at)->second >= first) {
        --at;
        at->second = std::max(at->second, past);
    } else {
        at = ranges.insert(at, {first, past});
    }
    auto next = std::next(at);
    while (next != ranges.end() && next->first <= at->second) {
        at->second = std::max(at->second, next->second);
        next = ranges.erase(next);
        at = std::prev(next);
    }
    excused_ranges_ += ranges.size() - before;
    if (excused_ranges_ > kMaxRanges) settle_oldest(stream, excuses);
}

// Nothing of so old an outage is expected any more.
void StreamChecks::settle_oldest(std::uint32_t stream, Excuses& excuses) {
    const auto [first, past] = excuses.ranges.front();
    if (past > states_[stream].next) return;  // it is not over
    excuses.settled += missing_in(stream, first, past);
    excuses.ranges.erase(excuses.ranges.begin());
    --excused_ranges_;
}

std::uint64_t StreamChecks::excused_of(std::uint32_t stream, std::uint64_t sent) const {
    const auto entry = excused_.find(stream);
    if (entry == excused_.end()) return 0;
    std::uint64_t excused = entry->second.settled;
    for (const auto& [first, past] : entry->second.ranges)
        excused += missing_in(stream, first, std::min(past, sent));
    return excused;
}

void StreamChecks::restart(std::uint32_t stream) {
    State& state = states_[stream];
    if (state.window == 0) return;
    // What is missing so far stays missing.
    for (int i = 63; i >= 0; --i) {
        if ((state.window >> i & 1) != 0) continue;
        const std::uint64_t missing = state.next - 1 - static_cast<std::uint64_t>(i);
        add_hole(stream, missing, missing + 1);
    }
    state.window = 0;
}

std::uint64_t StreamChecks::lost_of(std::uint32_t stream, std::uint64_t sent) const {
    const std::uint64_t next = states_[stream].next;
    const std::uint64_t missing = missing_below_next(stream) + (sent > next ? sent - next : 0);
    return missing - std::min(missing, excused_of(stream, sent));
}

void SharedCheck::on_message(std::uint32_t stream, std::uint64_t sequence, bool dup_flag) {
    ++counts_.received;
    if (sequence >= kMaxSequence) return;
    if (stream >= seen_.size()) seen_.resize(stream + 1);
    std::vector<std::uint64_t>& bits = seen_[stream];
    const std::size_t word = sequence / 64;
    if (word >= bits.size()) bits.resize(std::max(word + 1, bits.size() * 2));
    const std::uint64_t bit = std::uint64_t{1} << (sequence % 64);
    if ((bits[word] & bit) != 0) {
        ++(dup_flag ? counts_.flagged_duplicates : counts_.duplicates);
    }
    bits[word] |= bit;
}

void SharedCheck::merge(const SharedCheck& other) {
    counts_.add(other.counts_);
    if (seen_.size() < other.seen_.size()) seen_.resize(other.seen_.size());
    for (std::size_t s = 0; s < other.seen_.size(); ++s) {
        const auto& from = other.seen_[s];
        if (seen_[s].size() < from.size()) seen_[s].resize(from.size());
        for (std::size_t w = 0; w < from.size(); ++w) {
            counts_.duplicates += static_cast<std::uint64_t>(std::popcount(seen_[s][w] & from[w]));
            seen_[s][w] |= from[w];
        }
    }
}

void SharedCheck::restore(std::uint32_t stream, std::vector<std::uint64_t> bits) {
    if (stream >= seen_.size()) seen_.resize(stream + 1);
    seen_[stream] = std::move(bits);
}

bool SharedCheck::has(std::uint32_t stream, std::uint64_t sequence) const {
    if (stream >= seen_.size() || sequence / 64 >= seen_[stream].size()) return false;
    return (seen_[stream][sequence / 64] >> (sequence % 64) & 1) != 0;
}

std::uint64_t SharedCheck::distinct_of(std::uint32_t stream) const {
    if (stream >= seen_.size()) return 0;
    std::uint64_t distinct = 0;
    for (const std::uint64_t word : seen_[stream]) {
        distinct += static_cast<std::uint64_t>(std::popcount(word));
    }
    return distinct;
}

}  // namespace mqtt::bench
