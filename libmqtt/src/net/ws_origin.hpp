// Whom a listener answers that web browsers can reach. A browser lets every page connect anywhere and only says
// in the Origin header whose page it is; without a rule any site that somebody visits reaches the brokers
// of that person's machine and network. Nor does Origin help alone: a site can have its own name answered
// with an address here (DNS rebinding), so the name in Host counts as well. Used by the upgrade and by
// the broker's HTTP API.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "net/http_head.hpp"

namespace mqtt::net {

class ByteStream;

enum class WebVerdict : std::uint8_t { allowed, foreign_page, unknown_host };

// Of an upgrade that came over `stream`. With `allowed` an Origin must be one of them, "*" being all.
// Without, it must be of the host that the request was sent to (Host, any port). An origin that is
// listed may come by every host name; all others, and programs, which send no Origin, by an own one.
WebVerdict judge_upgrade(const HttpHead& head, std::span<const std::string> allowed,
                         const ByteStream* stream = nullptr);

// The same for requests that do something without an upgrade: an Origin must be among `allowed` (* names
// none here), or be the very host and port that the request was sent to.
bool is_same_origin(const HttpHead& head, std::span<const std::string> allowed);

// The host that a request was sent to (Host) is one that only this machine can have:
//   - an address, localhost, the machine's name, also below .local, .lan, .home.arpa and .internal,
//   - the host of an origin in `allowed`,
//   - on a TLS connection a name in the listener's certificate,
//   - on one that did not come over loopback a name without a dot, which no site on the Internet has.
// Where no browser connects to (a Unix socket, a proxy's PROXY header) every name is. Others are names
// with which somebody else's DNS leads browsers here. `stream`: null for loopback.
bool is_host_own(const HttpHead& head, std::span<const std::string> allowed,
                 const ByteStream* stream = nullptr);

}  // namespace mqtt::net
