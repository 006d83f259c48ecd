// Which web pages may open a WebSocket here. A browser lets every page connect anywhere and only says in
// the Origin header whose page it is; without a rule any site that somebody visits reaches the brokers
// of that person's machine and network. Used by the upgrade and by the broker's HTTP API; text in, verdict
// out.
#pragma once

#include <span>
#include <string>

#include "net/http_head.hpp"

namespace mqtt::net {

// Requests without Origin come from programs, and are allowed. With `allowed` the Origin must be one of
// them, "*" being all. Without, it must be of the host that the request was sent to (Host, any port),
// and that host an address or a name of this machine: a name that somebody else's DNS answers with our
// address does not count.
bool is_origin_allowed(const HttpHead& head, std::span<const std::string> allowed);

// The same for requests that do something without an upgrade: an Origin must be among `allowed` (* names
// none here), or be the very host and port that the request was sent to.
bool is_same_origin(const HttpHead& head, std::span<const std::string> allowed);

// The host that a request was sent to (Host) is an address or a name of this machine, or that of an
// origin in `allowed`. Others are names with which somebody else's DNS leads browsers here.
bool is_host_own(const HttpHead& head, std::span<const std::string> allowed);

}  // namespace mqtt::net
