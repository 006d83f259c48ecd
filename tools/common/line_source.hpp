// Standard input or a file cut into lines: blocks read in large pieces, handed out as views, one by one or all that
// are there. A block is written to again when nobody but the source holds it, so that lines can be kept without
// copying them. Used by mqtt-pub and record_file. On standard input it never blocks when the descriptor is not
// ready, because it is then not read.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "mqtt/types.hpp"

namespace tools {

class LineSource {
public:
    LineSource(int descriptor, char delimiter);

    // The next complete line without its delimiter, valid until take(); the last line of the input may
    // lack the delimiter. nullopt: fill() first, or the end.
    std::optional<std::string_view> peek();
    void take();  // moves past the peeked line

    // Instead of peek() and take(): complete lines that are there, any number; none: fill() first, or the end.
    // Valid until the next call, their bytes until fill(), or as long as owner() of now is held.
    std::span<const mqtt::Bytes> peek_some();
    std::shared_ptr<const void> owner() const { return block_; }
    void take_some(std::size_t lines);  // the first ones of peek_some()

    // Reads once. False: the input has ended or failed (then peek() gives the rest).
    bool fill();
    bool has_ended() const { return ended_; }
    int errno_value() const { return errno_; }
    int descriptor() const { return descriptor_; }

private:
    struct Block {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0;
    };
    const char* at(std::size_t position) const { return block_->bytes.get() + position; }
    void find_lines();
    void make_room();
    std::shared_ptr<Block> free_block(std::size_t size);

    std::vector<std::shared_ptr<Block>> blocks_;  // all of them, to be used again
    std::shared_ptr<Block> block_;                // the one that is read into; none before fill()
    std::size_t begin_ = 0;                       // first byte not taken
    std::size_t scanned_ = 0;                     // no delimiter before this, from begin_ on
    std::size_t end_ = 0;
    std::size_t line_end_ = 0;  // of the peeked line
    bool has_line_ = false;
    std::vector<mqtt::Bytes> lines_;  // found by peek_some()
    std::size_t lines_taken_ = 0;     // of those
    bool ended_ = false;
    int errno_ = 0;
    int descriptor_;
    char delimiter_;
};

}  // namespace tools
