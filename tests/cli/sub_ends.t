# timeout: 300
# mqtt-sub: subscriptions, and how a run ends (rows 60 to 78 and 85 of the table of cases).
. "$(dirname "$0")/drop_in.sh"
with_broker theirs

command_line() {
    refuses '-t'                                                                            # 64
    refuses '-R' -t a -R --retained-only                                                    # 67
    refuses '--retain-handling' -t a --retain-handling often                                # 68
    local option row
    for option in -t -T -U; do refuses '++' -t a "$option" '++'; done                       # 71
    refuses 'a/#/b' -t 'a/#/b'
    for row in '-C 0' '-W 0' '--random-filter 0' '-x A' '-x -2' '-x 4294967296'; do
        refuses "${row%% *}" -t a $row                                                      # 72
    done
    for row in -l '-m x' -n -r -s '--repeat 2'; do refuses "${row%% *}" -t a $row; done     # 40
}
each sub command_line

times() {
    go -t a -W 1; expect_exit 27; expect_quiet                                              # 60
    go -t a -E; expect_exit 0; expect_quiet                                                 # 62
    go -t a -c -i me -q 1 -E; expect_exit 0
    mqtt-pub -p "$PORT" -t a -q 1 -m queued
    go -t a -c -i me -q 1 -C 1 -W 5; expect_exit 0
    expect_eq "$(at 62)" "$(cat "$T/out")" queued
    go -t a -i me -E                                                                        # the session is gone
    proves "$PROGRAM" 2.1 || return 0
    go -U a -W 1; expect_exit 27                                                            # 63
    contains "$BROKER_LOG" 'Received UNSUBSCRIBE' || fail "$(at 63): no UNSUBSCRIBE"
    go -t a --message-rate -W 3; expect_exit 27                                             # 77
    expect_match "$T/out" '^[0-9]+ msgs/s$'
}
each sub times

before_connack() {
    local before=$PORT
    fake_peer hold
    go -t a -W 1; expect_exit 255                                                           # 61
    PORT=$before
}
each sub before_connack

retained() {
    local i
    for i in 1 2 3; do mqtt-pub -p "$PORT" -q 1 -t "r/$i" -r -m "kept $i"; done
    go -t 'r/#' --retained-only -v -C 3; expect_exit 0                                      # 65
    expect_eq "$(at 65)" "$(sort "$T/out")" $'r/1 kept 1\nr/2 kept 2\nr/3 kept 3'
    go -t 'r/#' -R -W 1; expect_exit 27; expect_quiet
    proves "$PROGRAM" 2.1 || return 0
    go -t 'r/#' -V 5 --retain-handling never -W 1; expect_exit 27; expect_quiet             # 68
    go -t 'r/#' -V 5 --retain-handling always -C 3 -W 5; expect_exit 0
    go -t 'r/#' -V 5 --retain-handling new -C 3 -W 5; expect_exit 0
}
each sub retained
run mqtt-sub -p "$PORT" -t 'r/#' -T r/2 --remove-retained --retained-only -v -W 20; expect_exit 0   # 66
expect_eq 66 "$(sort "$T/out")" $'r/1 kept 1\nr/3 kept 3'
run mqtt-sub -p "$PORT" -t 'r/#' -v -W 1; expect_exit 27
expect_eq '66: the one of -T is still there' "$(cat "$T/out")" 'r/2 kept 2'
mqtt-pub -p "$PORT" -q 1 -t r/2 -r -n
run mqtt-sub -p "$PORT" -t a --idle 300ms -W 20; expect_exit 0

signals() {
    local signal
    for signal in INT TERM; do
        subscriber "signal.$LABEL" "$PROGRAM" -p "$PORT" -t a -i "signal-$signal"
        kill "-$signal" "$pid"
        finish "$pid"
        expect_eq "$(at "73 $signal")" "$status" 0
        until_true 5 contains "$BROKER_LOG" "Received DISCONNECT from signal-$signal"
    done
}
each sub signals

closed_pipe() {
    subscribed=$(grep -c 'Sending SUBACK to ' "$BROKER_LOG")
    "$PROGRAM" -p "$PORT" -t p -i "pipe$receivers" 2>/dev/null | head -n 1 >"$T/one" &
    local reader=$!
    lib_pids+=("$reader")
    until_true 10 suback_count_is $((subscribed + 1))
    local i
    for i in 1 2 3 4 5 6 7 8; do mqtt-pub -p "$PORT" -q 1 -t p -m "$i"; done
    finish "$reader" 10                                                                     # 74
    expect_eq "$(at 74)" "$(cat "$T/one")" 1
}
each sub closed_pipe

overlap() {
    subscriber "overlap.$LABEL" "$PROGRAM" -p "$PORT" -t a -t 'a/#' -t '#' -W 2             # 76
    mqtt-pub -p "$PORT" -q 1 -t a -m once
    finish "$pid"
    local count; count=$(wc -l <"$T/overlap.$LABEL.out")
    [ "$count" = 1 ] || [ "$count" = 3 ] || fail "$(at 76): $count lines"
    expect_eq "$(at 76): filters go in one SUBSCRIBE" "$(grep -c 'Received SUBSCRIBE' "$BROKER_LOG")" "$subscribes_seen"
}
overlap_counted() { subscribes_seen=$(($(grep -c 'Received SUBSCRIBE' "$BROKER_LOG") + 1)); overlap; }
each sub overlap_counted

shared() {
    local share="share-$receivers-${LABEL%% *}"; receivers=$((receivers + 1))
    subscriber "one.$LABEL" "$PROGRAM" -p "$PORT" -V 5 -q 1 -t "\$share/$share/s" -W 3
    local one=$pid
    subscriber "two.$LABEL" "$PROGRAM" -p "$PORT" -V 5 -q 1 -t "\$share/$share/s" -W 3
    seq 50 | mqtt-pub -p "$PORT" -q 1 -t s -l
    finish "$one"; finish "$pid"
    expect_eq "$(at 78)" "$(sort -n "$T/one.$LABEL.out" "$T/two.$LABEL.out")" "$(seq 50)"
}
each sub shared
stop_broker

# Denials.
printf 'topic read open/#\n' >"$T/acl"; chmod 644 "$T/acl"; chmod 755 "$T"
with_broker theirs "acl_file $T/acl"
denied_by_suback() { # 69: mosquitto accepts every filter, so the peer is scripted
    fake_peer 2003000000 900400010087; run mqtt-sub -p "$PORT" -t a; expect_exit 135
    expect_match "$T/err" "'a' was refused: Not authorized"; expect_quiet
    fake_peer 20020000 9003000180; run mqtt-sub -p "$PORT" -V 311 -t a; expect_exit 128
    fake_peer 20020000 9003000180; run "$T/links/mosquitto_sub" -p "$PORT" -t a; expect_exit 0
    fake_peer 2003000000 90050001000087 hold                                                # 70
    run mqtt-sub -p "$PORT" -t a -t b -W 1; expect_exit 27
    expect_match "$T/err" "'b' was refused: Not authorized"
}
denied_by_suback

# 75: the broker goes and comes back; we say so, subscribe again, print again.
outage() {
    local port=$PORT
    background "outage.$LABEL" "$PROGRAM" -p "$port" -t a -C 2
    local reader=$pid
    until_true 10 contains "$BROKER_LOG" 'Sending SUBACK'
    mqtt-pub -p "$port" -q 1 -t a -m before
    until_true 10 contains "$T/outage.$LABEL.out" before
    kill -9 "$BROKER_PID"; wait "$BROKER_PID" 2>/dev/null || true
    is_theirs "$PROGRAM" || until_true 10 contains "$T/outage.$LABEL.err" 'next attempt in'
    local conf; conf=$(ls "$T"/mosquitto.*.conf | tail -n 1)
    BROKER_LOG=$T/restarted.${LABEL}.log
    "$(lib_find mosquitto)" -v -c "$conf" >"$BROKER_LOG" 2>&1 &
    BROKER_PID=$!; lib_pids+=("$BROKER_PID")
    until_true 40 contains "$BROKER_LOG" 'Sending SUBACK'
    mqtt-pub -p "$port" -q 1 -t a -m after
    finish "$reader"
    expect_eq "$(at 75)" "$(cat "$T/outage.$LABEL.out")" $'before\nafter'
    is_theirs "$PROGRAM" || expect_match "$T/outage.$LABEL.err" 'connected again'
}
for program in mqtt-sub "$T/links/mosquitto_sub"; do
    PROGRAM=$program LABEL=${program##*/}
    with_broker theirs
    outage
    stop_broker
done

# 85: -d talks on stderr, under mosquitto's name on stdout.
with_broker theirs
subscriber debug mqtt-sub -p "$PORT" -t a -C 1 -d
mqtt-pub -p "$PORT" -q 1 -t a -m data
finish "$pid"
expect_eq 85 "$(cat "$T/debug.out")" data
expect_match "$T/debug.err" 'SUBSCRIBE'
subscriber mixed "$T/links/mosquitto_sub" -p "$PORT" -t a -C 1 -d
mqtt-pub -p "$PORT" -q 1 -t a -m data
finish "$pid"
expect_match "$T/mixed.out" 'SUBSCRIBE'
expect_match "$T/mixed.out" '^data$'
