// Turns the next picture of a screen into the bytes that change the last one into it: only lines that
// differ are written. Used by live_top. Knows no terminal but its escape sequences.
#pragma once

#include <string>
#include <vector>

namespace mqtt_sub {

// One string per line, at most as wide as the screen, styles (SGR) as escape sequences inside and
// ended on the line.
using Frame = std::vector<std::string>;

class FrameDiff {
public:
    // Everything is written the next time: the screen was cleared, or has another size.
    void forget() { last_.clear(); }
    // Appends what turns the screen into `next`.
    void append(std::string& out, const Frame& next);

private:
    Frame last_;
};

}  // namespace mqtt_sub
