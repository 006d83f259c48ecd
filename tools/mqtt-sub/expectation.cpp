// See expectation.hpp.
#include "mqtt-sub/expectation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "common/flags.hpp"
#include "common/json.hpp"

namespace mqtt_sub {
namespace {

bool has_property(const mqtt::Properties& properties, const mqtt::PropertyView& wanted) {
    for (const mqtt::PropertyView& own : properties) {
        if (own.info == wanted.info && own.number == wanted.number && own.text == wanted.text &&
            own.name == wanted.name) {
            return true;
        }
    }
    return false;
}

}  // namespace

Expected::Expected(std::string_view option, std::string_view text)
    : text_(text)
    , what_(text.starts_with('{')
                ? decltype(what_)(parse_pattern(option, text))
                : decltype(what_)(tools::parse_message_expression(option, text))) {}

Expected::Pattern Expected::parse_pattern(std::string_view option, std::string_view text) {
    std::string problem;
    auto message = tools::parse_message_json(text, problem);
    if (!message) throw tools::UsageError(fmt::format("{}: {}", option, problem));
    Pattern pattern{std::move(*message), false};
    tools::for_each_json_member(text, [&](std::string_view key, std::string_view) {
        if (key == "payload" || key == "payload_b64") pattern.has_payload = true;
        return true;
    });
    return pattern;
}

bool Expected::matches(const Pattern& pattern, const mqtt::Publish& message) {
    const tools::JsonMessage& wanted = pattern.message;
    if (wanted.topic && *wanted.topic != message.topic) return false;
    if (wanted.qos && *wanted.qos != message.qos) return false;
    if (wanted.retain && *wanted.retain != message.retain) return false;
    if (pattern.has_payload && wanted.payload != mqtt::as_text(message.payload)) return false;
    for (const mqtt::PropertyView& property : wanted.properties.view()) {
        if (!has_property(message.properties, property)) return false;
    }
    return true;
}

bool Expected::is_met_by(const mqtt::Publish& message, tools::MessageFields& fields) const {
    if (const auto* pattern = std::get_if<Pattern>(&what_)) return matches(*pattern, message);
    fields.set(message);
    return std::get<tools::Expression>(what_).evaluate(fields) == tools::Expression::Outcome::pass;
}

Expectation Expectation::until(std::string_view expression) {
    Expectation made;
    made.all_.emplace_back("--until", expression);
    return made;
}

Expectation Expectation::from_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    if (file) content << file.rdbuf();
    const int why = std::filesystem::is_directory(path) ? EISDIR : errno;
    if (!file || why == EISDIR) {
        throw tools::UsageError(fmt::format("cannot read '{}': {} (option '--expect')", path,
                                            std::generic_category().message(why)));
    }
    return from_lines(path, content.str());
}

Expectation Expectation::from_lines(std::string_view name, std::string_view lines) {
    Expectation made;
    for (std::size_t number = 1; !lines.empty(); ++number) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos || line[begin] == '#') continue;
        made.all_.emplace_back(fmt::format("{}:{}", name, number), line.substr(begin));
    }
    if (made.all_.empty()) {
        throw tools::UsageError(fmt::format("'{}' expects nothing (option '--expect')", name));
    }
    return made;
}

bool Expectation::take(const mqtt::Publish& message) {
    if (is_met() || !all_[seen_].is_met_by(message, fields_)) return false;
    return ++seen_ == all_.size();
}

std::string Expectation::missing() const {
    if (is_met()) return {};
    if (all_.size() == 1) return fmt::format("not seen: {}", all_[0].text());
    return fmt::format("not seen, {} of {}: {}", seen_ + 1, all_.size(), all_[seen_].text());
}

}  // namespace mqtt_sub
