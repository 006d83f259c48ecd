// The argument forms that are mosquitto's own: for our names they are turned into ones that CLI11 reads, for mosquitto's
// they are read as its clients do. It knows how many words each option takes and nothing of their meaning.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/flags.hpp"

namespace tools {

// For our names. -D takes 3 words, or 4 for a user-property: a missing fourth is filled in as an empty word. Words
// are taken blindly, as mosquitto does. `--long=` keeps its empty value (as a word of its own), and
// a bare word that is a URL becomes `--url WORD`. An argument in brackets ("[PORT]") that is missing
// becomes an empty word. -D takes NAME=VALUE, too. Throws UsageError when -D lacks words.
std::vector<std::string> normalise_argv(std::span<const std::string> words,
                                        std::span<const Flag* const> flags);

// For mosquitto's names, as its clients read: word by word, up to --help, --version or the first fault, which is told
// only when the words before it are right. Numbers are read as atoi() does, and short options are never joined, nor
// long ones with their value.
std::vector<FlagUse> read_mosquitto_words(std::span<const std::string> words,
                                          std::span<const Flag* const> flags, Persona persona,
                                          std::string& fault);

std::string lower_case(std::string text);

// The four words of "NAME=VALUE" or "user-property=NAME=VALUE": no packet is said, its word is empty.
// Throws UsageError.
std::vector<std::string> short_property_words(const std::string& text);

// The row that a word names ("-t", "--topic"), or nullptr. `-q1` and `--port=1883` are recognised;
// `joined` then says that the value is part of the word.
const Flag* find_flag(std::string_view word, std::span<const Flag* const> flags, Persona persona,
                      bool& joined);

}  // namespace tools
