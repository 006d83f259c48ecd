// What the manual says of the $SYS tree: its topics are those of libmqtt's sys_topics, and tests/cli/sys_topics.t
// compares the two.
#pragma once

#include <string_view>

namespace tools::broker_lite {

extern const std::string_view kSysText;

}  // namespace tools::broker_lite
