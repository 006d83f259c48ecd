// Scenarios that vendors and tools have published one by one.
#include <array>

#include "mqtt-bench/presets.hpp"

namespace mqtt::bench {
namespace {

constexpr std::array kVendorPresets{
    Preset{"tbmq-fanout-3m", "100 publishers at 10/s to 3,000 subscribers, 66 B: 3 M/s",
           "thingsboard.io, TBMQ 3M", R"(
keepalive = 300
duration = "30m"
size = 66
[[group]]
role = "sub"
clients = 3000
filter = "CountryCode/City/#"
[[group]]
role = "pub"
clients = 100
topic = "CountryCode/City/%i"
rate = "10/s/client"
)"},
    Preset{"tbmq-p2p", "500,000 pairs at 1/s, QoS 1, 62 B, persistent subscribers",
           "thingsboard.io, TBMQ 1M p2p", R"(
keepalive = 300
duration = "10m"
qos = 1
size = 62
[[group]]
role = "sub"
clients = 500_000
filter = "europe/ua/kyiv/%i/+"
clean = "false"
[[group]]
role = "pub"
clients = 500_000
topic = "europe/ua/kyiv/%i/0"
rate = "1/s/client"
)"},
    Preset{"tbmq-fanin", "one of 500 groups: 200,000 publishers, 6,000/s, 1 persistent subscriber",
           "thingsboard.io, TBMQ 100M", R"(
keepalive = 300
duration = "10m"
warmup = "200s"   # 6 messages of each publisher
qos = 1
size = 114
[[group]]
role = "sub"
filter = "CC/rand/group/+"
clean = "false"
[[group]]
role = "pub"
clients = 200_000
topic = "CC/rand/group/%i"
rate = "6k/s"
)"},
    Preset{"bifromq-*_*_qos*_p*_*mps",
           "P publishers and as many subscribers in pairs: bifromq-1k_1k_qos1_p1024_50mps",
           "bifromq-docs, test report", R"(
keepalive = 300
duration = "5m"
qos = $3
size = $4
[[group]]
role = "sub"
clients = $2
filter = "bench/%i"
[[group]]
role = "pub"
clients = $1
topic = "bench/%i"
rate = "$5/s/client"
)"},
    Preset{"bifromq-share-*_*_qos*_p*_*mps",
           "P publishers to S sharing subscribers: bifromq-share-40k_400_qos1_p1024_1mps",
           "bifromq-docs, test report", R"(
keepalive = 300
duration = "5m"
qos = $3
size = $4
[[group]]
role = "sub"
clients = $2
filter = "$share/bench/bench/+"
[[group]]
role = "pub"
clients = $1
topic = "bench/%i"
rate = "$5/s/client"
)"},
    Preset{"nanomq-broadcast", "20 publishers at 50/s to 500 subscribers, QoS 0",
           "nanomq, test report", R"(
keepalive = 300
duration = "5m"
size = 16
[[group]]
role = "sub"
clients = 500
filter = ["bench/0", "bench/1", "bench/2"]
[[group]]
role = "pub"
clients = 20
topic = "bench/%{i%3}"
rate = "50/s/client"
)"},
    Preset{"nanomq-million", "10 publishers at 200/s to 500 subscribers, 50,000 messages, 16 B",
           "nanomq, test report", R"(
keepalive = 300
size = 16
limit = 50_000
[[group]]
role = "sub"
clients = 500
filter = "bench/+"
[[group]]
role = "pub"
clients = 10
topic = "bench/%i"
rate = "200/s/client"
)"},
    Preset{"rmqtt-1m", "1 M subscribers of own topics, 40 publishers flat out to 25,000 of them",
           "rmqtt, benchmark testing", R"(
keepalive = 300
duration = "5m"
qos = 1
size = 256
max = true
inflight = 1
[[group]]
role = "sub"
clients = 1_000_000
filter = "iot/%i"
conn-rate = "6k/s"
[[group]]
role = "pub"
clients = 40
topic = "iot/%{rand:0-24999}"
)"},
    Preset{"flashmq-ring", "1,000 clients, each publishes 1/s to the next one's topic",
           "flashmq.org, MqttLoadSimulator", R"(
duration = "5m"
[[group]]
role = "both"
clients = 1000
topic = "ring/%{i+1}"
filter = "ring/%i"
rate = "1/s/client"
)"},
    Preset{"flashmq-ring-bursts", "1,000 clients in a ring, 25 messages each every 3 s",
           "flashmq.org, MqttLoadSimulator", R"(
duration = "5m"
[[group]]
role = "both"
clients = 1000
topic = "ring/%{i+1}"
filter = "ring/%i"
arrival = "burst:25/3s"
phase = "random"
)"},
    Preset{"mzbench-1to1", "1,000 clients that publish to themselves at 1/s, 150 B",
           "vernemq/vmq_mzbench", R"(
duration = "5m"
size = 150
[[group]]
role = "both"
clients = 1000
topic = "prefix/clients/%i"
filter = "prefix/clients/%i"
rate = "1/s/client"
arrival = "poisson"
)"},
    Preset{"mzbench-fanin", "1,000 publishers at 1/s to one subscriber, 150 B",
           "vernemq/vmq_mzbench", R"(
duration = "5m"
size = 150
[[group]]
role = "sub"
filter = "prefix/clients/#"
[[group]]
role = "pub"
clients = 1000
topic = "prefix/clients/%i"
rate = "1/s/client"
arrival = "poisson"
)"},
    Preset{"mzbench-fanout", "one publisher at 1/s to 1,000 subscribers, 150 B",
           "vernemq/vmq_mzbench", R"(
duration = "5m"
size = 150
[[group]]
role = "sub"
clients = 1000
filter = "prefix/clients/0"
[[group]]
role = "pub"
topic = "prefix/clients/0"
rate = "1/s/client"
)"},
    Preset{"stresser-*", "N pairs, 10,000 messages each, flat out, measured properly",
           "mochi-mqtt, README", R"(
max = true
limit = $1_0000   # of all publishers together
[[group]]
role = "sub"
clients = $1
filter = "bench/%i"
[[group]]
role = "pub"
clients = $1
topic = "bench/%i"
)"},
    Preset{"omb-max-*", "T topics, one publisher and one subscriber each, 1 kB, flat out",
           "openmessaging/benchmark", R"(
# The highest rate with an objective: mqtt-bench find run omb-max-10 --slo 'e2e.p99<50ms'
duration = "5m"
qos = 1
size = 1024
max = true
[[group]]
role = "sub"
clients = $1
filter = "omb/%i"
[[group]]
role = "pub"
clients = $1
topic = "omb/%i"
)"},
    Preset{"omb-topics-*", "N topics, four publishers and four sharing subscribers each, 500,000/s",
           "openmessaging/benchmark", R"(
duration = "5m"
qos = 1
size = 1024
rate = "125k/s"
filter = "$share/omb/omb/%i"
topic = "omb/%i"
clients = $1
[[group]]
name = "sub-1"
role = "sub"
[[group]]
name = "sub-2"
role = "sub"
[[group]]
name = "sub-3"
role = "sub"
[[group]]
name = "sub-4"
role = "sub"
[[group]]
name = "pub-1"
role = "pub"
[[group]]
name = "pub-2"
role = "pub"
[[group]]
name = "pub-3"
role = "pub"
[[group]]
name = "pub-4"
role = "pub"
)"},
    Preset{"omb-1-topic", "one topic, 100 B, 50,000/s for 15 minutes", "openmessaging/benchmark",
           R"(
duration = "15m"
qos = 1
size = 100
[[group]]
role = "sub"
filter = "omb/0"
[[group]]
role = "pub"
topic = "omb/0"
rate = "50k/s"
)"},
    Preset{"omb-backlog", "a backlog is built up while subscribers are away, then drained",
           "openmessaging/benchmark", R"(
duration = "3m"
qos = 1
size = 1024
[[group]]
role = "sub"
clients = 4
filter = "omb/%i"
clean = "false"
session-expiry = 600
[[group]]
role = "pub"
clients = 4
topic = "omb/%i"
rate = "10k/s"
[[stage]]
at = "30s"
action = "disconnect"
group = "sub"
[[stage]]
at = "90s"
action = "connect"
group = "sub"
)"},
    Preset{"chirino-matrix", "1, 5, 10 publishers x 1, 5, 10 subscribers x QoS x clean, 20 B",
           "chirino/mqtt-benchmark", R"(
duration = "10s"
max = true
size = 20
[[group]]
role = "sub"
filter = "bench/+"
[[group]]
role = "pub"
topic = "bench/%i"
[sweep]
pub.clients = [1, 5, 10]
sub.clients = [1, 5, 10]
qos = [0, 1, 2]
clean = ["true", "false"]
)"},
    Preset{"chirino-payloads", "one pair, flat out, 20 B, 1 kB, 256 kB", "chirino/mqtt-benchmark",
           R"(
duration = "10s"
max = true
max-outstanding = 100
[[group]]
role = "sub"
filter = "bench/+"
[[group]]
role = "pub"
topic = "bench/%i"
[sweep]
size = [20, "1Ki", "256Ki"]
)"},
    Preset{"chirino-request-reply", "10 clients ask, 1 answers, 20 B", "chirino/mqtt-benchmark", R"(
duration = "10s"
size = 20
[[group]]
role = "answer"
filter = "ask/+"
[[group]]
name = "ask"
role = "both"
clients = 10
topic = "ask/%i"
filter = "ask/%i/reply"
rate = "100/s/client"
)"},
};

}  // namespace

std::span<const Preset> vendor_presets() {
    return kVendorPresets;
}

}  // namespace mqtt::bench
