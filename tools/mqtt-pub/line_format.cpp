// See line_format.hpp.
#include "mqtt-pub/line_format.hpp"

#include <algorithm>

#include "common/flags.hpp"

namespace mqtt_pub {
namespace {

constexpr std::string_view kOption = "--line-format";

int hex_value(char c) {
    const std::size_t at = std::string_view("0123456789abcdef")
                               .find(static_cast<char>(c >= 'A' && c <= 'F' ? c | 0x20 : c));
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

[[noreturn]] void fail(std::string_view option, std::string_view text, std::string_view what) {
    throw tools::UsageError("option '" + std::string(option) + "': '" + std::string(text) + "' " +
                            std::string(what));
}

// Reads what stands behind a backslash at text[at]; moves past it.
char take_escape(std::string_view option, std::string_view text, std::size_t& at) {
    if (at >= text.size()) fail(option, text, "ends with a backslash");
    switch (text[at++]) {
    case 't': return '\t';
    case 'n': return '\n';
    case 'r': return '\r';
    case '0': return '\0';
    case '\\': return '\\';
    case 'x': {
        const int high = at < text.size() ? hex_value(text[at]) : -1;
        const int low = at + 1 < text.size() ? hex_value(text[at + 1]) : -1;
        if (high < 0 || low < 0) fail(option, text, "needs two hexadecimal digits after \\x");
        at += 2;
        return static_cast<char>(high * 16 + low);
    }
    default: fail(option, text, "has an unknown escape (\\t \\n \\r \\0 \\\\ \\xHH)");
    }
}

bool decode_hex(std::string_view text, std::string& bytes) {
    bytes.clear();
    if (text.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]), low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) return false;
        bytes += static_cast<char>(high * 16 + low);
    }
    return true;
}

}  // namespace

LineFormat::LineFormat(std::string_view text) {
    std::string seen;
    const auto add = [&](char letter) {
        if (std::string_view("tpxqr").find(letter) == std::string_view::npos) {
            fail(kOption, text, "has an unknown field (%t %p %x %q %r, and %%)");
        }
        const char what = letter == 'x' ? 'p' : letter;  // both are the payload
        if (seen.find(what) != std::string::npos) fail(kOption, text, "has a field twice");
        if (!fields_.empty() && fields_.back().kind != 0 && fields_.back().separator.empty()) {
            fail(kOption, text, "needs a separator between two fields");
        }
        seen += what;
        fields_.push_back({letter, {}});
    };
    for (std::size_t at = 0; at < text.size();) {
        char c = text[at++];
        if (c == '%') {
            if (at == text.size()) fail(kOption, text, "ends with a percent sign");
            c = text[at++];
            if (c != '%') {
                add(c);
                continue;
            }
        } else if (c == '\\') {
            c = take_escape(kOption, text, at);
        }
        if (fields_.empty()) fields_.push_back({});
        fields_.back().separator += c;
    }
    if (seen.empty()) fail(kOption, text, "has no field");
}

bool LineFormat::has_topic() const {
    return std::any_of(fields_.begin(), fields_.end(),
                       [](const Field& f) { return f.kind == 't'; });
}

std::optional<ParsedLine> LineFormat::parse(std::string_view line, std::string& problem) {
    ParsedLine parsed;
    for (const Field& field : fields_) {
        std::string_view value = line;
        if (field.separator.empty()) {
            line = {};
        } else {
            const std::size_t at = line.find(field.separator);
            if (at == std::string_view::npos || (field.kind == 0 && at != 0)) {
                problem = "no '" + field.separator + "' where --line-format has it";
                return std::nullopt;
            }
            value = line.substr(0, at);
            line.remove_prefix(at + field.separator.size());
        }
        if (!set(parsed, field.kind, value, problem)) return std::nullopt;
    }
    if (line.empty()) return parsed;
    problem = "text behind the end of --line-format";
    return std::nullopt;
}

bool LineFormat::set(ParsedLine& parsed, char kind, std::string_view value, std::string& problem) {
    switch (kind) {
    case 't': parsed.topic = value; return true;
    case 'p': parsed.payload = value; return true;
    case 'x':
        if (!decode_hex(value, bytes_)) {
            problem = "the payload is not hexadecimal";
            return false;
        }
        parsed.payload = bytes_;
        return true;
    case 'q':
        if (value != "0" && value != "1" && value != "2") {
            problem = "the QoS is not 0, 1 or 2";
            return false;
        }
        parsed.qos = static_cast<mqtt::QoS>(value[0] - '0');
        return true;
    case 'r':
        if (value != "0" && value != "1") {
            problem = "the retain flag is not 0 or 1";
            return false;
        }
        parsed.retain = value == "1";
        return true;
    default: return true;
    }
}

char parse_delimiter(std::string_view option, std::string_view text) {
    if (text.size() == 1) return text[0];
    std::size_t at = 1;
    if (!text.starts_with('\\')) fail(option, text, "is not one character");
    const char c = take_escape(option, text, at);
    if (at != text.size()) fail(option, text, "is not one character");
    return c;
}

}  // namespace mqtt_pub
