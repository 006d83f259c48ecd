// A terminal in memory, as far as full-screen views use one: cursor moves, erasing, text in UTF-8; styles
// are ignored. Anything else that begins with ESC fails the test.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/safe_text.hpp"

class VirtualTerminal {
public:
    VirtualTerminal(std::size_t width, std::size_t height) : width_(width) {
        cells_.resize(height, std::vector<std::string>(width, " "));
    }

    void write(std::string_view bytes) {
        written_ += bytes.size();
        while (!bytes.empty()) {
            if (bytes[0] == '\x1b') {
                bytes.remove_prefix(sequence(bytes));
                continue;
            }
            std::size_t n = 1;
            while (n < bytes.size() && (static_cast<unsigned char>(bytes[n]) & 0xC0) == 0x80)
                ++n;
            put(bytes.substr(0, n));
            bytes.remove_prefix(n);
        }
    }

    // A line without the blanks at its end.
    std::string line(std::size_t row) const {
        std::string text;
        for (const std::string& cell : cells_[row])
            text += cell;
        return text.substr(0, text.find_last_not_of(' ') + 1);
    }
    std::size_t written() const { return written_; }

private:
    std::size_t sequence(std::string_view bytes) {
        REQUIRE(bytes.size() > 2);
        REQUIRE(bytes[1] == '[');
        std::size_t end = 2;
        while (end < bytes.size() && (bytes[end] < '@' || bytes[end] > '~'))
            ++end;
        REQUIRE(end < bytes.size());
        const std::string arguments(bytes.substr(2, end - 2));
        switch (bytes[end]) {
        case 'm': break;
        case 'H': {
            const std::size_t semicolon = arguments.find(';');
            row_ = arguments.empty() ? 0 : std::stoul(arguments) - 1;
            column_ = semicolon == std::string::npos
                          ? 0
                          : std::stoul(arguments.substr(semicolon + 1)) - 1;
            REQUIRE(row_ < cells_.size());
            break;
        }
        case 'J':
            REQUIRE(arguments == "2");
            cells_.assign(cells_.size(), blank_line());
            break;
        case 'K':
            for (std::size_t i = column_; i < width_; ++i)
                cells_[row_][i] = " ";
            break;
        default: FAIL("unknown sequence ESC [ ", arguments, bytes[end]);
        }
        return end + 1;
    }
    std::vector<std::string> blank_line() const { return std::vector<std::string>(width_, " "); }

    void put(std::string_view character) {
        REQUIRE(static_cast<unsigned char>(character[0]) >= 0x20);
        const std::size_t columns = tools::columns_of(character);
        if (columns == 0) return;
        REQUIRE_MESSAGE(column_ + columns <= width_, "written beyond the right edge");
        cells_[row_][column_] = character;
        if (columns == 2) cells_[row_][column_ + 1] = "";
        column_ += columns;
    }

    std::size_t width_;
    std::size_t row_ = 0, column_ = 0;
    std::size_t written_ = 0;
    std::vector<std::vector<std::string>> cells_;
};
