// What find, vs and runs on several hosts print, from runs that were made: a section of the man page.
// Used by main only.
#pragma once

#include <string_view>

namespace mqtt::bench {

inline constexpr std::string_view kExampleOutput =
    R"(The highest rate that mosquitto 2.0.11 holds with 99 % of the messages below 20 ms, when its cgroup
gives it 1.5 ms of processor in every 5 ms. The generator has a processor of its own, so the limit
is the broker's: beyond it messages wait for the next period.

  $ mqtt-bench find pubsub -c 10 -q 1 -s 100 -d 3s --slo 'e2e.p99<20ms' --lo 1k --hi 60k --tol 10% \
      --warmup 300ms --pin 1 --broker-pid $(pidof mosquitto)
        rate        p50        p99   broker us/msg
       1,000      0.158       7.09            70.4   pass
       1,500      0.140       2.54            91.4   pass
       2,250      0.114       2.74            83.9   pass
       2,490      0.069       5.47            17.4   pass
       2,490      0.111       8.71            74.2   pass
       2,490      0.111       5.94            71.9   pass
       2,619      0.105       28.4            75.2   fail: e2e.p99<20ms: 28.4 ms
       2,756      0.070       41.9            25.2   fail: e2e.p99<20ms: 41.9 ms
       3,375      0.090       25.8            53.1   fail: e2e.p99<20ms: 25.8 ms
  sustains 2,490/s (fails 2,619/s: e2e.p99<20ms: 28.4 ms); 9 probes, 2 repeats, 0 min 30 s

mosquitto 2.0.11 (A) and mqtt-broker-lite (B), as fast as they go, on one processor in turn:

  $ mqtt-bench vs pubsub --max --batch 32 --max-outstanding 2000 -s 100 -d 1s --rounds 6 --warmup 300ms --pin 1 \
      --a mqtt://127.0.0.1:1883 --b mqtt://127.0.0.1:1884 --a-pid $(pidof mosquitto) --b-pid ...
  B/A delivered      x29.389 [26.976, 30.051]   B is better
  B/A published      x29.390 [26.976, 30.051]   B is better
  B/A broker us/msg  x0.033 [0.032, 0.034]   B is better
  rounds  6 pairs, interleaved A B B A; loss A 0  B 0

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
