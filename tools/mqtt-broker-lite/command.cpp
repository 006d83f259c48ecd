// See command.hpp.
#include "mqtt-broker-lite/command.hpp"

#include <cstdio>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "common/flags.hpp"
#include "common/units.hpp"

namespace tools::broker_lite {

int run_command(const Command& command, const std::vector<std::string>& words) {
    const bool wants_help = !words.empty() && (words[0] == "--help" || words[0] == "-h");
    try {
        if (wants_help)
            print_output(command.help);
        else
            command.execute(words);
        return kExitDone;
    } catch (const ToolError& failure) {
        std::fprintf(stderr, "mqtt-broker-lite %s: %s\n", std::string(command.name).c_str(),
                     failure.what());
        return failure.code();
    } catch (const CommandFailure& failure) {
        std::fprintf(stderr, "mqtt-broker-lite %s: %s\n", std::string(command.name).c_str(),
                     failure.text.c_str());
    } catch (const UsageError& error) {
        std::fprintf(stderr, "mqtt-broker-lite: %s\n", error.what());
    }
    return kExitUsage;
}

}  // namespace tools::broker_lite
