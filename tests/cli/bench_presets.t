# timeout: 120
# Every preset, scaled down, against the embedded broker: it runs to its end, loses nothing that it
# must not lose, and its stages do what they say. No figure of time is judged. With MQTT_BENCH_KEEP=FILE what
# was run and printed is appended to that file (scripts/bench examples).
. "$(dirname "$0")/lib.sh"

ran() { [ "$status" = 0 ] || [ "$status" = 3 ] || { cat "$T/err" "$T/out" >&2; fail "$1: exit status $status"; }; }
# keep NAME command...: runs it, as an example if that is wanted.
keep() {
    local name=$1; shift
    run "$@"
    ran "$name"
    [ -z "${MQTT_BENCH_KEEP-}" ] || { printf '\n### %s\n\n```\n$ %s\n' "$name" "${*//$T\//}"; cat "$T/out"; printf '```\n'; } >>"$MQTT_BENCH_KEEP"
}
# preset NAME SCALE [OPTION...]: a short run of it; its output is in $T/out.
preset() {
    local name=$1 scale=$2; shift 2
    keep "$name" mqtt-bench run "$name" --embedded --silent --scale "$scale" -d 150ms --warmup 0s "$@"
}
complete() { preset "$@"; expect_match "$T/out" '^deliver  [1-9].*loss 0  dup 0  reorder 0'; }

preset mqttbs-conn-10k 0.005 --set conn.conn-rate=1M
expect_match "$T/out" '^connect  50/50 '
preset mqttbs-conn-1m 0.0001 --set conn.conn-rate=100M
expect_match "$T/out" '^connect  100/100 '
quick=(--set pub.rate=20/s/client)
complete mqttbs-fanout-1k 0.05 "${quick[@]}"
complete mqttbs-fanout-250k 0.02
complete mqttbs-p2p-1k 0.02 "${quick[@]}"
complete mqttbs-share-1k 0.02 "${quick[@]}"
complete mqttbs-share-50k 0.001 "${quick[@]}"
complete emqx-fanout-2m 0.05
complete emqx-qos-steps 0.02
expect_eq "runs of the sweep" "$(grep -c '^run . of 3: qos=' "$T/out")" 3
complete emqx-fanin-share 0.02 "${quick[@]}"
complete emqx-fanout-200 0.02 "${quick[@]}"
complete emqx-payload-sweep 0.02
complete emqx-lowload 0.02 "${quick[@]}"
complete emqx-ci 0.01 --set conn-rate=1000M "${quick[@]}"
complete emqx-fanin-50k 0.001 --set conn-rate=1000M --set pub-1.rate=20/s/client
complete emqx-waves 0.000001 --set conn-rate=1000M --set pub.interval=100
complete tbmq-fanout-3m 0.02
complete tbmq-p2p 0.0001 "${quick[@]}"
complete tbmq-fanin 0.02
complete bifromq-20_20_qos2_p1024_50mps 1
complete bifromq-share-40_4_qos1_p1024_10mps 1
complete nanomq-broadcast 0.05
complete nanomq-million 0.01
preset rmqtt-1m 0.00005 --set sub.conn-rate=1000M --set 'pub.topic=iot/%{rand:0-49}'
expect_match "$T/out" 'loss 0'
complete flashmq-ring 0.02 --set both.rate=20/s/client
complete flashmq-ring-bursts 0.02 --set both.arrival=burst:5/100ms
complete mzbench-1to1 0.02 --set both.rate=20/s/client
complete mzbench-fanin 0.02 "${quick[@]}"
complete mzbench-fanout 0.02 "${quick[@]}"
complete stresser-2 0.1
expect_match "$T/out" '^deliver  2,000 of 2,000 '
complete omb-max-2 1
complete omb-topics-2 0.001
complete omb-1-topic 0.02
complete chirino-payloads 1 --set max-outstanding=8
complete chirino-request-reply 1
complete chirino-matrix 1 --set sweep.pub.clients=1,2 --set sweep.sub.clients=1 --set sweep.qos=1 -d 200ms
complete hol 1
complete wildcard-match 0.05
complete inflight-sweep 1 --set sweep.inflight=1,1000

# With stages: long enough for each, times moved.
staged() { local name=$1 scale=$2; shift 2; keep "$name" mqtt-bench run "$name" --embedded --silent --scale "$scale" --warmup 0s "$@"; }
staged storm-reconnect 0.005 --set clients.conn-rate=0 -d 600ms --set stage1.at=100ms
expect_match "$T/out" '^stage    drop clients at 0.1 s: 50 clients   50 ready after '
expect_match "$T/out" 'dropped 50   reconnected 50'
staged churn-20 0.05 -d 1s --set churn=100%/s
expect_match "$T/out" 'dropped (4[0-9]|50)   reconnected (4[0-9]|50)'
staged flap 0.05 -d 600ms --set stage1.at=100ms --set stage1.every=200ms --set stage2.at=200ms --set stage2.every=200ms
expect_match "$T/out" '^stage    unsubscribe sub at 0.1 s: 5 clients'
expect_match "$T/out" '^stage    subscribe sub at 0.2 s: 5 clients   5 ready after '
expect_match "$T/out" '^deliver .*loss 0  dup 0  reorder 0  not owed'
staged session-drain 0.5 -d 1s --set stage1.at=200ms --set stage1.repeat=1 --set stage2.at=600ms --set stage2.repeat=1
expect_match "$T/out" '^deliver .*loss 0  dup 0  reorder 0'
expect_match "$T/out" '^stage    connect sub at 0.6 s: 5 clients   5 ready .* [1-9][0-9,]+ messages from before'
staged omb-backlog 0.01 -d 1s --set stage1.at=200ms --set stage2.at=600ms
expect_match "$T/out" '^deliver .*loss 0  dup 0  reorder 0'
staged retain-replay 0.1 -d 2500ms --set late.start=2s
expect_match "$T/out" '^stage    connect late at 2 s: 1 client   1 ready .* 1,000 messages from before'
staged will-storm 0.05 -d 1s --set stage1.at=200ms
expect_match "$T/out" '^stage    disconnect dying at 0.2 s: 50 clients   50 messages from before'
staged slow-consumer 0.1 -d 300ms
expect_match "$T/out" '^deliver '
staged takeover 0.05 -d 1s --set second.start=200ms
expect_match "$T/out" '^stage    connect second at 0.2 s: 50 clients   50 ready after '

# Handshakes, again and again, against a listener with TLS.
make_certs
start_broker --tls 0 --cert "$T/certs/server.crt" --key "$T/certs/server.key"
keep tls-handshake mqtt-bench run tls-handshake --silent --scale 0.1 -d 1s --warmup 0s "mqtts://localhost:$(broker_port mqtts)" \
    --cafile "$T/certs/ca.crt"
expect_match "$T/out" '^connect  10/10 .*dropped ([5-9]|[1-9][0-9])   reconnected ([5-9]|[1-9][0-9])$'
expect_match "$T/out" '^run 2 of 2: tls-resume=true'
expect_match "$T/out" '^connect  10/10 .*TLS handshakes [0-9]+ full  [1-9][0-9]* resumed'

# Every preset that is listed was run above.
run mqtt-bench list
expect_exit 0
while read -r name _; do
    what="${name%%\**}"
    [ "$what" != "$name" ] || what="$name "
    grep -qE "^(complete|preset|staged|keep) $what" "$0" || fail "preset $name is not run here"
done < <(grep -E '^[^ ]+  ' "$T/out" | grep '^[a-z]')
expect_match "$T/out" '^inflight-sweep '
run mqtt-bench list hol
expect_match "$T/out" '^topic = "hol/'
