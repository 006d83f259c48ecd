// What was meant by a word that is not known: options, commands, keys of files. Used by whoever refuses it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tools {

// Slips of the fingers that make one word of the other: a letter more, less or another, or two
// neighbours exchanged.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The known word that is nearest; empty: none is near enough to be meant.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known);

// "; did you mean 'topic'?" with `mark` before the word ("--"), or nothing.
std::string suggestion(std::string_view word, std::span<const std::string_view> known,
                       std::string_view mark = {});

}  // namespace tools
