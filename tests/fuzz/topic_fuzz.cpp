// Topic names and filters: a line with a filter, then a name. Validation of any bytes, and matching equal
// to the definition for valid ones.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "mqtt/topic.hpp"
#include "mqtt/types.hpp"
#include "support/naive_topic.hpp"

namespace {

using namespace mqtt;

[[noreturn]] void fail(const char* what, std::string_view text) {
    std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
    std::abort();
}

void check_name(std::string_view name) {
    if (!validate_topic_name(name)) return;
    if (name.empty() || has_wildcard(name)) fail("valid name with a wildcard", name);
    if (name.find('\0') != std::string_view::npos) fail("valid name with U+0000", name);
    if (!validate_topic_filter(name) && !name.starts_with("$share/")) {
        fail("a name that is no filter", name);
    }
    if (validate_topic_filter(name) && !topic_matches(name, name)) {
        fail("a name that does not match itself", name);
    }
}

void check_filter(std::string_view filter) {
    if (!validate_topic_filter(filter)) return;
    const auto shared = parse_shared_filter(filter);
    if (shared.has_value() != filter.starts_with("$share/")) fail("shared or not", filter);
    if (!shared) return;
    if (shared->share_name.empty() || has_wildcard(shared->share_name)) {
        fail("valid share name", filter);
    }
    if (shared->filter.empty()) fail("valid shared filter", filter);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text({data, size});
    const std::size_t newline = std::min(text.find('\n'), text.size());
    const std::string_view filter = text.substr(0, newline);
    const std::string_view name = text.substr(std::min(newline + 1, text.size()));
    check_filter(filter);
    check_name(name);
    check_name(filter);
    if (!validate_topic_filter(filter) || !validate_topic_name(name)) return 0;
    if (topic_matches(filter, name) != test::matches_naively(filter, name)) {
        fail("matching differs from the definition", text);
    }
    return 0;
}
