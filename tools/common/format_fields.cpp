// See format.hpp: how single fields are padded, cut and printed.
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <iterator>

#include "common/format.hpp"
#include "common/safe_text.hpp"

namespace tools {
namespace {

using mqtt::PropertyId;

// The property behind a letter of -F.
PropertyId property_of(char letter) {
    switch (letter) {
    case 'A': return PropertyId::topic_alias;
    case 'C': return PropertyId::content_type;
    case 'D': return PropertyId::correlation_data;
    case 'E': return PropertyId::message_expiry_interval;
    case 'F': return PropertyId::payload_format_indicator;
    case 'R': return PropertyId::response_topic;
    default: return PropertyId::subscription_identifier;
    }
}

void append_padding(std::string& out, std::size_t length, int width, char pad) {
    const auto wanted = static_cast<std::size_t>(width);
    if (length < wanted) out.append(wanted - length, pad);
}

// Hex digits with a separator after every `group` of them; padding counts as digits.
class HexWriter {
public:
    HexWriter(std::string& out, int group, char separator)
        : out_(out)
        , group_(group)
        , separator_(separator) {}

    void put(char c, bool may_separate) {
        out_ += c;
        if (may_separate && group_ > 0 && position_ % group_ == group_ - 1) out_ += separator_;
        ++position_;
    }

private:
    std::string& out_;
    int group_;
    char separator_;
    int position_ = 0;
};

void append_hex(std::string& out, std::string_view bytes, int padding, int group, char separator,
                char pad, bool is_upper) {
    const std::string_view digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
    HexWriter writer(out, group, separator);
    for (int i = 0; i < padding; ++i)
        writer.put(pad, true);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<std::uint8_t>(bytes[i]);
        writer.put(digits[byte >> 4], true);
        writer.put(digits[byte & 15], i + 1 < bytes.size());
    }
}

}  // namespace

std::size_t Format::length_of(const Op& op, std::string_view text) {
    return op.width > 0 && op.widths == Widths::columns ? columns_of(text) : text.size();
}

std::string_view Format::cut(const Op& op, std::string_view text, int length) {
    const auto most = static_cast<std::size_t>(length);
    return op.widths == Widths::columns ? cut_columns(text, most) : text.substr(0, most);
}

void Format::append_text(std::string& out, const Op& op, std::string_view text) {
    if (op.precision >= 0) text = cut(op, text, op.precision);
    const std::size_t length = length_of(op, text);
    if (!op.align_left) append_padding(out, length, op.width, ' ');
    out += text;
    if (op.align_left) append_padding(out, length, op.width, ' ');
}

void Format::append_number(std::string& out, const Op& op, std::uint64_t number) {
    const fmt::format_int digits(number);
    const bool zeros = op.pad_zero && !op.align_left;
    if (!op.align_left) append_padding(out, digits.size(), op.width, zeros ? '0' : ' ');
    out.append(digits.data(), digits.size());
    if (op.align_left) append_padding(out, digits.size(), op.width, ' ');
}

void Format::append_property(std::string& out, const Op& op, const mqtt::Publish& message) {
    const PropertyId id = property_of(op.kind);
    const bool is_text = op.kind == 'C' || op.kind == 'R' || op.kind == 'D';
    if (is_text) {
        if (const auto text = message.properties.text(id)) {
            op.kind == 'D' ? static_cast<void>(out += *text) : append_text(out, op, *text);
            return;
        }
    } else if (const auto number = message.properties.number(id)) {
        append_number(out, op, *number);
        return;
    }
    // Absent: blanks for the width, except for what mosquitto leaves out altogether.
    if (op.kind != 'R' && op.kind != 'D') append_padding(out, 0, op.width, op.pad_zero ? '0' : ' ');
}

void Format::append_user_properties(std::string& out, const mqtt::Publish& message) {
    bool is_first = true;
    for (const mqtt::PropertyView& property : message.properties) {
        if (property.info->id != PropertyId::user_property) continue;
        if (!is_first) out += ' ';
        is_first = false;
        out += property.name;
        out += ':';
        out += property.text;
    }
}

// The width pads and cuts. In hexadecimal it cuts bytes of payload, and pads digits.
void Format::append_payload(std::string& out, const Op& op, std::string_view payload) {
    const bool is_hex = op.kind != 'p';
    const auto width = static_cast<std::size_t>(op.width);
    if (op.width > 0) payload = is_hex ? payload.substr(0, width) : cut(op, payload, op.width);
    const std::size_t length = is_hex ? 2 * payload.size() : length_of(op, payload);
    const int padding = width > length ? static_cast<int>(width - length) : 0;
    const char pad = op.pad_zero ? '0' : ' ';
    if (is_hex) {
        append_hex(out, payload, op.align_left ? 0 : padding, op.precision, op.separator, pad,
                   op.kind == 'X');
    } else {
        if (!op.align_left) out.append(static_cast<std::size_t>(padding), pad);
        out += payload;
    }
    if (op.align_left) out.append(static_cast<std::size_t>(padding), ' ');
}

bool Format::append_float(std::string& out, const Op& op, std::string_view payload) {
    double value = 0;
    if (op.kind == 'f') {
        float single = 0;
        if (payload.size() != sizeof single) return false;
        std::memcpy(&single, payload.data(), sizeof single);
        value = static_cast<double>(single);
    } else {
        if (payload.size() != sizeof value) return false;
        std::memcpy(&value, payload.data(), sizeof value);
    }
    const int precision = op.precision >= 0 ? op.precision : 6;
    const std::string text = fmt::format("{:.{}f}", value, precision);
    const bool zeros = op.pad_zero && !op.align_left;
    if (!op.align_left && zeros && text.starts_with('-')) {
        out += '-';
        append_padding(out, text.size(), op.width, '0');
        out.append(text, 1);
        return true;
    }
    if (!op.align_left) append_padding(out, text.size(), op.width, zeros ? '0' : ' ');
    out += text;
    if (op.align_left) append_padding(out, text.size(), op.width, ' ');
    return true;
}

}  // namespace tools
