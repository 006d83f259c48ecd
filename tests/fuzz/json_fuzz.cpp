// JSON: what is valid can be walked, and stays valid and the same when written in other forms; and
// message lines that are read are printed and read again the same.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "common/json.hpp"
#include "common/message_json.hpp"

namespace {

using namespace tools;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}

void check_value(std::string_view text) {
    std::string compact, again, pretty;
    append_json_compact(compact, text);
    require(is_json(compact), "the compact form is valid");
    append_json_compact(again, compact);
    require(again == compact, "the compact form is final");
    append_json_pretty(pretty, text);
    require(is_json(pretty), "the pretty form is valid");
    again.clear();
    append_json_compact(again, pretty);
    require(again == compact, "both forms say the same");
    for_each_json_member(text, [](std::string_view, std::string_view value) {
        require(is_json(value), "members are valid");
        return true;
    });
    for_each_json_element(text, [](std::string_view value) {
        require(is_json(value), "elements are valid");
        return true;
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const bool valid = is_json(text);
    if (valid) check_value(text);
    if (const auto string = json_string(text)) {
        require(valid, "a string is a value");
        if (is_valid_utf8(*string)) {
            std::string written;
            append_json_string(written, *string);
            require(json_string(written) == *string, "strings survive");
        }
    }
    if (const auto bytes = decode_base64(text)) {
        std::string written;
        append_base64(written, *bytes);
        require(decode_base64(written) == *bytes, "base64 survives");
    }
    std::string problem;
    MessageTimes times;
    const auto message = parse_message_json(text, problem, &times);
    require(message || !problem.empty(), "a refusal has a reason");
    require(!message || valid, "a message is valid JSON");
    return 0;
}
