# timeout: 120
# mqtt-sub: subscriptions, and how a run ends (cases 40, 60 to 78 and 85 of the table).
. "$(dirname "$0")/drop_in.sh"

pub() { mqtt-pub -h "$HOST" -p "$PORT" -q 1 "$@"; }
no_filter() { refuses '-t'; }
row 64 2.0 no_filter
contradiction() { refuses '-R' -t a -R --retained-only; }
row 67 2.0 contradiction
bad_word() { refuses '--retain-handling' -t a --retain-handling often; }
row 68 2.0 bad_word
bad_filters() {
    local option
    for option in -t -T -U; do refuses '++' -t a "$option" '++'; done
    refuses 'a/#/b' -t 'a/#/b'
}
row 71 2.0 bad_filters
ranges() {
    local words
    for words in '-C 0' '-W 0' '--random-filter 0' '-x A' '-x -2' '-x 4294967296'; do
        refuses "${words%% *}" -t a $words
    done
}
row 72 2.0 ranges
options_of_pub() {
    local words option
    for words in -l '-m x' -n -r -s '--repeat 2'; do refuses "${words%% *}" -t a $words; done
    for option in -C -F -T -U -W --retain-handling --random-filter -t -q -i; do refuses "$option" -t a "$option"; done
}
row 40 2.0 options_of_pub

silence() {
    go -t a -W 1; expect_exit 27; expect_quiet
    is_theirs "$PROGRAM" || [ -s "$T/err" ] || fail "$(at silence): nothing on stderr"
}
row 60 2.0 silence
before_connack() {
    fake_peer hold
    go -t a -W 1; expect_exit 255
}
row 61 2.0 before_connack
leaves_session() {
    go -t a -E; expect_exit 0; expect_quiet
    local v
    for v in 31 311 5; do
        go -V "$v" -t a -c -i me -q 1 -E; expect_exit 0
        pub -t a -m queued
        go -V "$v" -t a -c -i me -q 1 -C 1 -W 5; expect_exit 0
        expect_eq "$(at "session, -V $v")" "$(cat "$T/out")" queued
        go -V "$v" -t a -i me -E  # the session is gone
    done
}
row 62 2.0 leaves_session
unsubscribes() {
    go -U a -W 1; expect_exit 27
    contains "$BROKER_LOG" 'Received UNSUBSCRIBE' || fail "$(at '-U'): no UNSUBSCRIBE"
}
row 63 2.1 unsubscribes
retained() {
    local i
    for i in 1 2 3; do pub -t "r/$i" -r -m "kept $i"; done
    local v
    for v in 31 311 5; do
        go -V "$v" -t 'r/#' --retained-only -v -C 3; expect_exit 0
        expect_eq "$(at "--retained-only, -V $v")" "$(sort "$T/out")" $'r/1 kept 1\nr/2 kept 2\nr/3 kept 3'
    done
    go -t 'r/#' -R -W 1; expect_exit 27; expect_quiet
}
row 65 2.0 retained
retain_handling() {
    go -t 'r/#' -V 5 --retain-handling never -W 1; expect_exit 27; expect_quiet
    go -t 'r/#' -V 5 --retain-handling always -C 3 -W 5; expect_exit 0
    go -t 'r/#' -V 5 --retain-handling new -C 3 -W 5; expect_exit 0
}
row 68 2.1 retain_handling
removes_retained() {
    go -t 'r/#' -T r/2 --remove-retained --retained-only -v -W 20; expect_exit 0
    expect_eq "$(at removed)" "$(sort "$T/out")" $'r/1 kept 1\nr/3 kept 3'
    go -t 'r/#' -v -W 1; expect_exit 27
    expect_eq "$(at 'the one of -T')" "$(cat "$T/out")" 'r/2 kept 2'
    pub -t r/2 -r -n
    go -t a --idle 300ms -W 20; expect_exit 0
}
row 66 ours removes_retained
signals() {
    local signal
    for signal in INT TERM; do
        subscriber "signal" "$PROGRAM" -h "$HOST" -p "$PORT" -t a -i "signal-$signal"
        kill "-$signal" "$pid"
        finish "$pid"
        expect_eq "$(at "$signal")" "$status" 0
        until_true 5 contains "$BROKER_LOG" "Received DISCONNECT from signal-$signal"
    done
}
row 73 2.0 signals
closed_pipe() { # it ends at the first message that nobody reads any more
    mkfifo "$T/pipe"
    head -n 1 <"$T/pipe" >"$T/one" &
    local head=$!
    subscribed=$(grep -c 'Sending SUBACK to ' "$BROKER_LOG")
    "$PROGRAM" -h "$HOST" -p "$PORT" -t p -i pipe >"$T/pipe" 2>/dev/null &
    local writer=$!
    lib_pids+=("$head" "$writer")
    until_true 10 suback_count_is $((subscribed + 1))
    pub -t p -m 1
    finish "$head" 10
    expect_eq "$(at 'one line')" "$(cat "$T/one")" 1
    until_true 10 ends_with_another "$writer"
}
ends_with_another() { pub -t p -m more; ! kill -0 "$1"; }
row 74 2.0 closed_pipe
overlap() { # as often as the broker sends it; all filters in one SUBSCRIBE
    local i
    for i in 1 2 3; do pub -t "r/$i" -r -n; done
    local before; before=$(grep -c 'Received SUBSCRIBE' "$BROKER_LOG")
    subscriber overlap "$PROGRAM" -h "$HOST" -p "$PORT" -t a -t 'a/#' -t '#' -W 2
    local reader=$pid
    pub -t a -m once
    finish "$reader"
    local count; count=$(wc -l <"$T/overlap.out")
    [ "$count" = 1 ] || [ "$count" = 3 ] || fail "$(at overlap): $count lines"
    expect_eq "$(at 'SUBSCRIBE packets')" "$(grep -c 'Received SUBSCRIBE' "$BROKER_LOG")" $((before + 1))
}
row 76 2.0 overlap
message_rate() {
    go -t a --message-rate -W 3; expect_exit 27
    expect_match "$T/out" '^[0-9]+ msgs/s$'
}
row 77 2.1 message_rate
shared() {
    subscriber one "$PROGRAM" -h "$HOST" -p "$PORT" -V 5 -q 1 -t '$share/g/s' -i share-one
    local one=$pid
    subscriber two "$PROGRAM" -h "$HOST" -p "$PORT" -V 5 -q 1 -t '$share/g/s' -i share-two
    local two=$pid
    seq 50 >"$T/numbers"
    mqtt-pub -h "$HOST" -p "$PORT" -q 1 -t s -l <"$T/numbers"
    until_true 10 all_shared
    kill -INT "$one" "$two"
    finish "$one"; finish "$two"
    expect_eq "$(at 'each once')" "$(sort -n "$T/one.out" "$T/two.out")" "$(seq 50)"
}
all_shared() { [ "$(cat "$T/one.out" "$T/two.out" | wc -l)" -ge 50 ]; }
row 78 2.0 shared

denied() { # mosquitto accepts every filter, so the peer is scripted
    fake_peer 2003000000 900400010087; go -t a; expect_exit 135
    expect_match "$T/err" "'a' was refused: Not authorized"; expect_quiet
    fake_peer 20020000 9003000180; go -V 311 -t a; expect_exit 128
    # 3.1 has no such code, and it would come again after every reconnection.
    fake_peer 20020000 9003000180; go -V 31 -i me -t a; expect_exit 128
    expect_match "$T/err" "the subscription to 'a' was refused"
    fake_peer 20020000 9003000180; run "$LINKS/mosquitto_sub" -h "$HOST" -p "$PORT" -t a; expect_exit 0
}
row 69 ours denied
partly_denied() {
    fake_peer 2003000000 90050001000087 hold
    go -t a -t b -W 1; expect_exit 27
    expect_match "$T/err" "'b' was refused: Not authorized"
    # In the end that is no success: a message comes, -C is reached.
    fake_peer 2003000000 90050001000087300400016100 hold
    go -t a -t b -C 1 -F %l -W 20; expect_exit 135
    # A server that has lost the session may refuse what it granted before.
    fake_peer 2003000000 900400010000 / 2003000000 900400020087 hold
    go -t a -W 20; expect_exit 135
    expect_match "$T/err" "'a' was refused after the server had lost the session: Not authorized"
}
row 70 ours partly_denied
debug() { # on stderr; under mosquitto's name on stdout
    subscriber debug mqtt-sub -h "$HOST" -p "$PORT" -t a -C 1 -d
    local reader=$pid
    pub -t a -m data
    finish "$reader"
    expect_eq "$(at 'stdout')" "$(cat "$T/debug.out")" data
    expect_match "$T/debug.err" 'SUBSCRIBE'
    subscriber mixed "$LINKS/mosquitto_sub" -h "$HOST" -p "$PORT" -t a -C 1 -d
    reader=$pid
    pub -t a -m data
    finish "$reader"
    expect_match "$T/mixed.out" 'SUBSCRIBE'
    expect_match "$T/mixed.out" '^data$'
}
row 85 ours debug

# The broker goes and comes back; ours says so; all subscribe again and print again. Last, because the lane's broker
# is another one afterwards.
outage() {
    local port=$PORT
    background outage "$PROGRAM" -h "$HOST" -p "$port" -t outage -C 2 -i outage
    local reader=$pid
    until_true 10 contains "$BROKER_LOG" 'Sending SUBACK to outage'
    pub -t outage -m before
    until_true 10 contains "$T/outage.out" before
    kill -9 "$BROKER_PID"; wait "$BROKER_PID" 2>/dev/null || true
    # Under mosquitto's names reconnecting is silent, as theirs is.
    [[ $PROGRAM = */mosquitto_* ]] || until_true 10 contains "$T/outage.err" 'next attempt in'
    local conf; conf=$(ls "$T"/mosquitto.*.conf | tail -n 1)
    BROKER_LOG=$T/restarted.log
    "$(lib_find mosquitto)" -v -c "$conf" >"$BROKER_LOG" 2>&1 &
    BROKER_PID=$!; lib_pids+=("$BROKER_PID")
    until_true 40 contains "$BROKER_LOG" 'Sending SUBACK to outage'
    pub -t outage -m after
    finish "$reader"
    expect_eq "$(at 'after the outage')" "$(cat "$T/outage.out")" $'before\nafter'
    [[ $PROGRAM = */mosquitto_* ]] || expect_match "$T/outage.err" 'connected again'
}
row 75 2.0 outage
lanes sub
