// JSON as text: appending strings, checking and walking a value without changing it. Numbers stay
// the text they were. Used by message output, --json-lines, reports. Knows no MQTT.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tools {

bool is_valid_utf8(std::string_view text);

// Appends `text` in quotes, escaped as JSON wants. `text` must be valid UTF-8 for valid JSON.
void append_json_string(std::string& out, std::string_view text);

void append_base64(std::string& out, std::string_view bytes);
std::optional<std::string> decode_base64(std::string_view text);

// True when `text` is one JSON value, blanks around it allowed.
bool is_json(std::string_view text);

// Appends a valid value without the blanks between its tokens; strings and numbers as they stand.
void append_json_compact(std::string& out, std::string_view value);
// The same in the indented form that mosquitto_sub --pretty prints (tabs, blank after colon = tab).
void append_json_pretty(std::string& out, std::string_view value);

// Walks an object or array: keys unescaped, values as they stand in the text. Returns false when
// `text` is not a valid object (array), or when `use` returned false.
using JsonMember = std::function<bool(std::string_view key, std::string_view value)>;
using JsonElement = std::function<bool(std::string_view value)>;
bool for_each_json_member(std::string_view text, const JsonMember& use);
bool for_each_json_element(std::string_view text, const JsonElement& use);

// The content of a JSON string "...", unescaped; nullopt: not a string or not valid.
std::optional<std::string> json_string(std::string_view value);

}  // namespace tools
