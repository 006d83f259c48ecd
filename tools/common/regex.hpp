// Regular expressions whose search takes time in proportion to the text, whatever pattern and text
// are: no backtracking, no recursion over the text. Used by expression and mqtt-sub --grep.
//
// The syntax is the common part of the usual engines: . [a-z] [^...] * + ? {m,n} | ( ) (?: ) ^ $
// \d \w \s \D \W \S \b \B \n \r \t \xHH, a backslash before punctuation, and (?i) (?m) (?s) at the
// start. No back references, no look-around. Text is UTF-8; a byte that is none matches . and
// negated classes. \d \w \s, \b and (?i) know ASCII. $ is the end of the text, with (?m) of a line.
#pragma once

#include <memory>
#include <string_view>

namespace tools {

class Regex {
public:
    // Throws std::invalid_argument with a sentence that names the column: not a pattern, or one of
    // more than about 10,000 states.
    explicit Regex(std::string_view pattern);
    ~Regex();
    Regex(Regex&&) noexcept;
    Regex& operator=(Regex&&) noexcept;

    // True when the pattern matches anywhere in the text. Keeps what it learned about the pattern
    // (bounded), so one thread at a time.
    bool search(std::string_view text) const;

private:
    class Matcher;
    std::unique_ptr<Matcher> matcher_;
};

}  // namespace tools
