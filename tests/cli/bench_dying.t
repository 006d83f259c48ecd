# timeout: 90
# A broker that dies in the middle of a search and of a comparison: told in a line, exit code 1, and what was
# measured until then is kept and marked as partial.
. "$(dirname "$0")/lib.sh"

start_broker; A=$PORT
start_broker -v; B=$PORT B_PID=$BROKER_PID B_LOG=$BROKER_LOG
start_broker -v; C=$PORT C_PID=$BROKER_PID C_LOG=$BROKER_LOG
short=(-R 200 -d 1s --warmup 100ms)
background vs mqtt-bench vs pubsub "${short[@]}" --a "mqtt://$HOST:$A" --b "mqtt://$HOST:$B" --json "$T/vs.json"; vs=$pid
background find mqtt-bench find pubsub "${short[@]}" -p "$C" --lo 200 --slo 'e2e.p50<20s' --json "$T/find.json"; find=$pid
# In its second run, when some of it is measured: of vs the first one of the second round, which is A B B A.
second_run() {
    awk '/Sending SUBACK/ { ++runs } runs == 2 && /Sending PUBLISH/ { ++messages } END { exit !(messages > 60) }' "$1"
}
until_true 30 second_run "$C_LOG"; kill -9 "$C_PID"
until_true 30 second_run "$B_LOG"; kill -9 "$B_PID"

finish "$find" 30
expect_exit 1
# On a busy machine the first rate may fail.
expect_match "$T/find.err" ' 200/s  (pass|fail)'
expect_match "$T/find.out" '^ +200 .* (pass$|fail)'
expect_match "$T/find.out" '^ +[0-9.]+ +[0-9.]+ .* partial: connection .*lost'
expect_match "$T/find.out" '^partial  the search ended before its time$'
expect_match "$T/find.out" '^error    connection .*lost'
expect_match "$T/find.out" '^sustains .*; 2 probes, 0 repeats'
expect_match "$T/find.json" '^  "partial": true,$'
expect_match "$T/find.json" '"rate": 200, "passed": (true|false), "is_repeat": false, "partial": false'

finish "$vs" 30
expect_exit 1
expect_match "$T/vs.out" '^B/A e2e p50 .*undecided: '
expect_match "$T/vs.out" '^rounds  1 pair,'
expect_match "$T/vs.out" '^round 2 B partial:  e2e p50 [0-9.]+ ms'
expect_match "$T/vs.out" '^partial  the comparison ended before its time$'
expect_match "$T/vs.out" '^error    B: connection .*lost'
expect_match "$T/vs.json" '^  "partial": true,$'
expect_match "$T/vs.json" '"name": "e2e p50", "b_per_a": [0-9.]+, .*"a": \[[0-9]+'

# Not there from the beginning: one line, no figures.
for what in 'find pubsub --lo 200' "vs pubsub --a mqtt://$HOST:$B --b mqtt://$HOST:$A"; do
    # shellcheck disable=SC2086  # words
    run mqtt-bench $what -p "$C" "${short[@]}"
    expect_exit 1; expect_quiet
    expect_match "$T/err" 'refused'
done
