# timeout: 240
# Several load hosts as one: a coordinator and agents, one of them in a time namespace, so that its clock
# is really another.
. "$(dirname "$0")/lib.sh"

ran() { [ "$status" = 0 ] || [ "$status" = 3 ] || { cat "$T/err" "$T/out" "$T"/agent*.err >&2; fail "exit status $status"; }; }
control="mqtt://load:sesame@127.0.0.1:$(free_port)"
away=(unshare -T --monotonic 3600)
"${away[@]}" true 2>/dev/null || away=()
background agent1 mqtt-bench agent --join "$control"; agent1=$pid
background agent2 "${away[@]}" mqtt-bench agent --join "$control"; agent2=$pid
together() { run mqtt-bench "$@" --agents 2 --control "$control" -h "$HOST" -p "$PORT" -d 1s --warmup 300ms --silent; }

# Whatever crosses between them arrives, is owed, is timed: an hour between the clocks would show.
start_broker
together pubsub --shape fanout --pubs 2 --subs 4 -R 200 -q 1 --json "$T/run.json" --hdr "$T/run.hlog" --jsonl "$T/run.jsonl"; ran
expect_match "$T/out" '^deliver  800 of 800 .*loss 0  dup 0  reorder 0'
expect_match "$T/out" '^proof    QoS 1: all 260 acknowledged arrived at least once'
expect_match "$T/out" '^connect  6/6 '
[ ${#away[@]} = 0 ] || expect_match "$T/out" '^hosts    2 together   latencies between them to \+-[0-9.]+ ms'
late=$(awk '$1 == "\"e2e\":" { on = 1 } on && $1 == "\"p50\":" { print $2 + 0; exit }' "$T/run.json")
[ "$late" -gt 0 ] && [ "$late" -lt 1000000000 ] || fail "p50 of $late ns"
expect_match "$T/run.json" '"hosts": 2'
expect_match "$T/run.hlog" '^Tag=e2e,'
has_lines "$T/run.jsonl" 1 || fail 'a line per second is missing'
# The same agents again: shared groups are verified as one, a scenario is sent along, saturation keeps its window.
together pubsub --shape share --pubs 4 --subs 4 -R 400 -q 1; ran
expect_match "$T/out" '^deliver  400 of 400 .*loss 0  dup 0'
printf '%s\n' '[[group]]' 'role = "pub"' 'clients = 4' 'rate = 100' '[[group]]' 'role = "sub"' 'clients = 2' 'filter = "bench/#"' >"$T/two.toml"
together run "$T/two.toml"; ran
expect_match "$T/out" '^deliver  200 of 200 .*loss 0'
together pubsub --max --shape fanout --pubs 2 --subs 2 --max-outstanding 2000
expect_exit 0
expect_match "$T/out" '^deliver .*loss 0  dup 0  reorder 0'
together rtt -c 4 -R 100; ran
expect_match "$T/out" '^deliver  100 of 100 .*loss 0'

# A search, a comparison, and a warm-up that ends when the load of both is steady.
run mqtt-bench find pubsub -c 4 --lo 200 --hi 300 --slo 'e2e.p50<20s' --agents 2 --control "$control" -h "$HOST" -p "$PORT" \
    -d 1s --warmup 200ms --json "$T/find.json"
[ "$status" = 0 ] || [ "$status" = 3 ] || { cat "$T/err" >&2; fail "find together: exit status $status"; }
expect_match "$T/find.json" '"rate": 200,'
expect_match "$T/out" '^sustains '
first=$PORT
start_broker
run mqtt-bench vs pubsub -c 2 -R 200 --a "mqtt://$HOST:$first" --b "mqtt://$HOST:$PORT" --rounds 2 --agents 2 --control "$control" \
    -d 1s --warmup 200ms
expect_exit 0
expect_match "$T/out" '^rounds  2 pairs, interleaved A B B A; loss A 0  B 0'
background steady mqtt-bench pubsub -c 4 -R 200 -d 1s --warmup auto --silent --json "$T/steady.json" --agents 2 --control "$control" \
    -h "$HOST" -p "$PORT"
finish "$pid" 100; ran
expect_match "$T/steady.out" '^deliver  200 of 200 .*loss 0'
warm=$(sed -nE 's/^ *"warmup_seconds": ([0-9]+).*/\1/p' "$T/steady.json")
[ "$warm" -ge 5 ] || fail "together steady after $warm s"

# What cannot be: told before anything runs. Who lacks the password, does not get in.
together pubsub --shape fanout --pubs 2 --subs 2 --churn 50%/s
expect_exit 2; expect_match "$T/err" 'what a subscriber is owed is only known'
run mqtt-bench pubsub --agents 2 -h "$HOST" -p "$PORT"; expect_exit 2; expect_match "$T/err" 'needs --control'
run mqtt-bench agent; expect_exit 2; expect_match "$T/err" 'needs --join'
run mqtt-bench pubsub --agents 2 --control "$control" --embedded; expect_exit 2

# A broker that is not there, and a load host that goes away.
run mqtt-bench pubsub --agents 2 --control "$control" -h "$HOST" -p "$(free_port)" --silent
expect_exit 1; expect_match "$T/err" 'refused'
background dying mqtt-bench pubsub -c 2 -d 30s --agents 2 --control "$control" -h "$HOST" -p "$PORT"; dying=$pid
until_true 30 contains "$T/dying.err" '2 s  sent'
kill -9 "$agent1"
finish "$dying" 20
expect_exit 1
expect_match "$T/dying.out" '^error    load host .* went away'
expect_match "$T/dying.out" '^partial '
kill -TERM "$agent2"
finish "$agent2" 10

# A coordinator that goes away without a word, over a control broker that is not its own.
start_broker
background left mqtt-bench agent --join "$URL" --once; left=$pid
background coordinator mqtt-bench pubsub -d 60s --agents 1 --control "$URL" -h "$HOST" -p "$PORT"; coordinator=$pid
until_true 30 contains "$T/coordinator.err" '1 s  sent'
kill -9 "$coordinator"
finish "$left" 20
expect_exit 0
expect_match "$T/left.err" '^done: sent [1-9]'
run mqtt-sub -L "$URL/mqtt-bench/plan/+" --snapshot
expect_file "$T/out" </dev/null

# A coordinator that waits has its plan on the control broker: an agent that starts later finds it; the card that
# another one has left there is no agent. Nothing of it stays.
start_broker; control=$URL
mqtt-pub -L "$control/mqtt-bench/agent/gone" -r -q 1 -m '{"host":"gone","clock":"x","version":"0.1.0","cpus":1}'
start_broker
background waits mqtt-bench pubsub -R 200 -d 1s --warmup 100ms --silent --agents 1 --control "$control" -h "$HOST" -p "$PORT"; waits=$pid
until_true 20 contains "$T/waits.err" 'waiting for 1 agent: mqtt-bench agent --join'
run mqtt-sub -L "$control/mqtt-bench/plan/+" --snapshot
expect_match "$T/out" '"topic":"mqtt-bench/plan/[^"]+".*pubsub'
background late mqtt-bench agent --join "$control" --once; late=$pid
finish "$waits" 30; ran
expect_match "$T/waits.out" '^deliver  200 of 200 .*loss 0'
finish "$late" 20
expect_exit 0
run mqtt-sub -L "$control/mqtt-bench/plan/+" --snapshot
expect_file "$T/out" </dev/null
