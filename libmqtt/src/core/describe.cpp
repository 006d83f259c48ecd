// Packets in words. Every string of a peer goes through escape_controls().
#include "core/describe.hpp"

#include <array>
#include <charconv>

#include "core/utf8.hpp"

namespace mqtt::core {
namespace {

// Appends words and numbers, separated by spaces.
class Line {
public:
    explicit Line(std::string_view first) : text_(first) {}

    Line& word(std::string_view word) {
        text_ += ' ';
        text_ += word;
        return *this;
    }
    Line& number(std::string_view name, std::uint64_t value) {
        word(name);
        return glue(value);
    }
    Line& field(std::string_view name, std::uint64_t value) {
        if (!name.empty()) word(name);
        text_ += ' ';
        return glue(value);
    }
    Line& quoted(std::string_view name, std::string_view value) {
        if (!name.empty()) word(name);
        text_ += " '";
        text_ += escape_controls(value);
        text_ += '\'';
        return *this;
    }
    Line& flag(std::string_view name, bool set) {
        if (set) word(name);
        return *this;
    }
    Line& reason(ReasonCode code) {
        if (code != ReasonCode::success) word(reason_name(code));
        return *this;
    }
    Line& properties(Properties properties);
    std::string take() { return std::move(text_); }

private:
    Line& glue(std::uint64_t value) {
        std::array<char, 20> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        text_.append(digits.data(), end);
        return *this;
    }

    std::string text_;
};

Line& Line::properties(Properties properties) {
    for (const PropertyView& property : properties) {
        const PropertyInfo& info = *property.info;
        switch (info.type) {
        case PropertyType::utf8_pair:
            quoted(info.name, property.name).quoted("=", property.text);
            break;
        case PropertyType::utf8_string: quoted(info.name, property.text); break;
        case PropertyType::binary: field(info.name, property.text.size()).word("bytes"); break;
        default: field(info.name, property.number);
        }
    }
    return *this;
}

std::string_view version_name(ProtocolVersion version) {
    switch (version) {
    case ProtocolVersion::v3_1: return "3.1";
    case ProtocolVersion::v3_1_1: return "3.1.1";
    case ProtocolVersion::v5: break;
    }
    return "5.0";
}

void add_filters(Line& line, const FilterList& filters) {
    for (const SubscriptionRequest& request : filters) {
        line.quoted("", request.filter);
        if (!filters.with_options()) continue;
        const SubscriptionOptions& options = request.options;
        line.number("q", static_cast<std::uint64_t>(options.qos));
        line.flag("no-local", options.no_local);
        line.flag("retain-as-published", options.retain_as_published);
        if (options.retain_handling != RetainHandling::always) {
            line.field("retain-handling", static_cast<std::uint64_t>(options.retain_handling));
        }
    }
}

void add_codes(Line& line, Bytes codes) {
    for (const std::uint8_t code : codes)
        line.word(reason_name(static_cast<ReasonCode>(code)));
}

Line describe_one(const Connect& p) {
    Line line("CONNECT");
    line.word(version_name(p.version)).quoted("client", p.client_id);
    line.flag("bridge", p.bridge).flag("clean", p.clean_start).field("keep-alive", p.keep_alive);
    if (p.will) {
        line.quoted("will", p.will->topic).number("q", static_cast<std::uint64_t>(p.will->qos));
        line.number("r", p.will->retain).field("", p.will->payload.size()).word("bytes");
        line.properties(p.will->properties);
    }
    if (p.user_name) line.quoted("user", *p.user_name);
    line.flag("with password", p.password.has_value());
    return line.properties(p.properties), line;
}

Line describe_one(const Connack& p) {
    Line line("CONNACK");
    line.word(reason_name(p.reason)).flag("session present", p.session_present);
    return line.properties(p.properties), line;
}

Line describe_one(const Publish& p) {
    Line line("PUBLISH");
    line.number("q", static_cast<std::uint64_t>(p.qos)).number("r", p.retain).number("d", p.dup);
    if (p.id != 0) line.field("id", p.id);
    line.quoted("", p.topic).field("", p.payload.size()).word("bytes");
    return line.properties(p.properties), line;
}

Line describe_one(const Ack& p) {
    Line line(packet_name(p.type));
    line.field("id", p.id).reason(p.reason).properties(p.properties);
    return line;
}

template <class T>
Line describe_request(std::string_view name, const T& p) {
    Line line(name);
    line.field("id", p.id);
    add_filters(line, p.filters);
    return line.properties(p.properties), line;
}

template <class T>
Line describe_answer(std::string_view name, const T& p) {
    Line line(name);
    line.field("id", p.id);
    add_codes(line, p.codes);
    return line.properties(p.properties), line;
}

Line describe_one(const Subscribe& p) {
    return describe_request("SUBSCRIBE", p);
}
Line describe_one(const Unsubscribe& p) {
    return describe_request("UNSUBSCRIBE", p);
}
Line describe_one(const Suback& p) {
    return describe_answer("SUBACK", p);
}
Line describe_one(const Unsuback& p) {
    return describe_answer("UNSUBACK", p);
}
Line describe_one(const Pingreq&) {
    return Line("PINGREQ");
}
Line describe_one(const Pingresp&) {
    return Line("PINGRESP");
}

Line describe_one(const Disconnect& p) {
    Line line("DISCONNECT");
    line.reason(p.reason).properties(p.properties);
    return line;
}

Line describe_one(const Auth& p) {
    Line line("AUTH");
    line.reason(p.reason).properties(p.properties);
    return line;
}

}  // namespace

std::string describe(const Packet& packet) {
    return std::visit([](const auto& p) { return describe_one(p).take(); }, packet);
}

std::string describe(const PacketEvent& event) {
    std::string line = event.is_sent ? "sending " : "received ";
    if (event.packet) return line += describe(*event.packet);
    return line.append(packet_name(event.type)).append(" (malformed)");
}

std::string escape_controls(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const bool valid = is_valid_utf8(text);
    std::string escaped;
    escaped.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<std::uint8_t>(text[i]);
        // U+0080..U+009F are controls too: C2 80..C2 9F.
        const bool c1 =
            byte == 0xC2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xA0;
        const bool after_c1 =
            i > 0 && static_cast<std::uint8_t>(text[i - 1]) == 0xC2 && byte >= 0x80 && byte < 0xA0;
        if (byte < 0x20 || byte == 0x7F || c1 || after_c1 || (byte >= 0x80 && !valid)) {
            escaped += "\\x";
            escaped += kHex[byte >> 4];
            escaped += kHex[byte & 0x0F];
        } else if (byte == '\\' || byte == '\'') {
            escaped += '\\';
            escaped += text[i];
        } else {
            escaped += text[i];
        }
    }
    return escaped;
}

}  // namespace mqtt::core
