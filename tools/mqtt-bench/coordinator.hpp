// Several load hosts as one: --agents. A control broker (our own, unless one is there), agents that have
// joined, one plan for all of them, a common start, and one result. Measures nothing itself but the
// broker under test.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "mqtt-bench/results.hpp"
#include "mqtt-bench/run.hpp"
#include "mqtt-bench/team_messages.hpp"
#include "mqtt/endpoint.hpp"

namespace mqtt::bench {

class Coordinator {
public:
    using Say = std::function<void(const std::string&)>;
    // Listens at once. `say`: a line for people. Throws std::runtime_error when there is no control
    // broker to be had.
    Coordinator(const ParsedUrl& control, std::uint32_t agents, Say say);
    ~Coordinator();  // agents wait for the next coordinator

    // What agents are told beside the spec, which they make again from it: command, scenario, variant,
    // options. Throws as Run does.
    Result run(Spec spec, TeamPlan order, const Run::Observer& observer);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

// ConnectOptions of a control URL.
ConnectOptions control_options(const ParsedUrl& control);
// Throws std::invalid_argument.
ParsedUrl parse_control(const std::string& url);

}  // namespace mqtt::bench
