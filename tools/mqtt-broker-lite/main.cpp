// mqtt-broker-lite: which command it is, and the parts that answer it.
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include "common/app.hpp"
#include "common/docs_gen.hpp"
#include "common/exit_code.hpp"
#include "common/terminal.hpp"
#include "mqtt-broker-lite/conf_apply.hpp"
#include "mqtt-broker-lite/conf_page.hpp"
#include "mqtt-broker-lite/init.hpp"
#include "mqtt-broker-lite/passwd.hpp"
#include "mqtt-broker-lite/serve.hpp"
#include "mqtt-broker-lite/store_command.hpp"

namespace tools::broker_lite {
namespace {

int run(const Invocation& invocation) {
    Setup setup = read_setup(invocation);
    if (setup.options.usage) {
        print_output(help_text(tool_info(), false, terminal_width(STDOUT_FILENO)));
        return kExitDone;
    }
    check_persistence(setup);
    if (setup.options.check_config) {
        check_setup(setup);
        if (!tell_problems(setup.conf)) return kExitUsage;
        std::fputs("Configuration file is OK.\n", stderr);
        return kExitDone;
    }
    if (!setup.conf.has_errors()) load_certificates(setup.conf, setup.config);
    if (!tell_problems(setup.conf)) return kExitUsage;
    if (setup.options.print_config) {
        print_output(effective_text(setup));
        return kExitDone;
    }
    try {
        return serve(setup);
    } catch (const std::invalid_argument& contradiction) {
        throw std::invalid_argument(setup.conf.at_named_key(contradiction.what()));
    }
}

}  // namespace
}  // namespace tools::broker_lite

int main(int argc, char** argv) {
    using namespace tools::broker_lite;
    const std::string command = argc > 1 ? argv[1] : "";
    if (command == "passwd") return run_passwd({argv + 2, argv + argc});
    if (command == "store") return run_store(argc, argv);
    if (command == "init") return run_init({argv + 2, argv + argc});
    if (argc == 3 && command == "--generate" && std::string(argv[2]) == "conf") {
        std::fputs(conf_page().c_str(), stdout);
        return tools::kExitDone;
    }
    tools::Tool tool;
    tool.info = tool_info();
    tool.run = run;
    return tools::run_app(argc, argv, tool);
}
