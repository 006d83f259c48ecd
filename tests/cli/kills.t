# timeout: 120
# kill -9 in the middle of 100,000 lines at QoS 1 and 2, without an outbox: of the broker, of the tool, of the link.
# What was reported as sent is there, nothing comes twice at QoS 2. The broker (journaling_broker.py) writes down every
# message before it acknowledges, and keeps its sessions, as a durable broker does.
lines=100000
. "$(dirname "$0")/kills.sh"

publish() { # in the background; $pid
    mqtt-pub -h "$HOST" -p "$1" -q "$QOS" -t s -l -i "kills" ${VERSION:+-V "$VERSION"} --retry-delay 200ms --report json <"$T/../lines" \
        >"$T/report" 2>"$T/err" & pid=$!
    lib_pids+=("$pid")
}
broker_dies() {
    publish "$PORT"
    local tool=$pid at
    for at in 100000 300000; do
        until_true 40 journal_has "$at"
        kill -9 "$BROKER"; wait "$BROKER" 2>/dev/null || true
        broker "$PORT"
    done
    finish "$tool" 90
    [ "$status" = 0 ] || { tail -n 5 "$T/err" >&2; fail "$NAME, QoS $QOS: exit status $status"; }
    expect_match "$T/report" "\"acknowledged\":$lines,"
    expect_match "$T/err" 'connection lost.*next attempt in'
    expect_match "$T/err" 'connected again'
    nothing_lost; nothing_twice; in_order
}
# What the tool never reported may be missing, but nothing is there twice and there is no gap before the last one.
tool_dies() {
    publish "$PORT"
    local tool=$pid
    until_true 40 journal_has 200000
    kill -9 "$tool"; finish "$tool" 2>/dev/null
    [ "$status" = 137 ] || fail "$NAME: the tool ended with $status before it was killed"
    [ ! -s "$T/report" ] || fail "$NAME: a killed tool has reported"
    until_true 30 test -e "$JOURNAL.ended"
    local last; last=$(sort -n "$JOURNAL" | tail -n 1)
    [ "$last" -lt "$lines" ] || fail "$NAME: was not in the middle"
    sort -nu "$JOURNAL" | cmp -s - <(seq "$last") || fail "$NAME, QoS $QOS: a gap before the last line"
    nothing_twice
    # The next run says what it did, not what the first one left.
    : >"$JOURNAL"
    publish "$PORT"
    finish "$pid" 60; expect_eq "$NAME, again" "$status" 0
    expect_match "$T/report" "\"acknowledged\":$lines,"
    nothing_lost
}
link_dies() {
    breaking_link
    publish "$PORT"
    finish "$pid" 90
    [ "$status" = 0 ] || { tail -n 5 "$T/err" >&2; fail "$NAME, QoS $QOS: exit status $status"; }
    # By 3.1.1 with QoS 2 the first connection is there to remove an old session.
    local losses=4
    [ "${VERSION-}$QOS" != 3112 ] || losses=3
    expect_eq "$NAME, losses told" "$(grep -c 'connection lost' "$T/err")" "$losses"
    expect_match "$T/report" "\"acknowledged\":$lines,"
    nothing_lost; nothing_twice; in_order
}

link_dies_311() { VERSION=311 link_dies; }

side_by_side broker_dies tool_dies link_dies link_dies_311
