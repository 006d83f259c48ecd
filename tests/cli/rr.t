# timeout: 120
# Request and response: mosquitto_rr by link, and mqtt-pub --request (rows 79 to 83 of the table of cases).
. "$(dirname "$0")/drop_in.sh"

command_line() {
    refuses '-e' -t q -m x                                                                  # 82
    refuses '-e' -t q -m x -e a/+
    refuses '-l' -t q -e a -l
}
each rr command_line

with_broker theirs
# A responder for one request: answers on the request's response topic, or on `a`.
responder() {
    local name="responder.$((receivers += 1))"
    subscribed=$(grep -c 'Sending SUBACK to ' "$BROKER_LOG" || true)
    background "$name" bash -c '
        line=$(mqtt-sub -p "$1" -t q -q 1 -C 1 -F "%R %p" -W 20) || exit
        topic=${line%% *}
        mqtt-pub -p "$1" -q 1 -t "${topic:-a}" -m "answer to ${line#* }"' responder "$PORT"
    responder_pid=$pid
    until_true 10 suback_count_is $((subscribed + 1))
}
answers() {
    local v
    for v in 311 5; do
        responder
        go -V "$v" -t q -e a -m m -q 1; expect_exit 0                                       # 79, 80
        expect_eq "$(at "79 -V $v")" "$(cat "$T/out")" 'answer to m'
        finish "$responder_pid"
    done
    go -t q -e a -m m -W 1; expect_exit 27                                                  # 81
}
each rr answers

PROGRAM=mqtt-pub LABEL='mqtt-pub --request'
responder
run mqtt-pub --request -p "$PORT" -t q -e a -m m -q 1 -v; expect_exit 0
expect_eq 'verbose' "$(cat "$T/out")" 'a answer to m'

# 83: a peer that says nothing.
fake_peer hold
started=$(date +%s%N)
run "$T/links/mosquitto_rr" -p "$PORT" -t q -e a -m m -W 2
[ "$status" = 27 ] || [ "$status" = 255 ] || fail "83: exit status $status"
[ -s "$T/err" ] || fail '83: nothing on stderr'
[ $((($(date +%s%N) - started) / 1000000)) -lt 3500 ] || fail '83: not within its time'

run mqtt-pub -t a -m x -W 1; expect_exit 1
expect_match "$T/err" 'request'
