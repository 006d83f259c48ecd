// See watch_screen.hpp.
#include "mqtt-sub/watch_screen.hpp"

namespace mqtt_sub {
namespace {

constexpr int kFirstLine = 2;  // below "Broker: ..."

}  // namespace

void WatchScreen::start(std::string& out) const {
    out += "\x1b[2J\x1b[1;1HBroker: " + host_ + "\n";
}

void WatchScreen::begin(std::string& out, std::string_view topic) {
    const int next = kFirstLine + static_cast<int>(lines_.size());
    const int line = lines_.try_emplace(std::string(topic), next).first->second;
    out += "\x1b[" + std::to_string(line) + ";1H\x1b[K";
}

void WatchScreen::end(std::string& out) const {
    out += "\x1b[" + std::to_string(kFirstLine + static_cast<int>(lines_.size())) + ";1H";
}

}  // namespace mqtt_sub
