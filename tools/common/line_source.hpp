// Standard input or a file cut into lines: a buffer read in large pieces, handed out as views.
// Used by mqtt-pub and record_file. On standard input it never blocks when the descriptor is not ready, because it is then not read.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace tools {

class LineSource {
public:
    LineSource(int descriptor, char delimiter);

    // The next complete line without its delimiter, valid until take(); the last line of the input may
    // lack the delimiter. nullopt: fill() first, or the end.
    std::optional<std::string_view> peek();
    void take();  // moves past the peeked line

    // Reads once. False: the input has ended or failed (then peek() gives the rest).
    bool fill();
    bool has_ended() const { return ended_; }
    int errno_value() const { return errno_; }
    int descriptor() const { return descriptor_; }

private:
    void make_room();

    std::vector<char> buffer_;
    std::size_t begin_ = 0;    // first byte not taken
    std::size_t scanned_ = 0;  // no delimiter before this
    std::size_t end_ = 0;
    std::size_t line_end_ = 0;  // of the peeked line
    bool has_line_ = false;
    bool ended_ = false;
    int errno_ = 0;
    int descriptor_;
    char delimiter_;
};

}  // namespace tools
