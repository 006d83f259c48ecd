// What of a connection's output has to wait for the disk, in strict mode: positions in the stream of its
// bytes, each with the commit that opens it. Kept by Peer, opened by Journal.
#pragma once

#include <cstdint>
#include <deque>

namespace mqtt::broker {

class OutputGates {
public:
    // False: what waits for this commit, or a later one, begins further ahead already.
    bool add(std::uint64_t position, std::uint64_t commit) {
        if (!gates_.empty() && gates_.back().commit >= commit) return false;
        gates_.push_back({position, commit});
        return true;
    }
    // All up to this commit are open; false: none is left.
    bool open(std::uint64_t committed) {
        while (!gates_.empty() && gates_.front().commit <= committed)
            gates_.pop_front();
        return !gates_.empty();
    }
    std::uint64_t position() const { return gates_.front().position; }

private:
    struct Gate {
        std::uint64_t position;
        std::uint64_t commit;
    };
    std::deque<Gate> gates_;
};

}  // namespace mqtt::broker
