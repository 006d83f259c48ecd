# timeout: 300
# seq 100000 | mqtt-pub -l at QoS 1 and 2, into our broker and into mosquitto: every line arrives, in order,
# once; with default queue limits, received + counted drops = acknowledged.
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/lib.sh"
need mosquitto
seq 100000 >"$T/lines"

all_arrive() {
    local label=$1 qos=$2
    subscriber "$label" mqtt-sub -h 127.0.0.1 -p "$PORT" -q "$qos" -t lines -C 100000 -W 120
    local reader=$pid
    mqtt-pub -h 127.0.0.1 -p "$PORT" -q "$qos" -t lines -l <"$T/lines" || fail "$label: mqtt-pub ended with $?"
    finish "$reader" 120
    expect_eq "$label: exit status" "$status" 0
    cmp "$T/lines" "$T/$label.out" || fail "$label: lines are lost, doubled or out of order"
}

for qos in 1 2; do
    with_broker theirs 'max_queued_messages 0'
    all_arrive "theirs-$qos" "$qos"
    stop_broker
    with_broker ours --max-queued-messages 0
    all_arrive "ours-$qos" "$qos"
    stop_broker
done

# Default limits and a subscriber that is away for the whole run: what was acknowledged is either delivered
# or counted as dropped.
with_broker ours --sys-interval 1
subscriber away mqtt-sub -h 127.0.0.1 -p "$PORT" -q 1 -t lines -c -i keeper -x 3600 -E
finish "$pid"; expect_eq 'making the session' "$status" 0
mqtt-pub -h 127.0.0.1 -p "$PORT" -q 1 -t lines -l <"$T/lines" || fail "mqtt-pub ended with $?"
background counter mqtt-sub -h 127.0.0.1 -p "$PORT" -t '$SYS/broker/publish/messages/dropped' -t '$SYS/broker/uptime' -v -W 60
counter=$pid
# What is kept may be of a moment in the middle, and the time that comes first, too: then a whole tick has passed.
has_ticked() { [ "$(grep -c uptime "$T/counter.out")" -ge 3 ]; }
until_true 15 has_ticked
dropped=$(awk '/dropped/ { n = $2 } END { print n }' "$T/counter.out")
kill -INT "$counter"; finish "$counter"
run mqtt-sub -h 127.0.0.1 -p "$PORT" -q 1 -t lines -c -i keeper -x 3600 -C $((100000 - dropped)) -W 20
expect_exit 0
expect_eq 'received + dropped' $(($(wc -l <"$T/out") + dropped)) 100000
expect_eq 'the oldest are kept' "$(head -n 1 "$T/out")" 1
sort -n -u "$T/out" | cmp - "$T/out" || fail 'the kept lines are not in order'
