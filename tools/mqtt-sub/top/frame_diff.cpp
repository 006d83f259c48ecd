// See frame_diff.hpp.
#include "mqtt-sub/top/frame_diff.hpp"

namespace mqtt_sub {

void FrameDiff::append(std::string& out, const Frame& next) {
    if (last_.size() != next.size()) {
        last_.clear();
        out += "\x1b[H\x1b[2J";
    }
    for (std::size_t i = 0; i < next.size(); ++i) {
        if (i < last_.size() && last_[i] == next[i]) continue;
        if (last_.empty() && next[i].empty()) continue;
        // Erasing comes first: behind a full line it would take the last character.
        out += "\x1b[" + std::to_string(i + 1) + ";1H\x1b[K";
        out += next[i];
    }
    last_ = next;
}

}  // namespace mqtt_sub
