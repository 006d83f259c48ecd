// Storms, sessions and churn as others have described them, and what nobody ships.
#include <array>

#include "mqtt-bench/presets.hpp"

namespace mqtt::bench {
namespace {

constexpr std::string_view kOurs = "ours";

constexpr std::array kOwnPresets{
    Preset{"storm-reconnect", "10,000 clients up within 10 s, all dropped at once, all back",
           "HiveMQ Swarm, example", R"(
duration = "30s"
[[group]]
name = "clients"
role = "idle"
clients = 10_000
conn-rate = "1k/s"
[[stage]]
at = "5s"
action = "drop"
group = "clients"
mode = "close"
)"},
    Preset{"churn-20", "1,000 connections, 20 % of them disconnect and come back each second",
           "rmqtt-bench", R"(
duration = "1m"
churn = "20%/s"
[[group]]
name = "clients"
role = "idle"
clients = 1000
)"},
    Preset{"flap", "subscriptions come and go every second, under load", "emqttb", R"(
duration = "30s"
[[group]]
role = "sub"
clients = 100
filter = "flap/%i"
[[group]]
role = "pub"
clients = 100
topic = "flap/%i"
rate = "10/s/client"
[[stage]]
at = "1s"
action = "unsubscribe"
group = "sub"
repeat = 15
every = "2s"
[[stage]]
at = "2s"
action = "subscribe"
group = "sub"
repeat = 15
every = "2s"
)"},
    Preset{"session-drain",
           "QoS 2 into 10 offline sessions, then the time to drain them, five times",
           "emqttb, persistent_session", R"(
duration = "60s"
qos = 2
size = 256
[[group]]
role = "sub"
clients = 10
filter = "drain/+"
clean = "false"
session-expiry = 600
[[group]]
role = "pub"
clients = 10
topic = "drain/%i"
rate = "100/s"
[[stage]]
at = "2s"
action = "disconnect"
group = "sub"
mode = "disconnect"
repeat = 5
every = "12s"
[[stage]]
at = "8s"
action = "connect"
group = "sub"
repeat = 5
every = "12s"
)"},
    Preset{"hol", "one connection, 8 topics, 500 messages/s: does one delay the others?",
           "LabOverWire, comnet", R"(
# Delay and loss come from outside (tc netem).
duration = "30s"
[[group]]
role = "sub"
filter = "hol/+"
[[group]]
role = "pub"
topic = "hol/%{seq:0-7}"
rate = "500/s"
)"},
    Preset{"retain-replay",
           "10,000 retained messages, then the time until a late subscriber has them", kOurs, R"(
duration = "10s"
[[group]]
name = "store"
role = "pub"
clients = 100
topic = "retain/%i/%{seq:0-99}"
retain = true
rate = "5k/s"
limit = 10_000
[[group]]
name = "late"
role = "sub"
clients = 10
filter = "retain/#"
start = "5s"
)"},
    Preset{"will-storm", "1,000 clients vanish: the time until their wills are there", kOurs, R"(
duration = "10s"
[[group]]
name = "watch"
role = "sub"
filter = "will/#"
[[group]]
name = "dying"
role = "idle"
clients = 1000
will-topic = "will/%i"
will-payload = "gone"
[[stage]]
at = "2s"
action = "disconnect"
group = "dying"
mode = "close"
)"},
    Preset{"slow-consumer", "one of ten subscribers reads 100/s of 1,000: who else suffers?", kOurs,
           R"(
duration = "30s"
size = 1024
[[group]]
name = "slow"
role = "sub"
filter = "slow/+"
slow-sub = "100%@100/s"
[[group]]
name = "quick"
role = "sub"
clients = 9
filter = "slow/+"
[[group]]
role = "pub"
topic = "slow/%i"
rate = "1k/s"
)"},
    Preset{"wildcard-match", "1,000 subscriptions of depth 5, a tenth with +, some with #", kOurs,
           R"(
duration = "30s"
[[group]]
name = "exact"
role = "sub"
clients = 880
filter = "w/%{i%10}/a/%{i%100}/x"
[[group]]
name = "plus"
role = "sub"
clients = 100
filter = "w/%{i%10}/+/%{i%100}/x"
[[group]]
name = "hash"
role = "sub"
clients = 20
filter = "w/%{i%10}/a/#"
[[group]]
role = "pub"
clients = 10
topic = "w/%i/a/%{rand:0-99}/x"
rate = "1k/s"
)"},
    Preset{"takeover", "1,000 clients, then the same client ids again: take-over at once", kOurs,
           R"(
duration = "10s"
[[group]]
name = "first"
role = "idle"
clients = 1000
client-id = "takeover-%i"
on-close = "ignore"
[[group]]
name = "second"
role = "idle"
clients = 1000
client-id = "takeover-%i"
start = "2s"
)"},
    Preset{"tls-handshake",
           "100 connections that reconnect all the time, TLS sessions new and resumed: give it an "
           "mqtts:// target",
           kOurs, R"(
duration = "30s"
churn = "100%/s"
[[group]]
name = "clients"
role = "idle"
clients = 100
[sweep]
tls-resume = [false, true]
)"},
    Preset{"inflight-sweep", "one pair flat out, in-flight window from 1 to 1,000, QoS 1", kOurs,
           R"(
duration = "5s"
max = true
qos = 1
[[group]]
role = "sub"
filter = "bench/0"
[[group]]
role = "pub"
topic = "bench/0"
[sweep]
inflight = [1, 3, 10, 30, 100, 300, 1000]
)"},
};

}  // namespace

std::span<const Preset> own_presets() {
    return kOwnPresets;
}

}  // namespace mqtt::bench
