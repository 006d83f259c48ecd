// The broker's figures as the API and Prometheus have them: one row per figure. Used by api_figures and
// figures_topic.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "broker/stats.hpp"

namespace mqtt::broker::http {

struct Figures {
    std::vector<ShardFigures> shards;
    BrokerStats whole;
    std::uint64_t resident_bytes = 0;  // of the process
};

// Asks every shard in turn; `done` is called on the first one's thread, in a later turn.
void collect_figures(Shared& shared, std::function<void(const Figures&)> done);

// As the system says; 0: it does not.
std::uint64_t resident_bytes();

// Prometheus' text format, per shard where a shard has it.
std::string as_metrics(const Figures& figures, const BrokerConfig& config);
// One object: names without mqtt_broker_, shards as an array.
std::string as_json(const Figures& figures, const BrokerConfig& config);

}  // namespace mqtt::broker::http
