// What mosquitto's clients print with -d, to the byte, since people's scripts read it. Used by mqtt-pub and mqtt-sub
// under mosquitto's names; under our own the library's lines serve.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/flags.hpp"
#include "mqtt/packet.hpp"

namespace tools {

class MosquittoLog {
public:
    // Quiet: without what the program says itself between the library's lines.
    MosquittoLog(Persona persona, bool quiet) : persona_(persona), quiet_(quiet) {}

    // Appends the lines of a packet, one or more, each with its end. Their library acknowledges a message before the
    // program sees it: the lines of that come with the packet that is answered, not when ours answers.
    void append(std::string& out, const mqtt::PacketEvent& event);

    // Of a CONNACK that our library does not read: theirs does.
    static std::string unread_connack(Persona persona, std::string_view client_id, int code);

    // Of a DISCONNECT that ours does not send before CONNACK: mosquitto_rr does.
    static std::string farewell(std::string_view client_id);

private:
    void append_packet(const mqtt::Connect& packet, bool is_sent);
    void append_packet(const mqtt::Connack& packet, bool is_sent);
    void append_packet(const mqtt::Publish& packet, bool is_sent);
    void append_packet(const mqtt::Ack& packet, bool is_sent);
    void append_packet(const mqtt::Subscribe& packet, bool is_sent);
    void append_packet(const mqtt::Suback& packet, bool is_sent);
    void append_packet(const mqtt::Unsubscribe& packet, bool is_sent);
    void append_packet(const mqtt::Unsuback& packet, bool is_sent);
    void append_packet(const mqtt::Pingreq& packet, bool is_sent);
    void append_packet(const mqtt::Pingresp& packet, bool is_sent);
    void append_packet(const mqtt::Disconnect& packet, bool is_sent);
    void append_packet(const mqtt::Auth& packet, bool is_sent);
    bool is_told_already(const mqtt::PacketEvent& event) const;
    template <class... Arguments>
    void line(bool is_sent, const char* pattern, const Arguments&... arguments);

    std::string* out_ = nullptr;  // during append()
    std::string client_id_ = "(null)";
    bool was_answered_ = false;  // before CONNACK theirs says no farewell
    std::uint16_t last_id_ = 0;  // theirs counts messages with QoS 0, too
    mqtt::ProtocolVersion version_ = mqtt::ProtocolVersion::v5;
    Persona persona_;
    bool quiet_;
};

}  // namespace tools
