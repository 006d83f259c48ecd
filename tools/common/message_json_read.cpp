// See message_json.hpp: reading.
#include <charconv>
#include <cmath>

#include "common/json.hpp"
#include "common/message_json.hpp"

namespace tools {
namespace {

std::optional<std::uint32_t> to_number(std::string_view text) {
    std::uint32_t number = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || at != text.data() + text.size()) return std::nullopt;
    return number;
}

bool fail(std::string& problem, std::string_view key, std::string_view wanted) {
    problem = "\"" + std::string(key) + "\" needs " + std::string(wanted);
    return false;
}

// Reads one message; every member function returns false after setting problem_.
class Reader {
public:
    Reader(JsonMessage& message, std::string& problem, MessageTimes* times)
        : message_(message)
        , problem_(problem)
        , times_(times) {}

    bool read_field(std::string_view key, std::string_view value) {
        if (key == "topic") return read_topic(value);
        if (key == "qos") return read_qos(value);
        if (key == "retain") return read_retain(value);
        if (key == "payload") return read_payload(value);
        if (key == "payload_b64") return read_base64(key, value);
        if (times_ != nullptr && key == "at") return read_at(value);
        if (times_ != nullptr && key == "tst") return read_tst(value);
        if (key != "properties") return true;
        const auto read = [this](std::string_view name, std::string_view member) {
            return read_property(name, member);
        };
        if (for_each_json_member(value, read)) return true;
        return problem_.empty() ? fail(problem_, key, "an object") : false;
    }

private:
    bool read_topic(std::string_view value) {
        message_.topic = json_string(value);
        return message_.topic.has_value() || fail(problem_, "topic", "a string");
    }

    bool read_qos(std::string_view value) {
        const auto number = to_number(value);
        if (!number || *number > 2) return fail(problem_, "qos", "0, 1 or 2");
        message_.qos = static_cast<mqtt::QoS>(*number);
        return true;
    }

    // Older mosquitto clients wrote 0 and 1.
    bool read_retain(std::string_view value) {
        if (value == "true" || value == "1") {
            message_.retain = true;
        } else if (value == "false" || value == "0") {
            message_.retain = false;
        } else {
            return fail(problem_, "retain", "true or false");
        }
        return true;
    }

    bool read_payload(std::string_view value) {
        if (has_base64_) return true;
        if (value == "null") {
            message_.payload.clear();
        } else if (value.starts_with('"')) {
            auto text = json_string(value);
            if (!text) return fail(problem_, "payload", "a valid string");
            message_.payload = std::move(*text);
        } else {
            message_.payload.clear();
            append_json_compact(message_.payload, value);
        }
        return true;
    }

    bool read_base64(std::string_view key, std::string_view value) {
        const auto text = json_string(value);
        auto bytes = text ? decode_base64(*text) : std::nullopt;
        if (!bytes) return fail(problem_, key, "a base64 string");
        message_.payload = std::move(*bytes);
        has_base64_ = true;
        return true;
    }

    bool read_at(std::string_view value) {
        double seconds = 0;
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), seconds);
        constexpr double a_century = 100.0 * 366 * 86'400;
        const bool is_number = error == std::errc{} && end == value.data() + value.size();
        if (!is_number || seconds < 0 || seconds > a_century) {
            return fail(problem_, "at", "seconds");
        }
        times_->at = std::chrono::nanoseconds(std::llround(seconds * 1e9));
        return true;
    }

    // A time that cannot be read is none: other programs write `tst` in ways of their own.
    bool read_tst(std::string_view value) {
        if (const auto text = json_string(value)) times_->tst = parse_iso_time(*text);
        return true;
    }

    bool read_user_properties(std::string_view value) {
        const auto add = [this](std::string_view name, std::string_view member) {
            const auto text = json_string(member);
            if (!text) return fail(problem_, name, "a string");
            return add_property("user-property", name, *text);
        };
        const auto add_object = [&add](std::string_view object) {
            return for_each_json_member(object, add);
        };
        // mosquitto 2.0 wrote one object, 2.1 an array of them.
        if (value.starts_with('{') ? add_object(value) : for_each_json_element(value, add_object)) {
            return true;
        }
        return problem_.empty() ? fail(problem_, "user-properties", "an array of objects") : false;
    }

    bool read_property(std::string_view name, std::string_view value) {
        if (name == "subscription-identifier" || name == "topic-alias") return true;
        if (name == "user-properties" || name == "user-property")
            return read_user_properties(value);
        if (name == "correlation-data_b64") {
            const auto text = json_string(value);
            const auto bytes = text ? decode_base64(*text) : std::nullopt;
            if (!bytes) return fail(problem_, name, "a base64 string");
            return add_property("correlation-data", *bytes);
        }
        if (!value.starts_with('"')) return add_property(name, value);
        const auto text = json_string(value);
        return text ? add_property(name, *text) : fail(problem_, name, "a valid string");
    }

    bool add_property(std::string_view name, std::string_view value, std::string_view value2 = {}) {
        const mqtt::Status status = mqtt::parse_property(
            message_.properties, mqtt::PropertyPlace::publish, name, value, value2);
        if (status) return true;
        problem_ = "property " + std::string(name) + ": " + std::string(status.error().detail);
        return false;
    }

    JsonMessage& message_;
    std::string& problem_;
    MessageTimes* times_;
    bool has_base64_ = false;
};

}  // namespace

std::optional<JsonMessage> parse_message_json(std::string_view line, std::string& problem,
                                              MessageTimes* times) {
    problem.clear();
    JsonMessage message;
    Reader reader(message, problem, times);
    const auto read = [&reader](std::string_view key, std::string_view value) {
        return reader.read_field(key, value);
    };
    if (for_each_json_member(line, read)) return message;
    if (problem.empty()) problem = "not a JSON object";
    return std::nullopt;
}

}  // namespace tools
