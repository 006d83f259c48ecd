// The section HTTP API of the manual page. tests/cli/http_api.t runs its curl lines.
#pragma once

#include <string_view>

namespace tools::broker_lite {

extern const std::string_view kHttpText;

}  // namespace tools::broker_lite
