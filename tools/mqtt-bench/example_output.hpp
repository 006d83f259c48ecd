// What find, vs and runs on several hosts print, from runs that were made: a section of the man page.
// Used by main only.
#pragma once

#include <string_view>

namespace mqtt::bench {

inline constexpr std::string_view kExampleOutput =
    R"(The highest rate that mosquitto 2.0.11 holds with 99 % of the messages below 2 ms, of which up to one is the
generator's coalescing. Each has a processor of its own.

  $ mqtt-bench find pubsub -c 10 -q 1 -s 100 --coalesce on --slo 'e2e.p99<2ms' --lo 10k --tol 5% -d 3s \
      --warmup 1s --pin 1 --broker-pid $(pidof mosquitto)
        rate        p50        p99   broker us/msg
       10.0k      0.665       1.17            17.8   pass
       15.0k      0.696       1.17            13.8   pass
       22.5k      0.706       1.15            13.2   pass
       33.8k      0.773       1.17              12   pass
       50.6k      0.846       1.15            11.2   pass
       75.9k      0.937       1.19            10.3   pass
       75.9k      0.949       1.84            10.5   pass
       75.9k      0.944       1.15            10.4   pass
       77.9k      0.952       2.06            10.3   fail: e2e.p99<2ms: 2.06 ms
       79.9k      0.973       14.3            10.5   fail: e2e.p99<2ms: 14.3 ms
       84.0k      0.986       2.62            10.2   fail: e2e.p99<2ms: 2.62 ms
       93.0k       1.02       1.93            9.95   fail: measurement invalid, generator-limited
      113.9k        390        724            9.97   fail: measurement invalid, generator-limited
  sustains 75.9k/s (fails 77.9k/s: e2e.p99<2ms: 2.06 ms); 13 probes, 2 repeats, 0 min 53 s

mosquitto 2.0.11 (A) and mqtt-broker-lite (B), as fast as they go, on one processor in turn:

  $ mqtt-bench vs pubsub --max --batch 32 --max-outstanding 2000 -s 100 -d 1s --rounds 8 --warmup 300ms --pin 1 \
      --a mqtt://127.0.0.1:1883 --b mqtt://127.0.0.1:1884 --a-pid $(pidof mosquitto) --b-pid ...
  B/A delivered      x34.544 [33.164, 36.140]   B is better
  B/A published      x34.544 [33.162, 36.135]   B is better
  B/A broker us/msg  x0.029 [0.027, 0.030]   B is better
  rounds  8 pairs, interleaved A B B A; loss A 0  B 0

Two agents whose clocks are an hour apart (the second was started by unshare -T --monotonic 3600), and
messages that cross between them:

  $ mqtt-bench agent --join mqtt://127.0.0.1:1882 --once &
  $ mqtt-bench pubsub --shape fanout --pubs 2 --subs 4 -R 200 -q 1 -d 2s --agents 2 --control mqtt://127.0.0.1:1882
  connect  6/6 in 0.00 s   p50 -  p99 -  max 0.369 ms     subscribe max 0.138 ms
  publish  400 offered  400 sent  400 acked     200/s (100.0 % of schedule)  window 1.0
  deliver  1,600 of 1,600   800/s   51.2 kB/s payload   loss 0  dup 0  reorder 0
  latency ms            p50      p90      p99    p99.9   p99.99      max     samples
    e2e (response)    0.205     1.97     4.14        -        -     5.20       1,600   from intended send
    e2e (service)     0.085    0.161    0.319        -        -     1.28       1,600   from actual send
  proof    QoS 1: all 600 acknowledged arrived at least once
  hosts    2 together   latencies between them to +-0.147 ms
)";

}  // namespace mqtt::bench
