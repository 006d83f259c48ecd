# timeout: 600
# kill -9 of a broker with strict persistence, at random instants of a stream at QoS 1 and 2, again and again:
# nothing that was acknowledged is missing, nothing is out of order, nothing comes twice at QoS 2; a retained
# message and the subscriptions stay. MQTT_KILLS says how often it is killed for each QoS, MQTT_LINES how many
# lines are sent for each kill.
. "$(dirname "$0")/lib.sh"
kills=${MQTT_KILLS:-4} lines=${MQTT_LINES:-3000}
port=$(free_port)

serve() {
    local n=${#lib_pids[@]}
    BROKER_LOG=$T/broker.$n.log BROKER_URLS=$T/broker.$n.urls
    mqtt-broker-lite -p "$port" --persistence strict --store "$T/store.db" --max-queued-messages 0 --quiet \
        --ready-file "$BROKER_URLS" >"$BROKER_LOG" 2>&1 &
    BROKER_PID=$!
    lib_pids+=("$BROKER_PID")
    until_true 30 lib_broker_is_up
}
kill_broker() { kill -KILL "$BROKER_PID"; wait "$BROKER_PID" 2>/dev/null || true; }
sub() { mqtt-sub -h 127.0.0.1 -p "$port" -V 5 -c -x 3600 "$@"; }
has_last() { grep -qx "$2" "$1"; }
# The publisher has connected again so often, or is done.
is_back() { ! kill -0 "$publisher" 2>/dev/null || [ "$(grep -c 'connected again' "$1")" -ge "$2" ]; }
# Each number for the first time, in the order of arrival.
firsts() { awk '!seen[$0]++' "$1"; }

RANDOM=${MQTT_SEED:-$(date +%N | sed 's/^0*//')}
echo "seed: MQTT_SEED=$RANDOM"
RANDOM=${MQTT_SEED:-$RANDOM}

for qos in 1 2; do
    total=$((kills * lines))
    serve
    for who in away live; do
        sub -i "$who$qos" -q "$qos" -t "stream$qos" -E || fail 'subscribing'
    done
    mqtt-pub -h 127.0.0.1 -p "$port" -q 1 -r -t "kept$qos" -m "still here" || fail 'retained'
    sub -i "live$qos" -q "$qos" -t "stream$qos" >"$T/live$qos" 2>"$T/live$qos.log" & live=$!
    lib_pids+=("$live")
    seq "$total" >"$T/expected"
    mqtt-pub -h 127.0.0.1 -p "$port" -V 5 -c -x 3600 -i "pub$qos" -q "$qos" -t "stream$qos" -l \
        <"$T/expected" 2>"$T/pub$qos.log" & publisher=$!
    lib_pids+=("$publisher")
    killed=0
    while kill -0 "$publisher" 2>/dev/null && [ $killed -lt "$kills" ]; do
        until_true 60 is_back "$T/pub$qos.log" "$killed"
        sleep "0.$(printf '%03d' $((RANDOM % 400 + 20)))"  # the instant of the kill
        kill_broker
        killed=$((killed + 1))
        serve
    done
    finish "$publisher" 120
    [ "$status" = 0 ] || { tail -n 5 "$T/pub$qos.log" >&2; fail "QoS $qos: mqtt-pub ended with $status"; }
    until_true 60 has_last "$T/live$qos" "$total"
    kill "$live"; finish "$live"
    kill_broker
    serve
    sub -i "away$qos" -q "$qos" -t "stream$qos" >"$T/away$qos" 2>"$T/away$qos.log" & away=$!
    lib_pids+=("$away")
    until_true 60 has_last "$T/away$qos" "$total"
    kill "$away"; finish "$away"
    for who in live away; do
        firsts "$T/$who$qos" | cmp -s - "$T/expected" ||
            fail "QoS $qos: the $who subscriber misses lines or has them out of order"
        [ "$qos" = 1 ] || cmp -s "$T/$who$qos" "$T/expected" || fail "QoS 2: the $who subscriber has lines twice"
    done
    expect_eq retained "$(mqtt-sub -h 127.0.0.1 -p "$port" -t "kept$qos" -C 1 -W 10)" 'still here'
    echo "QoS $qos: $killed kills, $total lines, $(wc -l <"$T/live$qos") received live"
    kill_broker
done
