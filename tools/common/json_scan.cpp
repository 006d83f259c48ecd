// See json_scan.hpp; and what needs the scanner: unescaping, compact and pretty form.
#include "common/json_scan.hpp"

#include <string>

#include "common/json.hpp"

namespace tools {
namespace {

constexpr int kJsonDepth = 200;  // recursion follows nesting

bool is_json_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int hex_value(char c) {
    if (is_json_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Four hex digits, or -1.
int hex_unit(std::string_view text) {
    if (text.size() < 4) return -1;
    int unit = 0;
    for (int i = 0; i < 4; ++i) {
        const int value = hex_value(text[static_cast<std::size_t>(i)]);
        if (value < 0) return -1;
        unit = unit * 16 + value;
    }
    return unit;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

// Reads XXXX after \u (and a low surrogate after a high one); removes what it read.
bool append_unicode(std::string& out, std::string_view& rest) {
    const int unit = hex_unit(rest);
    if (unit < 0) return false;
    rest.remove_prefix(4);
    auto code = static_cast<std::uint32_t>(unit);
    if (code >= 0xDC00 && code <= 0xDFFF) return false;
    if (code >= 0xD800 && code <= 0xDBFF) {
        const int low = rest.starts_with("\\u") ? hex_unit(rest.substr(2)) : -1;
        if (low < 0xDC00 || low > 0xDFFF) return false;
        rest.remove_prefix(6);
        code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<std::uint32_t>(low) - 0xDC00);
    }
    append_utf8(out, code);
    return true;
}

}  // namespace

void JsonScanner::skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_]))
        ++at_;
}

bool JsonScanner::take(char c) {
    skip_blanks();
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
}

bool JsonScanner::at_end() {
    skip_blanks();
    return at_ == text_.size();
}

std::optional<std::string_view> JsonScanner::take_value() {
    skip_blanks();
    const std::size_t start = at_;
    if (!skip_value()) return std::nullopt;
    return text_.substr(start, at_ - start);
}

bool JsonScanner::skip_value() {
    skip_blanks();
    switch (peek()) {
    case '{': return skip_container('{', '}');
    case '[': return skip_container('[', ']');
    case '"': return skip_string();
    case 't': return skip_word("true");
    case 'f': return skip_word("false");
    case 'n': return skip_word("null");
    default: return skip_number();
    }
}

bool JsonScanner::skip_container(char open, char close) {
    if (!take(open) || ++depth_ > kJsonDepth) return false;
    if (!take(close)) {
        do {
            if (open == '{') {
                skip_blanks();
                if (!skip_string() || !take(':')) return false;
            }
            if (!skip_value()) return false;
        } while (take(','));
        if (!take(close)) return false;
    }
    --depth_;
    return true;
}

bool JsonScanner::skip_string() {
    if (peek() != '"') return false;
    const std::size_t start = at_++;
    while (at_ < text_.size() && text_[at_] != '"') {
        if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
        if (text_[at_] == '\\') {
            if (++at_ >= text_.size()) return false;
            const char c = text_[at_];
            if (std::string_view("\"\\/bfnrtu").find(c) == std::string_view::npos) return false;
            if (c == 'u') {
                if (hex_unit(text_.substr(at_ + 1)) < 0) return false;
                at_ += 4;
            }
        }
        ++at_;
    }
    if (at_ >= text_.size()) return false;
    ++at_;
    return is_valid_utf8(text_.substr(start, at_ - start));
}

bool JsonScanner::skip_digits() {
    const std::size_t start = at_;
    while (is_json_digit(peek()))
        ++at_;
    return at_ > start;
}

bool JsonScanner::skip_number() {
    if (peek() == '-') ++at_;
    if (peek() == '0') {
        ++at_;
    } else if (!skip_digits()) {
        return false;
    }
    if (peek() == '.') {
        ++at_;
        if (!skip_digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
        ++at_;
        if (peek() == '+' || peek() == '-') ++at_;
        if (!skip_digits()) return false;
    }
    return true;
}

bool JsonScanner::skip_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
}

std::optional<std::string> json_string(std::string_view value) {
    JsonScanner scanner(value);
    if (!value.starts_with('"') || !scanner.skip_value() || !scanner.at_end()) return std::nullopt;
    std::string_view rest = value.substr(1, value.rfind('"') - 1);
    std::string out;
    out.reserve(rest.size());
    while (!rest.empty()) {
        const std::size_t plain = rest.find('\\');
        out += rest.substr(0, plain);
        if (plain == std::string_view::npos) break;
        const char c = rest[plain + 1];
        rest.remove_prefix(plain + 2);
        switch (c) {
        case 'b': out += '\b'; break;
        case 'f': out += '\f'; break;
        case 'n': out += '\n'; break;
        case 'r': out += '\r'; break;
        case 't': out += '\t'; break;
        case 'u':
            if (!append_unicode(out, rest)) return std::nullopt;
            break;
        default: out += c; break;
        }
    }
    return out;
}

void append_json_compact(std::string& out, std::string_view value) {
    bool in_string = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        if (in_string && c == '\\') {
            out += c;
            out += value[++i];
            continue;
        }
        if (c == '"') in_string = !in_string;
        if (in_string || !is_blank(c)) out += c;
    }
}

namespace {

void append_pretty(std::string& out, std::string_view value, std::size_t depth) {
    if (value.starts_with('{')) {
        out += "{\n";
        bool is_first = true;
        for_each_json_member(value, [&](std::string_view key, std::string_view member) {
            if (!is_first) out += ",\n";
            is_first = false;
            out.append(depth + 1, '\t');
            append_json_string(out, key);
            out += ":\t";
            append_pretty(out, member, depth + 1);
            return true;
        });
        if (!is_first) out += '\n';
        out.append(depth, '\t');
        out += '}';
    } else if (value.starts_with('[')) {
        out += '[';
        bool is_first = true;
        for_each_json_element(value, [&](std::string_view element) {
            if (!is_first) out += ", ";
            is_first = false;
            append_pretty(out, element, depth + 1);
            return true;
        });
        out += ']';
    } else {
        out += value;
    }
}

}  // namespace

void append_json_pretty(std::string& out, std::string_view value) {
    append_pretty(out, value, 0);
}

}  // namespace tools
