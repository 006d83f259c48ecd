// Scenarios of suites that compare brokers: mqttbs, EMQX's documentation, blog and tests.
#include <array>

#include "mqtt-bench/presets.hpp"

namespace mqtt::bench {
namespace {

constexpr std::string_view kMqttbs = "github.com/emqx/mqttbs";
constexpr std::string_view kEmqxDocs = "emqx-docs, performance reference";
constexpr std::string_view kEmqxBlog = "emqx.com/blog";
constexpr std::string_view kEmqxTests = "tf-emqx-performance-test";

constexpr std::array kPublishedPresets{
    Preset{"mqttbs-conn-10k", "10,000 connections in 100 s, held 30 minutes", kMqttbs, R"(
protocol-version = "311"
keepalive = 300
duration = "30m"
[[group]]
name = "conn"
role = "idle"
clients = 10_000
conn-rate = "100/s"
)"},
    Preset{"mqttbs-conn-1m", "1,000,000 connections in 200 s, held 30 minutes", kMqttbs, R"(
protocol-version = "311"
keepalive = 300
duration = "30m"
[[group]]
name = "conn"
role = "idle"
clients = 1_000_000
conn-rate = "5k/s"
)"},
    Preset{"mqttbs-fanout-1k", "1 publisher at 1/s to 1,000 subscribers, QoS 1, 16 B", kMqttbs, R"(
keepalive = 300
duration = "30m"
qos = 1
size = 16
[[group]]
role = "sub"
clients = 1000
filter = "bench/fanout"
[[group]]
role = "pub"
topic = "bench/fanout"
rate = "1/s/client"
)"},
    Preset{"mqttbs-fanout-250k",
           "5 publishers at 50/s each to 1,000 subscribers of all 5 topics: 250,000 deliveries/s",
           kMqttbs, R"(
keepalive = 300
duration = "30m"
qos = 1
size = 16
[[group]]
role = "sub"
clients = 1000
filter = ["bench/0", "bench/1", "bench/2", "bench/3", "bench/4"]
[[group]]
role = "pub"
clients = 5
topic = "bench/%{i%5}"
rate = "50/s/client"
)"},
    Preset{"mqttbs-p2p-*", "N pairs (1k, 50k) at 1/s each, QoS 1, 16 B", kMqttbs, R"(
keepalive = 300
duration = "30m"
qos = 1
size = 16
[[group]]
role = "sub"
clients = $1
filter = "bench/%i"
[[group]]
role = "pub"
clients = $1
topic = "bench/%i"
rate = "1/s/client"
)"},
    Preset{"mqttbs-share-1k", "1,000 publishers at 1/s to 5 sharing subscribers, QoS 1, 16 B",
           kMqttbs, R"(
keepalive = 300
duration = "30m"
qos = 1
size = 16
[[group]]
role = "sub"
clients = 5
filter = "$share/benchmark/test/#"
[[group]]
role = "pub"
clients = 1000
topic = "test/%i"
rate = "1/s/client"
)"},
    Preset{"mqttbs-share-50k", "50,000 publishers at 1/s to 500 sharing subscribers, QoS 1, 16 B",
           kMqttbs, R"(
keepalive = 300
duration = "30m"
qos = 1
size = 16
[[group]]
role = "sub"
clients = 500
filter = "$share/benchmark/test/#"
[[group]]
role = "pub"
clients = 50_000
topic = "test/%i"
rate = "1/s/client"
)"},
    Preset{"emqx-fanout-2m", "20 publishers at 100/s to 1,000 wildcard subscribers: 2 M/s",
           kEmqxBlog, R"(
keepalive = 300
duration = "30m"
size = 16
[[group]]
role = "sub"
clients = 1000
filter = "test/#"
[[group]]
role = "pub"
clients = 20
topic = "test/%i"
rate = "100/s/client"
)"},
    Preset{"emqx-qos-steps", "1,000 pairs, 128 B, QoS 0, 1, 2, the rate raised every 5 minutes",
           kEmqxDocs, R"(
# The original raises until the broker's CPU is 75 % busy: watch it by --broker-pid.
keepalive = 300
duration = "30m"
size = 128
[[group]]
role = "sub"
clients = 1000
filter = "bench/%i"
[[group]]
role = "pub"
clients = 1000
topic = "bench/%i"
vary-rate = "5k:5m,10k:5m,15k:5m,20k:5m,25k:5m,30k:5m"
[sweep]
qos = [0, 1, 2]
)"},
    Preset{"emqx-fanin-share", "2,000 publishers, 5 sharing subscribers per 100 of them, QoS 1",
           kEmqxDocs, R"(
keepalive = 300
duration = "5m"
qos = 1
size = 128
[[group]]
role = "sub"
clients = 100
filter = "$share/bench/t/%{i/5}/+"
[[group]]
role = "pub"
clients = 2000
topic = "t/%{i/100}/%i"
rate = "1/s/client"
)"},
    Preset{"emqx-fanout-200", "10 publishers, 200 subscribers for each, QoS 1, 128 B", kEmqxDocs,
           R"(
keepalive = 300
duration = "5m"
qos = 1
size = 128
[[group]]
role = "sub"
clients = 2000
filter = "t/%{i/200}"
[[group]]
role = "pub"
clients = 10
topic = "t/%i"
rate = "1/s/client"
)"},
    Preset{"emqx-payload-sweep", "1,000 pairs at 20,000/s, QoS 1, 1 to 8 kB", kEmqxDocs, R"(
keepalive = 300
duration = "5m"
qos = 1
[[group]]
role = "sub"
clients = 1000
filter = "bench/%i"
[[group]]
role = "pub"
clients = 1000
topic = "bench/%i"
rate = "20k/s"
[sweep]
size = ["1Ki", "2Ki", "4Ki", "8Ki"]
)"},
    Preset{"emqx-lowload", "1,000 pairs at 1/s, 50 B, QoS 0, 1, 2: latency without load", kEmqxBlog,
           R"(
keepalive = 300
duration = "5m"
size = 50
[[group]]
role = "sub"
clients = 1000
filter = "bench/%i"
[[group]]
role = "pub"
clients = 1000
topic = "bench/%i"
rate = "1/s/client"
[sweep]
qos = [0, 1, 2]
)"},
    Preset{"emqx-ci", "10,000 subscribers, then 10,000 publishers at 1,000 conn/s, 1 kB, QoS 2",
           kEmqxTests, R"(
keepalive = 300
duration = "5m"
qos = 2
size = 1024
conn-rate = "1k/s"
[[group]]
role = "sub"
clients = 10_000
filter = "t/%i"
[[group]]
role = "pub"
clients = 10_000
topic = "t/%i"
rate = "1/s/client"
phase = "random"
)"},
    Preset{"emqx-fanin-50k", "50,000 publishers at 1/s to one persistent subscriber, QoS 1, 256 B",
           kEmqxTests, R"(
keepalive = 300
duration = "5m"
qos = 1
size = 256
conn-rate = "5k/s"
[[group]]
role = "sub"
filter = "t/#"
clean = "false"
session-expiry = 5
[[group]]
name = "pub-1"
role = "pub"
clients = 25_000
topic = "t/%i"
rate = "1/s/client"
[[group]]
name = "pub-2"
role = "pub"
clients = 25_000
topic = "t/second-%i"
rate = "1/s/client"
)"},
    Preset{"emqx-waves", "50 M pairs, all publish at once every 90 s, QoS 1, 256 B: scale it down",
           kEmqxBlog, R"(
keepalive = 300
duration = "30m"
qos = 1
size = 256
conn-rate = "16k/s"
[[group]]
role = "sub"
clients = 50_000_000
filter = "bench/%i/#"
[[group]]
role = "pub"
clients = 50_000_000
topic = "bench/%i/wave"
interval = 90_000
phase = "aligned"
)"},
};

}  // namespace

std::span<const Preset> published_presets() {
    return kPublishedPresets;
}

}  // namespace mqtt::bench
