// See message_fields.hpp.
#include "common/message_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "common/flags.hpp"
#include "common/json.hpp"
#include "common/json_scan.hpp"

namespace tools {

const std::string_view kExpressionHelp =
    "A condition compares fields of the message with < <= > >= == !=, or searches them for a "
    "regular expression with ~ (found) and !~ (not found). && || ! and parentheses combine "
    "conditions; + - * / compute.\n"
    "\n"
    "  topic  topic[1]          the topic, one of its levels (from 0)\n"
    "  payload                  the payload as it came\n"
    "  payload.a.b[0][\"c d\"]    a value in a payload that is JSON\n"
    "  payloadlen qos retain dup\n"
    "  properties.content_type  a property of MQTT 5.0, with _ for -\n"
    "  user.name                the first user property of that name\n"
    "\n"
    "Text stands in quotes, a regular expression in quotes or between slashes. A field that the "
    "message lacks makes the condition neither true nor false, and so its negation: such a message "
    "is not selected. == null asks whether it is missing. A field alone is true when it is true, "
    "not 0 and not empty. Text that is a number counts as one beside a number.\n"
    "\n"
    "  payload.temp > 20 && topic ~ \"/kitchen/\"\n"
    "  payload > 21.5 || user.unit == \"F\"\n"
    "  topic[1] == \"door\" && !(payload ~ /^(open|closed)$/)\n"
    "\n"
    "Regular expressions know . [ ] * + ? {m,n} | ( ) ^ $ \\d \\w \\s \\b, and (?i) at the start "
    "for any case. The time of a search grows with the payload only.\n";

namespace {

// Members are looked for by scanning: payloads are small and most are asked once.
std::optional<std::string_view> find_member(std::string_view text, std::string_view key) {
    JsonScanner scanner(text);
    if (!scanner.take('{')) return std::nullopt;
    do {
        const auto name = scanner.take_value();
        if (!name || !name->starts_with('"') || !scanner.take(':')) return std::nullopt;
        const auto value = scanner.take_value();
        if (!value) return std::nullopt;
        const std::string_view plain = name->substr(1, name->size() - 2);
        const bool has_escapes = plain.find('\\') != std::string_view::npos;
        if (has_escapes ? json_string(*name) == key : plain == key) return value;
    } while (scanner.take(','));
    return std::nullopt;
}

std::optional<std::string_view> find_element(std::string_view text, int index) {
    if (index < 0) {
        int count = 0;
        for_each_json_element(text, [&count](std::string_view) { return ++count > 0; });
        index += count;
    }
    JsonScanner scanner(text);
    if (index < 0 || !scanner.take('[')) return std::nullopt;
    do {
        const auto value = scanner.take_value();
        if (!value || index-- == 0) return value;
    } while (scanner.take(','));
    return std::nullopt;
}

std::optional<std::string_view> find_path(std::string_view text,
                                          const std::vector<ExpressionField::Step>& steps) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    for (const ExpressionField::Step& step : steps) {
        const auto found =
            step.index ? find_element(text, *step.index) : find_member(text, step.key);
        if (!found) return std::nullopt;
        text = *found;
    }
    return text;
}

std::string_view topic_level(std::string_view topic, int index) {
    if (index < 0) index += 1 + static_cast<int>(std::count(topic.begin(), topic.end(), '/'));
    for (; index > 0; --index) {
        const std::size_t slash = topic.find('/');
        if (slash == std::string_view::npos) return {};
        topic.remove_prefix(slash + 1);
    }
    return index < 0 ? std::string_view() : topic.substr(0, topic.find('/'));
}

// The property that `properties.message_expiry_interval` names.
const mqtt::PropertyInfo* find_named_property(const ExpressionField& field) {
    if (field.steps.size() != 1 || field.steps[0].index) return nullptr;
    std::string name = field.steps[0].key;
    std::replace(name.begin(), name.end(), '_', '-');
    const mqtt::PropertyInfo* info = mqtt::find_property(name);
    const auto place = static_cast<std::uint16_t>(mqtt::PropertyPlace::publish);
    const bool is_known = info != nullptr && (info->allowed_in & place) != 0 &&
                          info->id != mqtt::PropertyId::user_property;
    return is_known ? info : nullptr;
}

// What is wrong with a field; empty: nothing.
std::string problem_of(const ExpressionField& field) {
    const auto& steps = field.steps;
    if (field.root == "payload") return {};
    if (field.root == "properties") {
        return find_named_property(field) != nullptr
                   ? ""
                   : fmt::format("'{}' is no property of a message", field.name);
    }
    if (field.root == "user") {
        const bool is_name = steps.size() == 1 && !steps[0].index;
        return is_name ? "" : "user needs the name of a user property, user.name";
    }
    if (field.root == "topic") {
        const bool is_level = steps.size() == 1 && steps[0].index;
        return steps.empty() || is_level ? "" : "topic has levels only, topic[1]";
    }
    for (const std::string_view plain : {"qos", "retain", "dup", "payloadlen"}) {
        if (field.root == plain) {
            return steps.empty() ? "" : fmt::format("{} has no parts", field.root);
        }
    }
    return fmt::format(
        "no field is called {} (topic payload payloadlen qos retain dup "
        "properties.NAME user.NAME; text stands in quotes)",
        field.root);
}

}  // namespace

ExpressionValue MessageFields::value(const ExpressionField& field) {
    switch (field.root[0]) {
    case 't': {
        if (field.steps.empty()) return ExpressionValue::of(message_->topic);
        const std::string_view level = topic_level(message_->topic, *field.steps[0].index);
        return level.data() == nullptr ? ExpressionValue{} : ExpressionValue::of(level);
    }
    case 'q': return ExpressionValue::of(static_cast<double>(message_->qos));
    case 'r': return ExpressionValue::of(message_->retain);
    case 'd': return ExpressionValue::of(message_->dup);
    case 'u': return user_property(field.steps[0].key);
    default: break;
    }
    if (field.root == "payload") return payload(field);
    if (field.root == "properties") return property(field);
    return ExpressionValue::of(static_cast<double>(message_->payload.size()));
}

ExpressionValue MessageFields::payload(const ExpressionField& field) {
    const std::string_view payload = mqtt::as_text(message_->payload);
    if (field.steps.empty()) return ExpressionValue::of(payload);
    const auto found = find_path(payload, field.steps);
    if (!found || found->empty() || *found == "null") return {};
    switch ((*found)[0]) {
    case '"': {
        const std::string_view plain = found->substr(1, found->size() - 2);
        if (plain.find('\\') == std::string_view::npos) return ExpressionValue::of(plain);
        if (unescaped_.size() <= field.number) unescaped_.resize(field.number + 1);
        unescaped_[field.number] = json_string(*found).value_or(std::string());
        return ExpressionValue::of(std::string_view(unescaped_[field.number]));
    }
    case 't':
    case 'f': return ExpressionValue::of(*found == "true");
    case '{':
    case '[': return ExpressionValue::of(*found);
    default: break;
    }
    ExpressionValue number = ExpressionValue::of(0.0);
    number.text = *found;
    std::from_chars(found->data(), found->data() + found->size(), number.number);
    return number;
}

ExpressionValue MessageFields::property(const ExpressionField& field) const {
    const mqtt::PropertyInfo* info = find_named_property(field);
    using mqtt::PropertyType;
    if (info->type == PropertyType::utf8_string || info->type == PropertyType::binary) {
        const auto text = message_->properties.text(info->id);
        return text ? ExpressionValue::of(*text) : ExpressionValue{};
    }
    const auto number = message_->properties.number(info->id);
    return number ? ExpressionValue::of(static_cast<double>(*number)) : ExpressionValue{};
}

ExpressionValue MessageFields::user_property(std::string_view name) const {
    for (const mqtt::PropertyView& property : message_->properties) {
        const bool is_user = property.info->id == mqtt::PropertyId::user_property;
        if (is_user && property.name == name) return ExpressionValue::of(property.text);
    }
    return {};
}

Expression parse_message_expression(std::string_view option, std::string_view text) {
    const auto fail = [&](std::string_view what) {
        throw UsageError(fmt::format("option '{}': {}", option, what));
    };
    try {
        Expression expression = Expression::parse(text, Expression::BareField::condition);
        if (expression.has_durations()) {
            fail(fmt::format("'{}': messages have no durations; write a plain number", text));
        }
        for (const ExpressionField& field : expression.fields()) {
            const std::string problem = problem_of(field);
            if (!problem.empty()) {
                fail(fmt::format("'{}': {} at column {}", text, problem, field.column));
            }
        }
        return expression;
    } catch (const std::invalid_argument& error) {
        fail(error.what());
        throw;
    }
}

}  // namespace tools
