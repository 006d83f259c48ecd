// -w: one line of the screen per topic, in order of first appearance. Appends escape sequences.
// Used by subscriber.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

namespace mqtt_sub {

class WatchScreen {
public:
    explicit WatchScreen(std::string host) : host_(std::move(host)) {}

    void start(std::string& out) const;
    void begin(std::string& out, std::string_view topic);  // moves to the topic's line
    void end(std::string& out) const;                      // moves below the last line

private:
    std::string host_;
    std::unordered_map<std::string, int> lines_;
};

}  // namespace mqtt_sub
