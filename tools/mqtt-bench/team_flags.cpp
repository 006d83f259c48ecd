// Options of runs on several load hosts: of the coordinator, and of agents.
#include <array>

#include "common/units.hpp"
#include "mqtt-bench/bench_flags.hpp"

namespace mqtt::bench {
namespace {

using tools::FlagUse;
using tools::Takes;

constexpr std::string_view kTeam = "Several load hosts";

constexpr std::array kRows{
    BenchRow{{.long_name = "agents",
              .argument = "N",
              .category = kTeam,
              .help = "let so many agents do it together; see SEVERAL LOAD HOSTS"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.agents = static_cast<std::uint32_t>(
                     tools::parse_integer(use.typed(), use.word(), 1, 1000));
                 s.agents_given = true;
             }},
    BenchRow{{.long_name = "control",
              .argument = "URL",
              .category = kTeam,
              .help = "where agents meet: a broker of its own listens there, unless one is there",
              .details = "mqtt://USER:PASSWORD@0.0.0.0:1882 lets nobody else in.",
              .secret = tools::Secret::url},
             [](BenchSettings& s, const FlagUse& use) { s.control = use.word(); }},
    BenchRow{{.long_name = "join",
              .argument = "URL",
              .category = kTeam,
              .help = "agent: the coordinator's --control, as seen from here",
              .secret = tools::Secret::url},
             [](BenchSettings& s, const FlagUse& use) { s.join = use.word(); }},
    BenchRow{{.long_name = "once",
              .takes = Takes::nothing,
              .category = kTeam,
              .help = "agent: end after the first run instead of waiting for the next"},
             [](BenchSettings& s, const FlagUse&) { s.once = true; }},
};

}  // namespace

std::span<const BenchRow> team_rows() {
    return kRows;
}

}  // namespace mqtt::bench
