// Text with {{...}} that is made anew for each message: --template of mqtt-pub.
// Used by message_source. Compiled once; reads clock, environment and random numbers, nothing else.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt_pub {

class Template {
public:
    // Throws tools::UsageError naming what it does not know. `option` is for its message.
    Template(std::string_view option, std::string_view text);

    bool is_constant() const {
        return parts_.empty() || (parts_.size() == 1 && is_text(parts_[0]));
    }
    // Appends the text of the message with this number, from 1.
    void append(std::string& out, std::uint64_t number, std::mt19937_64& random) const;

private:
    enum class Kind { text, seq, now, now_seconds, now_ms, now_ns, uuid, integer, decimal };
    struct Part {
        Kind kind = Kind::text;
        std::string text{};
        std::int64_t low = 0;
        std::int64_t high = 0;
        double low_decimal = 0;
        double high_decimal = 0;
        int decimals = 0;
    };
    static bool is_text(const Part& part) { return part.kind == Kind::text; }
    static Part parse(std::string_view option, std::string_view inside);
    static Part parse_rand(std::string_view option, const std::vector<std::string_view>& words);
    void add_text(std::string_view text);

    std::vector<Part> parts_;
};

extern const std::string_view kTemplateText;  // for the man page

}  // namespace mqtt_pub
