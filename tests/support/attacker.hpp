// The wire end of a hostile case: a socket that sends anything while it reads what comes, and names what
// came: "CONNACK 81", "SUBACK 00 8F", "PUBLISH", "HTTP 400", "WSCLOSE 1003", "closed".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt::test {

class Attacker {
public:
    enum class Wire : std::uint8_t { mqtt, http, websocket, opaque };

    Attacker(std::uint16_t port, Wire wire, ProtocolVersion version);
    ~Attacker();
    Attacker(const Attacker&) = delete;
    Attacker& operator=(const Attacker&) = delete;

    // Reads meanwhile, so that neither side waits for the other. What cannot be sent any more is not.
    void send(std::string_view bytes);
    void trickle(std::string_view bytes, std::chrono::milliseconds pause);
    void half_close();
    void close();
    void reset();
    // Reads until `count` things have come, `pings` of them answers to PINGREQ, or the end, or the
    // deadline.
    void read_until(std::size_t count, std::size_t pings);
    bool is_open() const { return fd_ >= 0; }

    std::vector<std::string> events;

private:
    bool poll_once(short what, int milliseconds);
    void receive();
    void name_events();
    bool name_http();
    bool unframe();
    bool name_packet();
    void add(std::string event) { events.push_back(std::move(event)); }

    int fd_ = -1;
    Wire wire_;
    ProtocolVersion version_;
    bool ended_ = false;
    std::size_t pings_ = 0;
    std::string input_;   // MQTT, or HTTP
    std::string frames_;  // WebSocket
};

}  // namespace mqtt::test
