# timeout: 180
# mqtt-bench end to end: subcommands, exit codes, files. No figure of time is judged: on a busy machine a run
# may be called invalid (exit status 3), which is right.
. "$(dirname "$0")/lib.sh"

ran() { [ "$status" = 0 ] || [ "$status" = 3 ] || { cat "$T/err" "$T/out" >&2; fail "exit status $status"; }; }
short=(-d 1s --warmup 200ms --silent)

# Every QoS and shape: all of it arrives, once, in order.
for q in 0 1 2; do
    run mqtt-bench pubsub --embedded -q $q -R 500 "${short[@]}"
    ran
    expect_match "$T/out" '^deliver  500 of 500 .*loss 0  dup 0  reorder 0'
    expect_match "$T/out" '^exit  '
done
run mqtt-bench pubsub --embedded --shape fanout --subs 20 -R 100 "${short[@]}"; ran
expect_match "$T/out" '^deliver  2,000 of 2,000 .*loss 0  dup 0  reorder 0'
run mqtt-bench pubsub --embedded --shape fanin --pubs 20 -q 1 -R 500 "${short[@]}"; ran
expect_match "$T/out" '^deliver  500 of 500 .*loss 0'
run mqtt-bench pubsub --embedded --shape share --pubs 5 --subs 3 -q 1 -R 500 "${short[@]}"; ran
expect_match "$T/out" '^deliver  500 of 500 .*loss 0  dup 0'
run mqtt-bench pubsub --embedded --max -q 1 -c 4 -j 2 "${short[@]}"
expect_exit 0
expect_match "$T/out" '^deliver .*loss 0  dup 0  reorder 0'
expect_match "$T/out" 'saturation run'
run mqtt-bench pubsub -L mqtt://localhost/a; expect_exit 2; expect_match "$T/err" "'-L' counts messages here; a URL stands alone"
run mqtt-bench pubsub --embedded -L 1234 -R 5000 -s 16 --silent; ran
expect_match "$T/out" '^deliver  1,234 of 1,234 .*loss 0'

run mqtt-bench pubsub --embedded --precise -R 500 "${short[@]}"; ran
expect_match "$T/out" '^deliver  500 of 500 .*loss 0'

# Live lines on stderr, the summary on stdout; files beside.
run mqtt-bench pubsub --embedded -d 2s --warmup 0s --json "$T/run.json" --csv "$T/run.csv" --hdr "$T/run.hlog"; ran
expect_match "$T/err" '1 s  sent .* delivered '
expect_match "$T/run.json" '"schema": "mqtt-bench/1"'
expect_match "$T/run.json" '"received": 2000'
expect_match "$T/run.csv" '^at,elapsed,offered,'
expect_match "$T/run.hlog" '^Tag=e2e,[0-9.]+,[0-9.]+,[0-9.]+,HISTFAAA'
run mqtt-bench pubsub --embedded --json - "${short[@]}"; ran
expect_match "$T/out" '^\{'

# Two processes: the subscriber reads the publisher's headers and measures by the clock they share.
start_broker -v
background sub mqtt-bench sub -h "$HOST" -p "$PORT" -t 'bench/#' -d 4s --warmup 0s --silent
sub=$pid
until_true 10 contains "$BROKER_LOG" 'Sending SUBACK'
run mqtt-bench pub -h "$HOST" -p "$PORT" -c 3 -R 300 -L 300 --silent; ran
expect_match "$T/out" '^publish  300 offered  300 sent'
finish "$sub"
expect_match "$T/sub.out" '^deliver  300 .*loss 0  dup 0  reorder 0'
expect_match "$T/sub.out" 'e2e \(response\) '

# Connections only; the broker watched by its process id.
run mqtt-bench conn -h "$HOST" -p "$PORT" -c 600 --broker-pid "$BROKER_PID" --silent
expect_exit 0
expect_match "$T/out" '^connect  600/600 '
expect_match "$T/out" '^broker .*/conn\)'

# Judging: 99, and what was not measured is no pass.
run mqtt-bench pubsub --embedded --assert 'loss==0' --assert 'recv>=1' --max "${short[@]}"
expect_exit 0
run mqtt-bench pubsub --embedded --max --assert 'recv<1' "${short[@]}"
expect_exit 99
expect_match "$T/out" '^assert   recv<1  FAIL'
run mqtt-bench pubsub --embedded --max --assert 'ack.p99<1s' "${short[@]}"
expect_exit 99
expect_match "$T/out" 'UNKNOWN \(no figure for ack.p99\)'

# A broker that it starts and ends itself.
PORT=$(free_port)
run mqtt-bench pubsub --max -h "$HOST" -p "$PORT" --spawn "mqtt-broker-lite -p $PORT" "${short[@]}"
expect_exit 0
expect_match "$T/out" '^broker .*us/message.* switches [1-9]'

# A broker that dies in the middle: one reason, partial figures kept and marked, exit 1.
start_broker
background dying mqtt-bench pubsub -h "$HOST" -p "$PORT" -d 20s
dying=$pid
until_true 20 contains "$T/dying.err" '2 s  sent'
kill -9 "$BROKER_PID"
finish "$dying" 15
expect_exit 1
expect_match "$T/dying.out" '^partial '
expect_match "$T/dying.out" '^error    .+'
expect_match "$T/dying.out" '^deliver  [0-9,]+ of'

# Nothing there, and command lines that make no sense: a line on stderr, nothing on stdout.
run mqtt-bench pubsub -h "$HOST" -p "$(free_port)"
expect_exit 1; expect_quiet
expect_match "$T/err" 'refused'
usage() { run mqtt-bench "$@"; expect_exit 2; expect_quiet; [ -s "$T/err" ] || fail "no word about: $*"; }
usage nonsense
usage pubsub --nonsense
usage pubsub -q 3
usage pubsub --shape star
usage pubsub --pubs 3 --subs 2
usage pubsub --assert 'loss=0'
usage pubsub --assert 'nonsense.p99<1ms' --embedded
usage pubsub -R 0
usage pubsub --embedded --broker-pid 1
run mqtt-bench conn -c 10000000; expect_exit 4; expect_quiet
usage pubsub -R 100 -I 10
