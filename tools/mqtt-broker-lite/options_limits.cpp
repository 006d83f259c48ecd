// Flags of limits; see options.hpp.
#include <algorithm>
#include <limits>

#include "common/units.hpp"
#include "mqtt-broker-lite/options.hpp"

namespace tools::broker_lite {
namespace {

template <class T>
T number(const FlagUse& use, std::int64_t minimum, std::int64_t maximum) {
    return static_cast<T>(parse_integer(use.typed(), use.word(), minimum, maximum));
}

std::chrono::milliseconds milliseconds(const FlagUse& use) {
    const auto duration = parse_duration(use.typed(), use.word());
    return std::chrono::ceil<std::chrono::milliseconds>(duration);
}

std::uint32_t expiry(const FlagUse& use) {
    if (use.word() == "never") return mqtt::kNeverExpires;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(milliseconds(use)).count();
    if (seconds >= mqtt::kNeverExpires) throw UsageError(use.typed() + ": too long (say never)");
    return static_cast<std::uint32_t>(seconds);
}

double per_second(const FlagUse& use) {
    return use.word() == "0" ? 0 : parse_rate(use.typed(), use.word());
}

void set_queue_overflow(Options& o, const FlagUse& use) {
    const auto policy = parse_queue_overflow(use.word());
    if (!policy) {
        throw UsageError(use.typed() + " '" + use.word() +
                         "': none of newest, oldest, disconnect and block");
    }
    o.config.queue_overflow = *policy;
}

constexpr std::string_view kLimits = "Limits";
constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();

const FlagRow<Options> kFlags[] = {
    {{.long_name = "threads",
      .argument = "N",
      .category = kLimits,
      .help = "event loops; more than one only when one core is full",
      .initial = "1"},
     [](Options& o, const FlagUse& use) { o.config.threads = number<unsigned>(use, 1, 64); }},
    {{.long_name = "max-connections",
      .argument = "N",
      .category = kLimits,
      .help = "clients at a time; 0: what the descriptor limit allows",
      .initial = "0"},
     [](Options& o, const FlagUse& use) {
         o.config.maximum_connections = number<std::size_t>(use, 0, kMost);
     }},
    {{.long_name = "max-connections-per-address",
      .argument = "N",
      .category = kLimits,
      .help = "clients at a time from one address; 0: no limit",
      .initial = "0"},
     [](Options& o, const FlagUse& use) {
         o.config.maximum_connections_per_address = number<std::size_t>(use, 0, kMost);
     }},
    {{.long_name = "max-connect-rate",
      .argument = "RATE",
      .category = kLimits,
      .help = "connections per second and listener; more wait; 0: no limit",
      .initial = "0"},
     [](Options& o, const FlagUse& use) { o.config.maximum_connect_rate = per_second(use); }},
    {{.long_name = "max-login-delay",
      .argument = "TIME",
      .category = kLimits,
      .help = "latest that a refusal comes after many wrong passwords; 0: at once",
      .details = "Refusals come later and later when many passwords from one address, or for one "
                 "user, were wrong: the first five at once, then after 200 ms, 400 ms and so on. "
                 "A failure is forgotten after five seconds. Right passwords are not delayed.",
      .initial = "5s"},
     [](Options& o, const FlagUse& use) { o.config.maximum_login_delay = milliseconds(use); }},
    {{.long_name = "connect-timeout",
      .argument = "TIME",
      .category = kLimits,
      .help = "from accepting a connection to its CONNECT",
      .initial = "10s"},
     [](Options& o, const FlagUse& use) { o.config.connect_timeout = milliseconds(use); }},
    {{.long_name = "max-packet-size",
      .argument = "SIZE",
      .category = kLimits,
      .help = "largest packet that clients may send; 0: 256 MiB",
      .initial = "0"},
     [](Options& o, const FlagUse& use) {
         o.limits.maximum_packet_size = static_cast<std::uint32_t>(std::min<std::uint64_t>(
             parse_size(use.typed(), use.word()), mqtt::kMaxRemainingLength + 5));
     }},
    {{.long_name = "max-publish-rate",
      .argument = "RATE",
      .category = kLimits,
      .help = "messages per second and client; more wait unread; 0: no limit",
      .initial = "0"},
     [](Options& o, const FlagUse& use) { o.config.maximum_publish_rate = per_second(use); }},
    {{.long_name = "max-subscriptions",
      .argument = "N",
      .category = kLimits,
      .help = "subscriptions per client; 0: no limit",
      .initial = "0"},
     [](Options& o, const FlagUse& use) {
         o.config.maximum_subscriptions = number<std::size_t>(use, 0, kMost);
     }},
    {{.long_name = "memory-limit",
      .argument = "SIZE",
      .category = kLimits,
      .help = "memory of messages, queues and buffers; 0: no limit",
      .details = "From 7/8 of it on CONNECT, SUBSCRIBE and messages of QoS 1 and 2 are refused "
                 "with 0x97 (Quota exceeded) and QoS 0 is dropped. Over it the largest queues are "
                 "thrown away and their clients disconnected.",
      .initial = "0"},
     [](Options& o, const FlagUse& use) {
         o.config.memory_limit = parse_size(use.typed(), use.word());
     }},
    {{.long_name = "max-inflight",
      .argument = "N",
      .category = kLimits,
      .help = "QoS 1 and 2 messages sent to a client and not yet acknowledged",
      .initial = "1000"},
     [](Options& o, const FlagUse& use) {
         o.config.maximum_inflight = number<std::uint16_t>(use, 1, 65'535);
     }},
    {{.long_name = "max-queued-messages",
      .argument = "N",
      .category = kLimits,
      .help = "QoS 1 and 2 messages that wait for a client; 0: no limit",
      .initial = "1000"},
     [](Options& o, const FlagUse& use) {
         o.config.maximum_queued_messages = number<std::size_t>(use, 0, kMost);
     }},
    {{.long_name = "max-queued-bytes",
      .argument = "SIZE",
      .category = kLimits,
      .help = "their memory per client; 0: no limit",
      .initial = "64Mi"},
     [](Options& o, const FlagUse& use) {
         o.config.maximum_queued_bytes = parse_size(use.typed(), use.word());
     }},
    {{.long_name = "queue-memory",
      .argument = "SIZE",
      .category = kLimits,
      .help = "memory of all waiting messages; more is on the disk only; 0: no limit",
      .details = "With --persistence. What is queued beyond it is read from the store when its "
                 "turn comes. Other limits count it all the same.",
      .initial = "64Mi"},
     [](Options& o, const FlagUse& use) {
         o.config.queue_memory = parse_size(use.typed(), use.word());
     }},
    {{.long_name = "queue-overflow",
      .argument = "WHAT",
      .category = kLimits,
      .help = "what a full queue costs: newest or oldest message, disconnect, block",
      .details = "newest: the message that meets it is dropped. oldest: the first in the queue is. "
                 "disconnect: the subscriber goes, with 0x97. block: the acknowledgement to the "
                 "publisher is withheld until there is room (one thread only).",
      .initial = "newest",
      .choices = "newest oldest disconnect block"},
     set_queue_overflow},
    {{.long_name = "output-budget",
      .argument = "SIZE",
      .category = kLimits,
      .help = "output that a client does not take, after which QoS 0 is dropped",
      .initial = "4Mi"},
     [](Options& o, const FlagUse& use) {
         o.config.output_budget_bytes = parse_size(use.typed(), use.word());
     }},
    {{.long_name = "max-keepalive",
      .argument = "SECONDS",
      .category = kLimits,
      .help = "longest keep-alive of MQTT 5.0 clients; 0: what they ask for",
      .initial = "0"},
     [](Options& o, const FlagUse& use) {
         o.config.maximum_keep_alive = number<std::uint16_t>(use, 0, 65'535);
     }},
    {{.long_name = "session-expiry",
      .argument = "TIME",
      .category = kLimits,
      .help = "longest that a session is kept without its client",
      .initial = "never"},
     [](Options& o, const FlagUse& use) {
         o.config.maximum_session_expiry = o.config.persistent_session_expiry = expiry(use);
     }},
};

}  // namespace

std::optional<mqtt::QueueOverflow> parse_queue_overflow(std::string_view word) {
    using enum mqtt::QueueOverflow;
    if (word == "newest") return newest;
    if (word == "oldest") return oldest;
    if (word == "disconnect") return disconnect;
    if (word == "block") return block;
    return std::nullopt;
}

std::span<const FlagRow<Options>> limit_flags() {
    return kFlags;
}

}  // namespace tools::broker_lite
