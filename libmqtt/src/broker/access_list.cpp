// ACL files as mosquitto reads them, and what they allow.
#include <fstream>

#include "mqtt/access.hpp"
#include "mqtt/topic.hpp"

namespace mqtt {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// The first word, taken away with the blanks behind it.
std::string_view next_word(std::string_view& text) {
    const std::size_t end = std::min(text.find_first_of(kBlank), text.size());
    const std::string_view word = text.substr(0, end);
    text = trimmed(text.substr(end));
    return word;
}

bool has_special(std::string_view text) {
    return text.find_first_of("+#") != std::string_view::npos;
}

std::string_view next_level(std::string_view& topic, bool& more) {
    const std::size_t end = std::min(topic.find('/'), topic.size());
    const std::string_view level = topic.substr(0, end);
    more = end < topic.size();
    topic.remove_prefix(more ? end + 1 : end);
    return level;
}

// Some topic name matches both filters.
bool overlap(std::string_view a, std::string_view b) {
    if (a.starts_with('$') != b.starts_with('$')) return false;
    for (bool more_a = true, more_b = true; more_a && more_b;) {
        const std::string_view x = next_level(a, more_a);
        const std::string_view y = next_level(b, more_b);
        if (x == "#" || y == "#") return true;
        if (x != "+" && y != "+" && x != y) return false;
        if (more_a != more_b) return more_a ? a == "#" : b == "#";
    }
    return true;
}

// Whatever matches `filter` matches `wide`, too.
bool covers(std::string_view wide, std::string_view filter) {
    if (filter.starts_with('$') && (wide.starts_with('+') || wide.starts_with('#'))) return false;
    for (bool more_wide = true, more = true; more_wide;) {
        const std::string_view x = next_level(wide, more_wide);
        if (x == "#") return true;
        if (!more) return false;
        const std::string_view y = next_level(filter, more);
        if (y == "#" || (x != "+" && x != y)) return false;
        if (!more_wide && more) return false;
    }
    return true;
}

}  // namespace

std::optional<AccessList::Rule> AccessList::parse_rule(std::string_view words) {
    static constexpr std::pair<std::string_view, Right> kRights[] = {
        {"read", Right::read}, {"write", Right::write},         {"readwrite", Right::both},
        {"deny", Right::deny}, {"subscribe", Right::subscribe},
    };
    Rule rule;
    std::string_view rest = words;
    const std::string_view first = next_word(rest);
    for (const auto& [word, right] : kRights) {
        if (first != word || rest.empty()) continue;
        rule.right = right;
        words = rest;
        break;
    }
    if (!validate_topic_filter(words)) return std::nullopt;
    rule.filter = words;
    return rule;
}

FileError AccessList::load(const std::string& path) {
    std::ifstream in(path);
    if (!in) return {path + ": cannot be read"};
    AccessList list;
    list.path_ = path;
    Rules* rules = &list.anonymous_;
    std::string text;
    for (int number = 1; std::getline(in, text); ++number) {
        std::string_view line = trimmed(text);
        if (line.empty() || line.starts_with('#')) continue;
        const auto wrong = [&](const std::string& what) {
            return FileError{path + ":" + std::to_string(number) + ": " + what};
        };
        const std::string_view key = next_word(line);
        if (key == "user") {
            if (line.empty()) return wrong("the name is missing after user");
            rules = &list.users_[std::string(line)];
        } else if (key == "topic" || key == "pattern") {
            auto rule = parse_rule(line);
            if (!rule) return wrong("not a topic filter: '" + std::string(line) + "'");
            rule->line = number;
            (key == "topic" ? *rules : list.patterns_).push_back(*rule);
        } else {
            return wrong("'" + std::string(key) + "' is none of user, topic and pattern");
        }
    }
    if (in.bad()) return {path + ": cannot be read"};
    *this = std::move(list);
    return {};
}

// Nothing: the pattern is not for this client, or a name in it would act as a wildcard (CVE-2017-7650).
std::optional<std::string> AccessList::expanded(const std::string& pattern,
                                                const AccessRequest& request) {
    std::string filter;
    std::string_view rest = pattern;
    for (bool more = true; more;) {
        const std::string_view level = next_level(rest, more);
        if (level == "%u" && request.user_name.empty()) return std::nullopt;
        filter += level == "%u" ? request.user_name : level == "%c" ? request.client_id : level;
        if (more) filter += '/';
    }
    return filter;
}

// Denials come first, then what grants; nothing: no rule says anything.
const AccessList::Rule* AccessList::deciding(const Rules& rules, const AccessRequest& request) {
    const unsigned wanted = request.access == Access::publish ? 2U : 1U;
    for (const Rule& rule : rules) {
        if (rule.right == Right::deny && topic_matches(rule.filter, request.topic)) return &rule;
    }
    for (const Rule& rule : rules) {
        if ((static_cast<unsigned>(rule.right) & wanted) != 0 && rule.right != Right::deny &&
            topic_matches(rule.filter, request.topic)) {
            return &rule;
        }
    }
    return nullptr;
}

std::optional<bool> AccessList::verdict(const Rules& rules, const AccessRequest& request) {
    const Rule* rule = deciding(rules, request);
    return rule == nullptr ? std::nullopt : std::optional(rule->right != Right::deny);
}

std::string AccessList::explain(const AccessRequest& request) const {
    if (!patterns_.empty() && (has_special(request.user_name) || has_special(request.client_id))) {
        return "its client id or user name contains + or #, for which no pattern is expanded";
    }
    const auto found = users_.find(request.user_name);
    const Rules* own = request.user_name.empty() ? &anonymous_
                       : found == users_.end()   ? nullptr
                                                 : &found->second;
    const Rules patterns = patterns_for(request);
    const Rule* rule = own == nullptr ? nullptr : deciding(*own, request);
    if (rule == nullptr) rule = deciding(patterns, request);
    if (rule != nullptr && rule->right == Right::deny) {
        return path_ + ":" + std::to_string(rule->line) + " denies it (deny " + rule->filter + ")";
    }
    const std::string who = request.user_name.empty()
                                ? std::string("clients without user name")
                                : "user '" + std::string(request.user_name) + "'";
    return "no line of " + path_ + " lets " + who +
           (request.access == Access::publish ? " write it" : " read it");
}

bool AccessList::may_read_some(const AccessRequest& request) const {
    AccessRequest plain = request;
    if (const auto shared = parse_shared_filter(request.topic)) plain.topic = shared->filter;
    const auto grants = [&](const Rule& rule, std::string_view filter) {
        const bool may = rule.right == Right::read || rule.right == Right::both ||
                         rule.right == Right::subscribe;
        return may && overlap(filter, plain.topic);
    };
    const auto found = users_.find(request.user_name);
    const Rules* own = request.user_name.empty() ? &anonymous_
                       : found == users_.end()   ? nullptr
                                                 : &found->second;
    // Denials first, as for topics; only what they leave nothing of is refused.
    const auto said = [&](const Rules& rules) -> std::optional<bool> {
        for (const Rule& rule : rules)
            if (rule.right == Right::deny && covers(rule.filter, plain.topic)) return false;
        for (const Rule& rule : rules)
            if (grants(rule, rule.filter)) return true;
        return std::nullopt;
    };
    if (own != nullptr) {
        if (const auto verdict = said(*own)) return *verdict;
    }
    return said(patterns_for(request)).value_or(false);
}

AccessList::Rules AccessList::patterns_for(const AccessRequest& request) const {
    Rules patterns;
    patterns.reserve(patterns_.size());
    for (const Rule& rule : patterns_) {
        if (auto filter = expanded(rule.filter, request))
            patterns.push_back({rule.right, *filter, rule.line});
    }
    return patterns;
}

bool AccessList::allows(const AccessRequest& request) const {
    if (!patterns_.empty() && (has_special(request.user_name) || has_special(request.client_id))) {
        return false;
    }
    if (request.access == Access::subscribe) return may_read_some(request);
    const auto found = users_.find(request.user_name);
    if (request.user_name.empty()) {
        if (const auto said = verdict(anonymous_, request)) return *said;
    } else if (found != users_.end()) {
        if (const auto said = verdict(found->second, request)) return *said;
    }
    return verdict(patterns_for(request), request).value_or(false);
}

}  // namespace mqtt
