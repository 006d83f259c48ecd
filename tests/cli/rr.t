# timeout: 120
# Request and response: mosquitto_rr by link, and mqtt-pub --request (cases 79 to 83 of the table).
. "$(dirname "$0")/drop_in.sh"

command_line() {
    refuses '-e' -t q -m x
    refuses '-e' -t q -m x -e a/+
    refuses '-l' -t q -e a -l
}
row 82 2.0 command_line
# A responder for one request: keeps the request's response topic in $T/asked, answers on the topic `a`.
responder() {
    rm -f "$T/asked"
    subscribed=$(grep -c 'Sending SUBACK to ' "$BROKER_LOG" || true)
    background responder bash -c '
        line=$(mqtt-sub -h 127.0.0.1 -p "$1" -t q -q 1 -C 1 -F "%R %p" -W 20) || exit
        echo "${line%% *}" >"$2"
        mqtt-pub -h 127.0.0.1 -p "$1" -q 1 -t a -m "answer to ${line#* }"' responder "$PORT" "$T/asked"
    responder_pid=$pid
    until_true 10 suback_count_is $((subscribed + 1))
}
answers() {
    local v
    for v in 31 311 5; do
        responder
        go -V "$v" -t q -e a -m m -q 1; expect_exit 0
        expect_eq "$(at "-V $v")" "$(cat "$T/out")" 'answer to m'
        finish "$responder_pid"
        expect_eq "$(at "response topic, -V $v")" "$(cat "$T/asked")" "$([ "$v" != 5 ] || echo a)"
    done
}
row 79,80 2.0 answers
no_answer() {
    go -t q -e a -m m -W 1; expect_exit 27
    [ -s "$T/err" ] || fail "$(at silence): nothing on stderr"
}
row 81 2.0 no_answer
lanes rr

PROGRAM=mqtt-pub LABEL='mqtt-pub --request' CASE=79
with_broker theirs
responder
run mqtt-pub --request -h "$HOST" -p "$PORT" -t q -e a -m m -q 1 -v; expect_exit 0
expect_eq 'verbose' "$(cat "$T/out")" 'a answer to m'
run mqtt-pub -t a -m x -W 1; expect_exit 1
expect_match "$T/err" 'request'

silent_peer() { # under both names: nothing hangs
    fake_peer hold
    local started; started=$(date +%s%N)
    run "$@" -h "$HOST" -p "$PORT" -t q -e a -m m -W 2
    [ "$status" = 27 ] || [ "$status" = 255 ] || fail "83: exit status $status"
    [ -s "$T/err" ] || fail '83: nothing on stderr'
    [ $((($(date +%s%N) - started) / 1000000)) -lt 4000 ] || fail '83: not within its time'
}
both() { silent_peer "$LINKS/mosquitto_rr"; silent_peer mqtt-pub --request; }
row 83 ours both
lanes pub
