// The server's side of one SCRAM-SHA-256 exchange (RFC 5802 with the hash of RFC 7677), without channel
// binding. Texts in, texts out: how they travel (AUTH packets) does not live here.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "mqtt/scram.hpp"

namespace mqtt::broker {

class ScramServer {
public:
    static constexpr std::string_view kMethod = "SCRAM-SHA-256";
    // Of a user; nothing: unknown.
    using Find = std::function<std::optional<ScramCredentials>(std::string_view user)>;

    // The client's first message to ours, or nothing: refused. An unknown user gets a challenge like
    // any other and fails at its end.
    std::optional<std::string> first(std::string_view message, const Find& find);
    // The client's proof to our signature, or nothing: refused.
    std::optional<std::string> last(std::string_view message);

    const std::string& user() const { return user_; }

private:
    std::string user_;
    std::string binding_;     // what the client must repeat: base64 of its GS2 header
    std::string nonce_;       // the client's and ours
    std::string transcript_;  // client-first-bare,server-first
    ScramCredentials credentials_;
    bool is_known_ = false;
};

}  // namespace mqtt::broker
