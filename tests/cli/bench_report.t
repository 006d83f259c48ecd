# timeout: 90
# Results as files: every form is written by the run and again by report; merge, diff, and what is refused.
. "$(dirname "$0")/lib.sh"

run mqtt-bench pubsub --embedded --max -q 1 -c 3 -d 3s --warmup 300ms --silent --assert 'loss==0' --json "$T/a.json" \
    --html "$T/a.html" --csv "$T/a.csv" --junit "$T/a.xml" --md "$T/a.md"
expect_exit 0
cp "$T/out" "$T/summary"
expect_match "$T/a.html" '<figure id="heat"'
expect_match "$T/a.xml" '<testcase classname="mqtt-bench" name="loss==0"'
expect_match "$T/a.md" '\| `loss==0` \| pass \| 0 \|'
has_lines "$T/a.csv" 3 || fail "a line per second is missing"

# From the JSON the same comes out again, byte by byte.
run mqtt-bench report "$T/a.json" --html "$T/b.html" --csv "$T/b.csv" --junit "$T/b.xml" --md "$T/b.md" --json "$T/b.json"
expect_exit 0
expect_file "$T/out" <"$T/summary"
for form in html csv xml md json; do cmp "$T/a.$form" "$T/b.$form" || fail "report gives another $form"; done
run mqtt-bench report "$T/a.json" --assert 'recv<1'
expect_exit 99
expect_match "$T/out" '^assert   recv<1  FAIL'

run mqtt-bench merge "$T/a.json" "$T/b.json" --json "$T/sum.json"
expect_exit 0
received() { sed -nE 's/^ *"received": ([0-9]+).*/\1/p' "$1" | head -n 1; }
expect_eq "deliveries of the sum" "$(received "$T/sum.json")" "$((2 * $(received "$T/a.json")))"

run mqtt-bench diff "$T/a.json" "$T/sum.json" --assert 'e2e.p99<=1.1*old.e2e.p99'
expect_exit 0
expect_match "$T/out" '^recv.rate .* x2\.0'
expect_match "$T/out" '^assert   e2e.p99<=1.1\*old.e2e.p99  PASS'
run mqtt-bench diff "$T/a.json" "$T/sum.json" --assert 'recv<=old.recv'
expect_exit 99

# An assertion that fails as the run goes ends it; the broker's own counters agree with ours.
run mqtt-bench pubsub --embedded -d 30s --warmup 0s --silent --assert 'e2e.p50<1us' --abort-on-fail --json "$T/early.json"
[ "$status" = 99 ] || [ "$status" = 3 ] || fail "exit status $status"  # 3: the machine is busy
expect_match "$T/out" '^stopped  early: e2e.p50<1us'
expect_match "$T/early.json" '"partial": true'
# Without a limit: on a busy machine the subscriber falls behind.
start_broker --sys-interval 1s --max-queued-messages 0
run mqtt-bench pubsub -h "$HOST" -p "$PORT" --max -q 1 -d 1s --warmup 0s --silent --sys
expect_exit 0
expect_match "$T/out" '^target   .*by \$SYS\)'
expect_match "$T/out" '^\$SYS     agrees \(received [0-9,]+, sent [0-9,]+\)'

run mqtt-bench report "$T/nothing.json"; expect_exit 1; expect_quiet
expect_match "$T/err" "cannot read '.*nothing.json'"
run mqtt-bench report "$T/a.csv"; expect_exit 1
expect_match "$T/err" 'not a JSON object'
usage() { run mqtt-bench "$@"; expect_exit 2; expect_quiet; expect_match "$T/err" .; }
usage report
usage diff "$T/a.json"
usage report "$T/a.json" -R 5
usage report "$T/a.json" "$T/b.json" --html "$T/x.html"
usage find pubsub --embedded --html "$T/x.html"
usage report "$T/a.json" --assert 'nonsense<1'
