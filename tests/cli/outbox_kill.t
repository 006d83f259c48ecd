# timeout: 120
# kill -9 in the middle of 100,000 lines, of the process that journals and of the one that drains: nothing that was
# kept is lost, nothing is out of order, and at QoS 2 nothing arrives twice.
. "$(dirname "$0")/lib.sh"
lines=100000
seq "$lines" >"$T/lines"
start_broker --max-queued-messages 0 --max-queued-bytes 0
kept() { mqtt-pub --outbox "$D" --outbox-status | sed -E 's/.*"messages":([0-9]+).*/\1/'; }

# Journals the rest of the lines, from where the one before was killed.
journal_with_kills() { # QOS
    local kills=0 from writer
    while from=$(($(kept) + 1)) && [ "$from" -le "$lines" ]; do
        tail -n "+$from" "$T/lines" | mqtt-pub --outbox "$D" --no-drain -t "k/$1" -q "$1" -l &
        writer=$!
        [ "$kills" -ge 3 ] || { sleep "0.$(printf %03d $((RANDOM % 60 + 10)))"; kill -9 "$writer" 2>/dev/null || true; }
        wait "$writer" 2>/dev/null || true
        kills=$((kills + 1))
    done
}
drain_with_kills() {
    local kills=0 drain
    status=137
    while [ "$status" = 137 ]; do
        mqtt-pub --outbox "$D" --drain -p "$PORT" 2>>"$T/drain.err" &
        drain=$!
        [ "$kills" -ge 8 ] || { sleep "0.$(printf %03d $((RANDOM % 80 + 20)))"; kill -9 "$drain" 2>/dev/null || true; }
        status=0; wait "$drain" 2>/dev/null || status=$?
        kills=$((kills + 1))
    done
    printf '%s processes drained\n' "$kills"
    [ "$kills" -ge 2 ] || fail 'the drain was not killed in the middle'
    expect_exit 0
}
for qos in 1 2; do
    D=$T/box.$qos
    session=(-p "$PORT" -i "reader$qos" -c -t "k/$qos" -q 2)
    mqtt-sub "${session[@]}" -E
    mqtt-pub -p "$PORT" -t "k/$qos" -m ready -q 1
    background "reader$qos" mqtt-sub "${session[@]}" -F %p
    until_true 10 grep -qx ready "$T/reader$qos.out"
    journal_with_kills "$qos"
    expect_eq 'lines kept' "$(kept)" "$lines"
    drain_with_kills
    until_true 30 grep -qx "$lines" "$T/reader$qos.out"
    grep -vx ready "$T/reader$qos.out" >"$T/got.$qos"
done
awk '!seen[$0]++' "$T/got.1" | cmp - "$T/lines" || fail 'QoS 1: lines are lost or out of order'
cmp "$T/got.2" "$T/lines" || fail 'QoS 2: lines are lost, doubled or out of order'
