# timeout: 90
# mqtt-bench: what can be watched while it runs, how messages are written, resumed TLS sessions, a warm-up
# that ends by itself, and what cannot be done at all.
. "$(dirname "$0")/lib.sh"
need curl

ran() { [ "$status" = 0 ] || [ "$status" = 3 ] || { cat "$T/err" "$T/out" >&2; fail "exit status $status"; }; }
short=(-d 300ms --warmup 0s --silent --embedded)

# Until it is steady, then measured: at the side of all the rest.
background steady mqtt-bench pubsub --embedded -R 200 -d 1s --warmup auto --silent -o "$T/steady.json"; steady=$pid

# Figures while it runs, for Prometheus.
background watched mqtt-bench pubsub --embedded -R 500 -q 1 -d 30s --warmup 0s --prometheus :0 --no-color --fps 10; watched=$pid
until_true 20 grep -q 'figures at http://127.0.0.1:' "$T/watched.err"
url=$(sed -nE 's/^figures at (.*)$/\1/p' "$T/watched.err")
scraped() { curl -sf --max-time 5 "$url" >"$T/metrics" && grep -qE "$1" "$T/metrics"; }
until_true 20 scraped '^mqtt_bench_e2e_seconds_count [1-9]'
expect_match "$T/metrics" '^# TYPE mqtt_bench_sent_total counter'
expect_match "$T/metrics" '^mqtt_bench_connections 2$'
expect_match "$T/metrics" '^mqtt_bench_ack_seconds_bucket\{le="\+Inf"\} [1-9]'
kill -TERM "$watched"
finish "$watched" 10
ran
run mqtt-bench pubsub --embedded --prometheus 9090; expect_exit 2; expect_match "$T/err" 'needs \[HOST\]:PORT'

# How messages share writes changes no result; -o is the result's file.
for how in on off auto; do
    run mqtt-bench pubsub -R 1k --coalesce $how "${short[@]}" -o "$T/$how.json"; ran
    expect_match "$T/out" '^deliver  300 of 300 .*loss 0  dup 0  reorder 0'
    expect_match "$T/$how.json" '"messages_per_read": \{'
done
run mqtt-bench pubsub -R 100 --nagle --max-lag 5s "${short[@]}" --assert 'recv.rate<=1.5*offered' --assert 'unsent==0'; ran
expect_match "$T/out" '^assert   recv.rate<=1.5\*offered  PASS'
expect_match "$T/out" '^assert   unsent==0  PASS'

# TLS sessions are resumed when asked for, and counted.
make_certs
start_broker --tls 0 --cert "$T/certs/server.crt" --key "$T/certs/server.key"
secure=(conn -c 5 --churn 200%/s --hold 1s --silent --cafile "$T/certs/ca.crt" "mqtts://localhost:$(broker_port mqtts)" --alpn mqtt)
run mqtt-bench "${secure[@]}" --tls-resume
expect_exit 0
expect_match "$T/out" '^connect  5/5 .*TLS handshakes [0-9]+ full  [1-9][0-9]* resumed'
run mqtt-bench "${secure[@]}"
expect_exit 0
! grep -q 'TLS handshakes' "$T/out" || fail 'handshakes are counted though nobody asked'

# What cannot be: by the broker's limits, by this machine's. An exit code of its own.
start_broker --max-packet-size 2000
against=(-h "$HOST" -p "$PORT" -d 300ms --warmup 0s --silent)
run mqtt-bench pubsub -s 5000 -R 100 "${against[@]}"; expect_exit 4
expect_match "$T/out" '^error    payloads of 5000 bytes are larger than the broker takes \(packets of 2000\)'
run mqtt-bench pubsub -s 1990 -R 100 "${against[@]}"; expect_exit 4  # the topic has to fit, too
run mqtt-bench pubsub -s 1900 -R 100 "${against[@]}"; ran
PORT=$(free_port)
printf '%s\n' "listener $PORT 127.0.0.1" 'allow_anonymous true' 'max_qos 1' >"$T/limits.conf"
background limited mqtt-broker-lite -c "$T/limits.conf"
until_true 20 bash -c "exec 3<>/dev/tcp/$HOST/$PORT"
run mqtt-bench pubsub -q 2 -R 100 -h "$HOST" -p "$PORT" -d 300ms --silent; expect_exit 4
expect_match "$T/out" '^error    the broker takes QoS 1 at most'

finish "$steady" 80
ran
expect_match "$T/steady.out" '^deliver  200 of 200 .*loss 0'
warm=$(sed -nE 's/^ *"warmup_seconds": ([0-9]+).*/\1/p' "$T/steady.json")
[ "$warm" -ge 5 ] || fail "steady after $warm s"
run mqtt-bench conn --warmup auto; expect_exit 2; expect_match "$T/err" 'auto is for messages'
