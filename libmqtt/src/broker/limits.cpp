// The table of limits, and telling of them without flooding the log.
#include "broker/limits.hpp"

#include <fmt/format.h>

#include "broker/log_lines.hpp"
#include "core/describe.hpp"

namespace mqtt {
namespace {

constexpr LimitInfo kTable[] = {
    {"max_connections", "Client connection from {} denied: max_connections exceeded."},
    {"listener_max_connections",
     "Client connection from {} denied: max_connections of its listener exceeded."},
    {"max_connections_per_address",
     "Client connection from {} denied: max_connections_per_address exceeded."},
    {"max_connect_rate", "Accepting waits at listener {}: max_connect_rate exceeded."},
    {"descriptors",
     "Accepting waits at listener {}: out of file descriptors (raise the limit with ulimit -n)."},
    {"connect_timeout", "Client connection from {} closed: no CONNECT within connect_timeout."},
    {"max_waiting_logins", "Client {} refused: too many logins are being checked."},
    {"max_login_delay",
     "Refusal of a login from {} delayed: too many have failed from its address or for its user "
     "(max_login_delay)."},
    {"login_budget",
     "Login from {} waits for its turn: failed ones have used up their share of the CPU time."},
    {"max_connect_packet_size",
     "Client connection from {} closed: CONNECT over max_connect_packet_size."},
    {"max_keepalive", "Client {} refused: keep-alive over max_keepalive."},
    {"global_max_clients", "Client {} refused: global_max_clients exceeded."},
    {"max_subscriptions", "Subscription of client {} refused: max_subscriptions exceeded."},
    {"max_topic_levels", "Topic of client {} refused: max_topic_levels exceeded."},
    {"max_publish_rate", "Reading from client {} waits: max_publish_rate exceeded."},
    {"message_size_limit", "Dropped too large PUBLISH from {}: message_size_limit exceeded."},
    {"store_failing", "Request of client {} refused: the store cannot be written."},
    {"memory_soft", "Request of client {} refused: memory_limit is near."},
    {"memory_hard", "Queue of client {} thrown away: memory_limit reached."},
    {"queue_overflow_disconnect", "Client {} disconnected: its queue is full."},
    {"queue_overflow_block", "Acknowledgement withheld: the queue of client {} is full."},
    {"sys_publish", "Client {} may not publish into $SYS: refused."},
    {"check_payload_format", "Payload of client {} refused: marked as text and not UTF-8."},
    {"publish_rights", "PUBLISH of client {} refused: not authorized (acl_file)."},
};
static_assert(std::size(kTable) == kLimits);

}  // namespace

const LimitInfo& info(Limit limit) {
    return kTable[static_cast<std::size_t>(limit)];
}

namespace broker {

void LimitTeller::tell(Limit limit, std::string_view who, TimePoint now) {
    Told& told = told_[static_cast<std::size_t>(limit)];
    if (!log_.enabled()) return;
    if (now < told.next) {
        ++told.silent;
        return;
    }
    const std::string name = core::escape_controls(who);
    std::string line = fmt::format(fmt::runtime(info(limit).line), name);
    if (told.silent != 0) line += fmt::format(" ({} more since the last such line)", told.silent);
    told = {now + kQuiet, 0};
    log_.line(LogLevel::warning, line, {.event = "limit", .limit = info(limit).name});
}

}  // namespace broker
}  // namespace mqtt
