// What find and vs print, from runs that were made: a section of the man page. Used by main only.
#pragma once

#include <string_view>

namespace mqtt::bench {

inline constexpr std::string_view kExampleOutput =
    R"(The highest rate that mosquitto 2.0.11 holds with 99 % of the messages below 5 ms, as one thread
of mqtt-bench finds it on two shared processors. Here the search ends at the generator's own
limit, and says so.

  $ mqtt-bench find pubsub -c 10 -q 1 -s 100 -d 3s --slo 'e2e.p99<5ms' --lo 5k --hi 60k --tol 10% \
      --warmup 300ms --pin 1 --broker-pid $(pidof mosquitto)
        rate        p50        p99   broker us/msg
       5,000      0.084      0.301            71.4   pass
       7,500      0.079      0.186            66.4   pass
       11.2k      0.075      0.160            55.3   pass
       13.8k      0.105      0.180            44.8   pass
       13.8k      0.104      0.477            45.3   pass
       13.8k      0.105      0.182              45   pass
       14.5k      0.101      0.157            43.6   pass
       14.5k      0.101      0.175            43.1   fail: measurement invalid,
      generator-limited: a worker was 90 % busy: use more threads (-j)
       14.5k      0.102      0.168            43.2   fail: measurement invalid,
      generator-limited: a worker was 90 % busy: use more threads (-j)
       15.2k      0.098      0.169            41.7   fail: measurement invalid,
      generator-limited: a worker was 91 % busy: use more threads (-j)
       16.9k      0.085      0.199            39.6   fail: measurement invalid,
      generator-limited: a worker was 92 % busy: use more threads (-j)
  sustains 13.8k/s (fails 14.5k/s: measurement invalid, generator-limited: a worker was 90 %
      busy: use more threads (-j)); 11 probes, 4 repeats

mosquitto 2.0.11 (A) and mqtt-broker-lite (B), as fast as they go, on one processor in turn:

  $ mqtt-bench vs pubsub --max --batch 32 --max-outstanding 2000 -s 100 -d 1s --rounds 6 --warmup 300ms --pin 1 \
      --a mqtt://127.0.0.1:1883 --b mqtt://127.0.0.1:1884 --a-pid $(pidof mosquitto) --b-pid ...
  B/A delivered      x29.389 [26.976, 30.051]   B is better
  B/A published      x29.390 [26.976, 30.051]   B is better
  B/A broker us/msg  x0.033 [0.032, 0.034]   B is better
  rounds  6 pairs, interleaved A B B A; loss A 0  B 0
)";

}  // namespace mqtt::bench
