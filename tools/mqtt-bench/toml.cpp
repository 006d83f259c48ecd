// A line-aware scanner over the whole text.
#include "mqtt-bench/toml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mqtt::bench {
namespace {

bool is_bare(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

class Reader {
public:
    Reader(std::string name, std::string_view text) : text_(text) {
        file_.name = std::move(name);
        file_.tables.push_back({.line = 1});
    }

    TomlFile read() {
        for (skip_lines(); !is_end(); skip_lines()) {
            if (peek() == '[') {
                read_table();
            } else {
                read_entry();
            }
            end_line();
        }
        return std::move(file_);
    }

private:
    bool is_end() const { return at_ == text_.size(); }
    char peek() const { return is_end() ? '\0' : text_[at_]; }
    char take() {
        if (text_[at_] == '\n') ++line_;
        return text_[at_++];
    }
    [[noreturn]] void fail(std::string_view what) const { throw TomlError(file_, line_, what); }

    void skip_blanks() {
        while (peek() == ' ' || peek() == '\t')
            ++at_;
    }
    void skip_comment() {
        if (peek() != '#') return;
        while (!is_end() && peek() != '\n')
            ++at_;
    }
    void skip_lines() {
        for (;;) {
            skip_blanks();
            skip_comment();
            if (peek() == '\r' || peek() == '\n') {
                take();
            } else {
                return;
            }
        }
    }
    void end_line() {
        skip_blanks();
        skip_comment();
        if (peek() == '\r') ++at_;
        if (is_end()) return;
        if (peek() != '\n') fail(fmt::format("'{}' is not expected here", rest_of_line()));
        take();
    }
    std::string rest_of_line() const {
        const auto end = std::min(text_.find('\n', at_), text_.size());
        return std::string(text_.substr(at_, std::min<std::size_t>(end - at_, 40)));
    }

    std::string read_key() {
        std::string key;
        for (;;) {
            skip_blanks();
            if (peek() == '"' || peek() == '\'') {
                key += read_string();
            } else {
                const std::size_t start = at_;
                while (is_bare(peek()))
                    ++at_;
                if (at_ == start) fail(fmt::format("a key is expected, not '{}'", rest_of_line()));
                key += text_.substr(start, at_ - start);
            }
            skip_blanks();
            if (peek() != '.') return key;
            ++at_;
            key += '.';
        }
    }

    void read_table() {
        ++at_;
        const bool repeats = peek() == '[';
        if (repeats) ++at_;
        TomlTable table{.name = read_key(), .repeats = repeats, .line = line_};
        for (int i = repeats ? 2 : 1; i > 0; --i) {
            if (peek() != ']') fail(repeats ? "']]' is missing" : "']' is missing");
            ++at_;
        }
        for (const TomlTable& other : file_.tables) {
            if (other.name != table.name) continue;
            if (!repeats || !other.repeats) {
                fail(fmt::format("table '{}' stands in line {} already", table.name, other.line));
            }
        }
        file_.tables.push_back(std::move(table));
    }

    void read_entry() {
        TomlEntry entry;
        entry.line = line_;
        entry.key = read_key();
        if (peek() != '=') fail(fmt::format("'=' is missing after '{}'", entry.key));
        ++at_;
        skip_blanks();
        TomlTable& table = file_.tables.back();
        if (const TomlEntry* before = table.find(entry.key)) {
            fail(fmt::format("'{}' stands in line {} already", entry.key, before->line));
        }
        if (peek() == '[') {
            entry.is_array = true;
            read_array(entry);
        } else {
            read_scalar(entry);
        }
        table.entries.push_back(std::move(entry));
    }

    void read_array(TomlEntry& entry) {
        take();
        for (skip_lines(); peek() != ']'; skip_lines()) {
            if (is_end()) fail("']' is missing at the end of an array");
            read_scalar(entry);
            skip_lines();
            if (peek() == ',') {
                take();
            } else if (peek() != ']') {
                fail(fmt::format("',' or ']' is expected, not '{}'", rest_of_line()));
            }
        }
        take();
    }

    void read_scalar(TomlEntry& entry) {
        if (peek() == '"' || peek() == '\'') {
            entry.values.push_back(read_string());
            return;
        }
        const std::size_t start = at_;
        while (is_bare(peek()) || peek() == '.' || peek() == '+' || peek() == ':')
            ++at_;
        std::string word(text_.substr(start, at_ - start));
        if (word == "true" || word == "false") {
            entry.is_bool = true;
        } else {
            check_number(word);
            std::erase(word, '_');
        }
        entry.values.push_back(std::move(word));
    }

    void check_number(const std::string& word) const {
        const bool number = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
            return (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '+' ||
                   c == 'e' || c == 'E';
        });
        if (number && word.find_first_of("0123456789") != std::string::npos) return;
        if (word.empty()) fail(fmt::format("a value is expected, not '{}'", rest_of_line()));
        fail(fmt::format("'{}' is no number: text stands in quotes", word));
    }

    std::string read_string() {
        const char quote = text_[at_++];
        if (text_.substr(at_, 2) == std::string(2, quote)) fail("multi-line strings are not read");
        std::string out;
        while (peek() != quote) {
            if (is_end() || peek() == '\n') fail("a string does not end");
            const char c = text_[at_++];
            out += c == '\\' && quote == '"' ? read_escape() : c;
        }
        ++at_;
        return out;
    }

    char read_escape() {
        static constexpr std::string_view kNames = "nt\"\\r";
        static constexpr std::string_view kValues = "\n\t\"\\\r";
        const auto at = kNames.find(peek());
        if (is_end() || at == std::string_view::npos) fail("an unknown escape in a string");
        ++at_;
        return kValues[at];
    }

    TomlFile file_;
    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
};

}  // namespace

TomlError::TomlError(const TomlFile& file, int line, std::string_view what)
    : std::invalid_argument(fmt::format("{}:{}: {}", file.name, line, what)) {}

const TomlEntry* TomlTable::find(std::string_view key) const {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [key](const TomlEntry& entry) { return entry.key == key; });
    return found == entries.end() ? nullptr : &*found;
}

TomlFile parse_toml(std::string name, std::string_view text) {
    return Reader(std::move(name), text).read();
}

}  // namespace mqtt::bench
