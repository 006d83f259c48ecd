// The command line of emqtt-bench, where its words are not our options' names anyway: switches with true or false
// behind them, versions 3 and 4, options that say what is always so here. Used by main before it parses, and for
// the man page. Options that are spelled as there and mean the same have an alias in their row instead.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace mqtt::bench {

struct EmqttWords {
    std::vector<std::string> words;  // ours
    std::vector<std::string> notes;  // what was asked for and does nothing
};

// Words that are ours already come back as they are. Throws std::invalid_argument for what emqtt-bench can
// do and we cannot.
EmqttWords from_emqtt_words(std::span<const std::string> words);

// A paragraph for each kind of difference.
std::string emqtt_words_text();

}  // namespace mqtt::bench
