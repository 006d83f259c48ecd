// Loss, duplicates and order of streams. A stream is what one subscriber gets of one publisher's
// topic, numbered from 0 in the order of sending. 16 bytes per stream while all is well; holes
// that leave the 64-message window are kept as ranges, up to a bound. Knows no clock, no socket.
// SharedCheck does the same for a shared subscription's members together, where order is undefined.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mqtt::bench {

struct CheckCounts {
    std::uint64_t received = 0;
    std::uint64_t duplicates = 0;          // seen before, without the DUP flag
    std::uint64_t flagged_duplicates = 0;  // seen before, marked DUP: allowed for QoS 1
    std::uint64_t reordered = 0;           // new, but after a later one
    std::uint64_t distinct() const { return received - duplicates - flagged_duplicates; }
    void add(const CheckCounts& other);
};

class StreamChecks {
public:
    // `from_first`: a stream starts with the first message seen (somebody else's publishers).
    explicit StreamChecks(bool from_first = false) : from_first_(from_first) {}

    // Adds `count` streams; returns the index of the first.
    std::uint32_t add_streams(std::uint32_t count);

    // What a message turned out to be.
    enum class Kind : std::uint8_t { in_order, after_gap, reordered, duplicate };
    Kind on_message(std::uint32_t stream, std::uint64_t sequence, bool dup_flag) {
        State& state = states_[stream];
        ++counts_.received;
        if (sequence == state.next && state.window == kAllSeen) {  // nearly always
            ++state.next;
            return Kind::in_order;
        }
        return on_unusual(stream, sequence, dup_flag);
    }

    const CheckCounts& counts() const { return counts_; }
    std::size_t size() const { return states_.size(); }
    // One more than the highest number seen; 0: none seen.
    std::uint64_t next_of(std::uint32_t stream) const { return states_[stream].next; }
    // Numbers below next_of() that never came.
    std::uint64_t missing_below_next(std::uint32_t stream) const;
    // Never came, out of `sent` messages of the stream, without those that are excused.
    std::uint64_t lost_of(std::uint32_t stream, std::uint64_t sent) const;

    // Numbers in [first, past) are not owed: they went while the subscriber was away, or nobody
    // knows whether the broker ever had them. They may come all the same.
    void excuse(std::uint32_t stream, std::uint64_t first, std::uint64_t past);
    std::uint64_t excused_of(std::uint32_t stream, std::uint64_t sent) const;
    // Begin again with the first message seen: the subscriber was away, the publishers are elsewhere.
    void restart(std::uint32_t stream);

    // Of holes and of excuses, of all streams together, 16 B each.
    static constexpr std::size_t kMaxRanges = 1'000'000;

private:
    static constexpr std::uint64_t kAllSeen = ~std::uint64_t{0};
    struct State {
        std::uint64_t next = 0;
        std::uint64_t window = 0;  // bit i: next - 1 - i was seen; 0: nothing seen yet
    };
    struct Holes {
        std::map<std::uint64_t, std::uint64_t> ranges;  // first missing -> one past the last
        std::uint64_t untracked = 0;                    // beyond kMaxRanges: only counted
    };
    Kind on_unusual(std::uint32_t stream, std::uint64_t sequence, bool dup_flag);
    Kind on_late(std::uint32_t stream, std::uint64_t sequence, bool dup_flag);
    void advance(std::uint32_t stream, std::uint64_t sequence);
    void add_hole(std::uint32_t stream, std::uint64_t first, std::uint64_t past);
    bool fill_hole(std::uint32_t stream, std::uint64_t sequence);
    std::uint64_t missing_in(std::uint32_t stream, std::uint64_t first, std::uint64_t past) const;

    using Range = std::pair<std::uint64_t, std::uint64_t>;  // first, one past the last
    struct Excuses {
        std::vector<Range> ranges;
        std::uint64_t settled = 0;  // of ranges beyond kMaxRanges: missing when they were dropped
    };
    void settle_oldest(std::uint32_t stream, Excuses& excuses);
    std::vector<State> states_;
    std::unordered_map<std::uint32_t, Holes> holes_;
    std::unordered_map<std::uint32_t, Excuses> excused_;
    std::size_t ranges_ = 0;
    std::size_t excused_ranges_ = 0;
    CheckCounts counts_;
    bool from_first_;
};

// One bit per message and publisher, merged over the workers that hold the group's members.
class SharedCheck {
public:
    void on_message(std::uint32_t stream, std::uint64_t sequence, bool dup_flag);
    void merge(const SharedCheck& other);  // counts what both have as duplicates
    std::uint64_t distinct_of(std::uint32_t stream) const;
    bool has(std::uint32_t stream, std::uint64_t sequence) const;
    const CheckCounts& counts() const { return counts_; }
    // To carry it to another process: bits by stream.
    const std::vector<std::vector<std::uint64_t>>& seen() const { return seen_; }
    void restore(const CheckCounts& counts) { counts_ = counts; }
    void restore(std::uint32_t stream, std::vector<std::uint64_t> bits);

    // Sequence numbers above this are counted but not kept (128 MiB of bits per publisher).
    static constexpr std::uint64_t kMaxSequence = std::uint64_t{1} << 30;

private:
    std::vector<std::vector<std::uint64_t>> seen_;  // per stream
    CheckCounts counts_;
};

}  // namespace mqtt::bench
