// -D under mosquitto's names: what its clients say at once of each, and of all when every option is right. The
// sentences are theirs as they stand, so mosquitto_words leaves them alone.
#pragma once

#include "common/connect_settings.hpp"
#include "common/flags.hpp"

namespace tools {

// Throws UsageError.
void add_mosquitto_property(ConnectSettings& settings, const FlagUse& use);

// Values that the standard forbids, and properties that came twice, of -x and -c, too. Throws UsageError.
void check_mosquitto_properties(const ConnectSettings& settings);

}  // namespace tools
