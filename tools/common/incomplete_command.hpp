// Under mosquitto_pub's name: the command line lacks what nothing can be done without, which shows the usage, too.
// Thrown by mqtt-pub's options, told of by app.
#pragma once

#include "common/flags.hpp"

namespace tools {

class IncompleteCommand : public UsageError {
public:
    using UsageError::UsageError;
};

}  // namespace tools
