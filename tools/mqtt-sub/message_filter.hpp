// Which received messages are shown: -T, -R, --retained-only, --random-filter, then the selection.
// Used by subscriber. Knows no output.
#pragma once

#include <optional>
#include <random>

#include "mqtt-sub/options.hpp"

namespace mqtt_sub {

class MessageFilter {
public:
    explicit MessageFilter(const Options& options);

    bool is_hidden(std::string_view topic) const;  // by -T
    // Counts as chance drawn: ask once per message.
    bool is_shown(const mqtt::Publish& message);

private:
    const Options& options_;
    std::optional<Selection> selection_;
    std::minstd_rand random_;
    std::uniform_real_distribution<double> percent_{0, 100};
};

}  // namespace mqtt_sub
