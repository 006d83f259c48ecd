# timeout: 120
# kill -9 of the broker, of the tool and of the link while an outbox of 100,000 lines is drained, at QoS 1 and 2, by MQTT 5.0
# and 3.1.1: nothing that was kept is lost, nothing arrives twice at QoS 2, all in order, and the report is true.
lines=100000
. "$(dirname "$0")/kills.sh"

keep() { mqtt-pub --outbox "$T/box" --no-drain -q "$QOS" -t s -l <"$T/../lines"; }
drain() { # in the background; $pid
    mqtt-pub --outbox "$T/box" --drain -h "$HOST" -p "$PORT" -V "$VERSION" --retry-delay 200ms --max-retries 100 --report json \
        >"$T/report" 2>>"$T/err" & pid=$!
    lib_pids+=("$pid")
}
all_arrived() { # exit status of the drain is in $status
    [ "$status" = 0 ] || { tail -n 5 "$T/err" >&2; fail "$NAME, QoS $QOS: exit status $status"; }
    expect_match "$(mqtt-pub --outbox "$T/box" --outbox-status >"$T/left"; echo "$T/left")" '"messages":0,'
    nothing_lost; nothing_twice; in_order
}
broker_dies() {
    keep; drain
    local tool=$pid at
    for at in 15 60; do
        until_true 60 journal_has "$(percent $at)"
        kill -9 "$BROKER"; wait "$BROKER" 2>/dev/null || true
        broker "$PORT"
    done
    finish "$tool" 90
    expect_match "$T/err" 'connection lost.*next attempt in'
    expect_match "$T/report" "\"delivered\":$lines,"
    all_arrived
}
tool_dies() {
    local at
    keep
    for at in 15 60; do
        drain
        until_true 60 journal_has "$(percent $at)"
        kill -9 "$pid"; finish "$pid" 2>/dev/null
        [ "$status" = 137 ] || fail "$NAME: the tool ended with $status before it was killed"
        [ ! -s "$T/report" ] || fail "$NAME: a killed tool has reported"
    done
    drain; finish "$pid" 90
    all_arrived
}
link_dies() {
    keep; breaking_link; drain
    finish "$pid" 90
    # By 3.1.1 the first connection only removes an old session.
    [ "$(grep -c 'connection lost' "$T/err")" -ge 3 ] || fail "$NAME, QoS $QOS: losses are not told"
    expect_match "$T/report" "\"delivered\":$lines,"
    all_arrived
}
for VERSION in 5 311; do
    mkdir "$T/$VERSION"; cp "$T/lines" "$T/$VERSION/lines"
    (T=$T/$VERSION; side_by_side broker_dies tool_dies link_dies) | sed "s/$/, -V $VERSION/"
done
