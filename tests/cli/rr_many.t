# Requests of mqtt-pub beyond mosquitto_rr: several responses, sending again with the same correlation data, and what
# is no response to this request.
. "$(dirname "$0")/lib.sh"
start_broker
at=(-h "$HOST" -p "$PORT")
ask() { run mqtt-pub --request "${at[@]}" -t q "$@"; }
# responder NAME COMMAND: answers every request on q with what the command prints; is there when it answers on its own topic.
responder() {
    background "$1" mqtt-sub "${at[@]}" -t q -t "only/$1" -q 1 --reply "$2"
    run mqtt-pub --request "${at[@]}" -t "only/$1" -q 1 -m x --resend 200 --resend-after 100ms; expect_exit 0
}

# Nobody there: known from the acknowledgement at QoS 1, by time at QoS 0.
ask -m x -q 1 -W 20s; expect_exit 27
expect_match "$T/err" "nobody has subscribed to 'q'"
ask -m x -W 300ms; expect_exit 27
expect_match "$T/err" 'no response in time'
ask -m x -W 1s --resend 2 --resend-after 100ms --report json; expect_exit 27
expect_match "$T/err" 'sending the request again \(2 of 2\)'
expect_match "$T/err" '"requests":3,"responses":0,"wanted":1,"exit_code":27'

# Several responders: a number of responses, too few of them, and all that come.
responder one 'printf one'
responder two 'printf two'
responder three 'printf three'
ask -m x -q 1 --responses 3 -W 20s --report json; expect_exit 0
expect_eq 'three responses' "$(sort "$T/out" | tr '\n' ' ')" 'one three two '
expect_match "$T/err" '"requests":1,"responses":3'
ask -m x -q 1 -W 20s; expect_exit 0
expect_eq 'one response' "$(wc -l <"$T/out")" 1
ask -m x -q 1 --responses 4 -W 2s; expect_exit 27
expect_match "$T/err" '3 of 4 responses in time'
expect_eq 'what came is printed' "$(sort "$T/out" | tr '\n' ' ')" 'one three two '
ask -m x -q 1 --responses all -W 2s; expect_exit 0
expect_eq 'all responses' "$(sort "$T/out" | tr '\n' ' ')" 'one three two '
ask -m x --responses all; expect_exit 1
expect_match "$T/err" "option '-W'"
ask -m x --responses 0; expect_exit 1

# A responder that takes the first two requests without a word gets the third, the same by its correlation data.
background quiet mqtt-sub "${at[@]}" -t again -q 1 -C 3 -F '%R %D %p'
quiet=$pid
answer_third() {
    until_true 20 has_lines "$T/quiet.out" 3
    read -r topic correlation payload < <(tail -n 1 "$T/quiet.out")
    # Somebody else's response first: it has other correlation data, or another topic.
    mqtt-pub "${at[@]}" -q 1 -t "$topic" -m wrong -D publish correlation-data other
    mqtt-pub "${at[@]}" -q 1 -t "$topic" -m "answer to $payload" -D publish correlation-data "$correlation"
}
answer_third & lib_pids+=("$!")
run mqtt-pub --request "${at[@]}" -t again -m hello -q 1 --resend 500 --resend-after 200ms -W 30s; expect_exit 0
expect_eq 'the right response' "$(cat "$T/out")" 'answer to hello'
finish "$quiet"
expect_eq 'the same request three times' "$(sort -u "$T/quiet.out" | wc -l)" 1
expect_match "$T/err" 'no response after 200 ms: sending the request again \(1 of 500\)'

# With -e the response may come without correlation data; it is never one that was retained before, with -R.
mqtt-pub "${at[@]}" -q 1 -r -t given -m old
background plain mqtt-sub "${at[@]}" -t q2 -q 1 --reply 'printf plain'
run mqtt-pub --request "${at[@]}" -t q2 -e given -m x -q 1 -R --resend 500 --resend-after 200ms -W 30s; expect_exit 0
expect_eq 'not the retained one' "$(cat "$T/out")" 'plain'

answered() {
    mqtt-pub "${at[@]}" -q 1 -t "$topic" -m 'at last' -D publish correlation-data "$correlation"
    ! kill -0 "$asker" 2>/dev/null
}
# On another connection, too: the server dies after the first request, and the response comes after a later one.
background late mqtt-sub "${at[@]}" -t late -q 1 -F '%R %D' --retry-delay 100ms
background asker mqtt-pub --request "${at[@]}" -t late -m x --resend 300 --resend-after 200ms --retry-delay 100ms -W 40s
asker=$pid
until_true 20 has_lines "$T/late.out" 1
kill -9 "$BROKER_PID"; wait "$BROKER_PID" 2>/dev/null || true
until_true 20 grep -q 'connection lost' "$T/late.err"
before=$(wc -l <"$T/late.out")
background again mqtt-broker-lite -p "$PORT"
until_true 20 has_lines "$T/late.out" $((before + 1))
read -r topic correlation < <(tail -n 1 "$T/late.out")
until_true 20 answered
expect_match "$T/asker.err" 'connected again'
expect_eq 'the response after a lost connection' "$(cat "$T/asker.out")" 'at last'
expect_eq 'the same request all the time' "$(sort -u "$T/late.out" | wc -l)" 1
