// Options of find and vs only.
#include <array>
#include <stdexcept>

#include <fmt/format.h>

#include "common/expression.hpp"
#include "common/units.hpp"
#include "mqtt-bench/bench_flags.hpp"

namespace mqtt::bench {
namespace {

using tools::Expression;
using tools::FlagUse;
using tools::UsageError;

constexpr std::string_view kFind = "find";
constexpr std::string_view kVersus = "vs";

pid_t to_pid(const FlagUse& use) {
    return static_cast<pid_t>(tools::parse_integer(use.typed(), use.word(), 1, 1 << 30));
}

constexpr std::array kRows{
    BenchRow{
        {.long_name = "slo",
         .argument = "EXPRESSION",
         .category = kFind,
         .help = "objective that a rate must hold, as in --assert",
         .details = "Beside it a rate must be sent in time, lose nothing and pile up nothing: the "
                    "slope of what waits, with its 95 % interval, is not above 0. Unless "
                    "--warmup and -d say otherwise, a rate is measured once it is steady, for "
                    "five seconds or until 2,000 samples lie above the highest percentile "
                    "named here.",
         .repeatable = true},
        [](BenchSettings& s, const FlagUse& use) {
            try {
                Expression::parse(use.word());
            } catch (const std::invalid_argument& error) {
                throw UsageError(fmt::format("option '--slo': {}", error.what()));
            }
            s.objectives.push_back(use.word());
        }},
    BenchRow{{.long_name = "lo",
              .argument = "RATE",
              .category = kFind,
              .help = "rate to start with; a quarter of saturation unless given"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.low = tools::parse_rate(use.typed(), use.word());
             }},
    BenchRow{{.long_name = "hi",
              .argument = "RATE",
              .category = kFind,
              .help = "rate to stop at; none unless given"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.high = tools::parse_rate(use.typed(), use.word());
             }},
    BenchRow{{.long_name = "tol",
              .argument = "PERCENT",
              .category = kFind,
              .help = "how close the passing and the failing rate must come",
              .initial = "3%"},
             [](BenchSettings& s, const FlagUse& use) {
                 std::string_view word = use.word();
                 if (word.ends_with('%')) word.remove_suffix(1);
                 s.tolerance = tools::parse_number(use.typed(), word, 0.1, 100) / 100;
             }},
    BenchRow{{.long_name = "a",
              .argument = "URL",
              .category = kVersus,
              .help = "the first broker, user and password with it",
              .secret = tools::Secret::url},
             [](BenchSettings& s, const FlagUse& use) { s.url_a = use.word(); }},
    BenchRow{{.long_name = "b",
              .argument = "URL",
              .category = kVersus,
              .help = "the second broker",
              .secret = tools::Secret::url},
             [](BenchSettings& s, const FlagUse& use) { s.url_b = use.word(); }},
    BenchRow{{.long_name = "a-pid",
              .argument = "PID",
              .category = kVersus,
              .help = "process of the first broker, for its CPU time"},
             [](BenchSettings& s, const FlagUse& use) { s.pid_a = to_pid(use); }},
    BenchRow{{.long_name = "b-pid",
              .argument = "PID",
              .category = kVersus,
              .help = "process of the second broker"},
             [](BenchSettings& s, const FlagUse& use) { s.pid_b = to_pid(use); }},
    BenchRow{{.long_name = "rounds",
              .argument = "N",
              .category = kVersus,
              .help = "pairs of runs, A B B A ...",
              .initial = "8"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.rounds =
                     static_cast<int>(tools::parse_integer(use.typed(), use.word(), 1, 10'000));
             }},
};

}  // namespace

std::span<const BenchRow> search_rows() {
    return kRows;
}

}  // namespace mqtt::bench
