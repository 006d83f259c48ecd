// A validating scanner over JSON text: finds where values end. Used by json*.cpp only.
#pragma once

#include <optional>
#include <string_view>

namespace tools {

class JsonScanner {
public:
    explicit JsonScanner(std::string_view text) : text_(text) {}

    // Skips blanks, then takes `c` if it is next.
    bool take(char c);
    // Skips blanks and one complete value. False: no valid value here (or nested too deeply).
    bool skip_value();
    // The text of the next value, without the blanks before it.
    std::optional<std::string_view> take_value();
    // Nothing but blanks is left.
    bool at_end();

private:
    void skip_blanks();
    bool skip_string();
    bool skip_number();
    bool skip_word(std::string_view word);
    bool skip_container(char open, char close);
    bool skip_digits();
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace tools
