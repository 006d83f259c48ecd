// See scenario_list.hpp.
#include "mqtt-bench/scenario_list.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "mqtt-bench/outputs.hpp"
#include "mqtt-bench/presets.hpp"
#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

int list_scenarios(const std::string& name) {
    if (!name.empty()) {
        const auto text = preset_text(name);
        if (!text) throw std::invalid_argument(fmt::format("no preset is called '{}'", name));
        write_stdout(text->substr(text->find_first_not_of('\n')));
        return kExitOk;
    }
    std::string out;
    for (const Preset& preset : presets())
        out += fmt::format("{:<28} {}  [{}]\n", preset.name, preset.summary, preset.origin);
    out +=
        "\n* is a number (10, 1k, 1M). mqtt-bench list NAME prints the text, mqtt-bench run NAME\n"
        "runs it, --scale 0.01 makes it smaller, -d 10s shorter, --embedded needs no broker.\n";
    write_stdout(out);
    return kExitOk;
}

}  // namespace mqtt::bench
