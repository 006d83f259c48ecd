# timeout: 120
# What mqtt-bench loads with: shapes, round trips, sizes, churn, sessions over drops, many connections;
# and what it says about requests that cannot be met.
. "$(dirname "$0")/lib.sh"

ran() { [ "$status" = 0 ] || [ "$status" = 3 ] || { cat "$T/err" "$T/out" >&2; fail "exit status $status"; }; }
usage() { run mqtt-bench "$@"; expect_exit 2; expect_quiet; [ -s "$T/err" ] || fail "no word about: $*"; }
short=(-d 300ms --warmup 0s --silent --embedded)

run mqtt-bench rtt -c 3 -R 300 "${short[@]}"; ran
expect_match "$T/out" '^deliver  90 of 90 .*loss 0  dup 0  reorder 0'
run mqtt-bench rtt -c 3 --subs 2 -V 5 -q 2 -R 100 "${short[@]}"; ran
expect_match "$T/out" '^proof    QoS 2: all 30 acknowledged arrived exactly once'
run mqtt-bench rtt -c 2 -V 311 -R 100 "${short[@]}"; ran
expect_match "$T/out" '^deliver  30 of 30 '
for shape in ring mesh; do
    run mqtt-bench pubsub --shape $shape -c 4 -q 1 -R 100 "${short[@]}"; ran
    expect_match "$T/out" '^proof    QoS 1: all 30 acknowledged arrived at least once'
done

# emqtt-bench's letters; mixes; topics drawn per message.
run mqtt-bench pubsub -c 2 --interval_of_msg 10 -i 1 -n 5 --shortids -C true -F 0 -w -l --connrate 1000 --prefix x -s 64:80,1k:20 -q 0:1,1:1 -t 'a/%i/%{zipf:10,1}' "${short[@]}"; ran
expect_match "$T/out" '^deliver  60 of 60 .*loss 0  dup 0'
run mqtt-bench pubsub -m 'n %n of %i' -R 100 "${short[@]}"; ran
expect_match "$T/out" '^deliver  30 of 30 .*'
printf '%s\n' '{"at":0,"topic":"a","payload":"one"}' '{"at":0.01,"topic":"a","payload":"two"}' >"$T/rec.ndjson"
run mqtt-bench pubsub --replay "$T/rec.ndjson,x2" "${short[@]}"; ran
expect_match "$T/out" '^deliver  60 of 60 '
run mqtt-bench pubsub --trace "$T/rec.ndjson,x2" "${short[@]}"; ran
expect_match "$T/out" '^deliver  60 of 60 .*loss 0  dup 0  reorder 0'
expect_match "$T/out" 'e2e \(response\)'
run mqtt-bench pubsub -c 2 -t 'r/%{topic}' --replay "$T/rec.ndjson" "${short[@]}"; ran
expect_match "$T/out" '^deliver  '

# Sessions survive drops: QoS 1 and 2 keep their promise, publishers and subscribers coming and going.
for q in 1 2; do
    run mqtt-bench pubsub -c 4 -q $q --no-clean --reconnect -R 400 --churn 200%/s "${short[@]}" \
        --assert 'reconnected>=1' --assert 'sessions.lost==0' --json "$T/churn.json"
    ran
    expect_match "$T/churn.json" '"proof": "QoS'
    expect_match "$T/out" 'dropped [1-9].* reconnected [1-9]'
    # What a publisher sends again at QoS 1 may arrive twice.
    expect_match "$T/out" '^deliver .*loss 0  dup '
    [ $q = 1 ] || expect_match "$T/out" '^deliver .*loss 0  dup 0'
    expect_match "$T/out" "^proof    QoS $q: all 120 acknowledged arrived"
done
run mqtt-bench pubsub -c 4 -q 1 -R 400 --chaos drop=200%/s "${short[@]}" --assert 'reconnected>=1' --assert 'sessions.lost==0'; ran
expect_match "$T/out" '^proof    QoS 1: all 120 acknowledged arrived'
run mqtt-bench pubsub --shape share --pubs 3 --subs 3 -q 1 --no-clean --reconnect -R 200 --storm 2@100ms "${short[@]}"; ran
expect_match "$T/out" '^stage    drop all at 0.1 s: '
# Slow readers catch up when the load is over: nothing is lost that the broker has not dropped.
run mqtt-bench pubsub --shape fanout --subs 4 --slow-sub '25%@10/s' -q 1 -R 200 "${short[@]}" --drain 2s; ran
expect_match "$T/out" '^deliver  240 of 240 .*loss 0'
expect_match "$T/out" '^proof    QoS 1: all 60 acknowledged arrived'
# Two brokers that know nothing of each other: the two of a pair are at one.
start_broker; first=$URL
start_broker
for c in 1 2 3; do
    run mqtt-bench pubsub -c $c -R 200 -d 300ms --warmup 0s --silent --no-sys "$first" "$URL"; ran
    expect_match "$T/out" '^deliver  60 of 60 .*loss 0'
done
background on_path mqtt-broker-lite -p 0 --listen "unix:$T/sock" --quiet
until_true 20 test -S "$T/sock"
run mqtt-bench pubsub -R 100 -d 300ms --warmup 0s --silent --no-sys "unix:$T/sock"; ran
expect_match "$T/out" '^deliver  30 of 30 '
run mqtt-bench conn -c 4 --silent --no-sys -h "$HOST,localhost" -p "$PORT"
expect_exit 0
expect_match "$T/out" "^target   mqtt://$HOST:$PORT mqtt://localhost:$PORT "
# emqtt-bench's command line, as its users have it in their scripts.
run mqtt-bench pub --embedded -c 3 -V 4 -I 10 -t 'bench/%i' -s 256 -q 1 -r true -w true --shortids=true --payload-hdrs cnt64,ts \
    --log_to null --reconnect 3 --connrate 1000 -d 300ms --warmup 0s; ran
expect_match "$T/out" '^publish  90 offered  90 sent  90 acked'
expect_match "$T/out" '^target .* MQTT 3\.1\.1 '
expect_match "$T/err" '--payload-hdrs does nothing: every payload carries'
usage pub --embedded --quic true
expect_match "$T/err" "option '--quic' of emqtt-bench: "

# Connections that end with a TCP reset; rates that change in the middle; what is verified.
start_broker -v
run mqtt-bench conn -c 4 --storm 3@100ms --drop-mode rst -h "$HOST" -p "$PORT" --hold 300ms --silent
expect_exit 0
expect_match "$T/out" '^stage    drop all \(rst\) at 0\.1 s: 3 clients   3 ready'
until_true 10 grep -qiE 'reset' "$BROKER_LOG"
cat >"$T/rates.toml" <<'EOF'
duration = "600ms"
warmup = "0s"
[[group]]
role = "pub"
rate = 100
[[group]]
role = "sub"
filter = "bench/#"
[[stage]]
at = "200ms"
action = "rate"
group = "pub"
rate = "1k/s"
EOF
run mqtt-bench run "$T/rates.toml" --embedded --silent; ran
expect_match "$T/out" '^stage    rate pub to 1,000/s at 0\.2 s: 1 client'
expect_match "$T/out" '^deliver  420 of 420 '
# Whatever way sessions and properties are said.
for words in '--clean' '--clean true' '-C false -x 60' '--property content-type=text/plain --property user-property=unit=C --property receive-maximum=7'; do
    run mqtt-bench pubsub -R 100 -q 1 $words "${short[@]}"; ran
    expect_match "$T/out" '^deliver  30 of 30 '
done
usage pubsub --embedded --property receive-maximum=70000 -d 100ms
expect_match "$T/err" 'receive-maximum'
usage pubsub --embedded --property no-such=1 -d 100ms
run mqtt-bench pubsub -R 100 -q 1 --verify exact "${short[@]}"; ran
expect_match "$T/out" '^assert   loss==0  PASS'
run mqtt-bench pubsub -R 100 --no-header --rcvbuf 64k --sndbuf 64k --receive-max 10 --topic-alias 5 "${short[@]}"; ran
expect_match "$T/out" '^deliver  30 of 30 '
usage pubsub --verify exact -m text --embedded -d 100ms
expect_match "$T/err" 'verify exact needs payloads that can be told apart'

# Credentials and source addresses of their own.
printf 'ann,one\nbob,two\n' >"$T/users"
start_broker -v
run mqtt-bench conn -c 4 --auth-file "$T/users" --bind 127.0.5.0/30 -h "$HOST" -p "$PORT" --silent
expect_exit 0
expect_match "$BROKER_LOG" "127\.0\.5\.1"
expect_match "$BROKER_LOG" "127\.0\.5\.2"
expect_match "$BROKER_LOG" "bob"

# Over the broker's limit: told, counted, not called a loss.
start_broker --max-packet-size 2000
run mqtt-bench pubsub -s 5000 -R 100 -h "$HOST" -p "$PORT" -d 300ms --warmup 0s --silent
expect_exit 4
expect_match "$T/out" '^error    payloads of 5000 bytes are larger than the broker takes \(packets of 2000\)'

# Above 9,000 clients the embedded broker has a process of its own, and one address may not do.
run mqtt-bench conn -c 9001 --embedded --silent
if [ "$(ulimit -Hn)" -ge 9100 ]; then
    expect_exit 0
    expect_match "$T/out" '^connect  9,001/9,001 '
    expect_match "$T/out" '\(embedded, pid [0-9]+\)'
else
    expect_exit 4
fi

(ulimit -n 200; run mqtt-bench conn -c 300; expect_exit 4; expect_quiet; expect_match "$T/err" '300 clients need 364 open files, this process may have 200')
usage run nothing-of-the-kind
expect_match "$T/err" 'neither a scenario file nor a preset'
usage run inflight-swep
expect_match "$T/err" "did you mean 'inflight-sweep'"
printf '[[group]]\nrole = "pub"\ntpoic = "x"\n' >"$T/bad.toml"
usage run "$T/bad.toml" --embedded
expect_match "$T/err" "bad.toml:3: key 'tpoic' is not known; did you mean 'topic'"
usage run flap --set nobody.clients=3
usage run flap -c 3
usage find run inflight-sweep
usage pubsub -s 9-3
usage pubsub -q 0:1,3:1
usage pubsub --churn lots
usage pubsub --chaos 1%
usage pubsub --storm 5
usage pubsub --bind 1.2.3.4/40
usage pubsub -t 'a/%{what}'
usage pubsub -t 'a/%{topic}'
expect_match "$T/err" 'only for the topics of a recording'
usage pubsub --auth-file "$T/missing"
usage list nothing

# Fit for it?
run mqtt-bench check
expect_exit 0
expect_match "$T/out" '^offers +[0-9.]+[kM]/s through the embedded broker'
usage check --clients 101M --rate 1k
run mqtt-bench check --clients 1k --rate 1k
expect_exit 0
expect_match "$T/out" '^descriptors +needs 1,064 of .*: ok'
run mqtt-bench check --clients 90M
expect_exit 1
expect_match "$T/out" 'too few; ulimit -n 90000064'

# A broker that dies in the middle of a scenario: partial figures, marked, exit 1.
start_broker
background dying mqtt-bench run wildcard-match --scale 0.02 -h "$HOST" -p "$PORT" -d 20s
dying=$pid
until_true 20 contains "$T/dying.err" '1 s  sent'
kill -9 "$BROKER_PID"
finish "$dying" 15
expect_exit 1
expect_match "$T/dying.out" '^partial '
expect_match "$T/dying.out" '^error    .+'
