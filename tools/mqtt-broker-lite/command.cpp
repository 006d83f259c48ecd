// See command.hpp.
#include "mqtt-broker-lite/command.hpp"

#include <cstdio>

#include "common/exit_code.hpp"
#include "common/flags.hpp"
#include "common/units.hpp"

namespace tools::broker_lite {

int run_command(const Command& command, const std::vector<std::string>& words) {
    if (!words.empty() && (words[0] == "--help" || words[0] == "-h")) {
        std::fputs(std::string(command.help).c_str(), stdout);
        return kExitDone;
    }
    try {
        command.execute(words);
        return kExitDone;
    } catch (const CommandFailure& failure) {
        std::fprintf(stderr, "mqtt-broker-lite %s: %s\n", std::string(command.name).c_str(),
                     failure.text.c_str());
    } catch (const UsageError& error) {
        std::fprintf(stderr, "mqtt-broker-lite: %s\n", error.what());
    }
    return kExitUsage;
}

}  // namespace tools::broker_lite
