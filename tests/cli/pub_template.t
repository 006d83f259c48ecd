# mqtt-pub --template, --rate, --for, --repeat: messages that are made up, at a pace, for a time.
. "$(dirname "$0")/lib.sh"
start_broker
mqtt-sub -p "$PORT" -i reader -c -q 1 -t 't/#' -E
X=7 mqtt-pub -p "$PORT" -q 1 -t 't/{{seq 5}}' -m '{"n":{{seq}},"x":{{env X}},"r":{{rand 3 3}}}' --template --repeat 3
seq 2 | mqtt-pub -p "$PORT" -q 1 -t 't/line{{seq}}' -l --template
run mqtt-sub -p "$PORT" -i reader -c -q 1 -t 't/#' -C 5 -v -W 10s
expect_file "$T/out" <<'END'
t/5 {"n":1,"x":7,"r":3}
t/6 {"n":2,"x":7,"r":3}
t/7 {"n":3,"x":7,"r":3}
t/line1 1
t/line2 2
END

# Not expanded unless asked for; what is unknown is an error; a topic that is none is told.
mqtt-pub -p "$PORT" -q 1 -t t/plain -m '{{seq}}' -r
run mqtt-sub -p "$PORT" -t t/plain -C 1 -W 10s; expect_eq 'payload' "$(cat "$T/out")" '{{seq}}'
run mqtt-pub -p "$PORT" -t a -m '{{sequence}}' --template; expect_exit 1; expect_match "$T/err" "knows seq"
X='#' run mqtt-pub -p "$PORT" -t 'a/{{env X}}' -m x --template; expect_exit 1; expect_match "$T/err" '^mqtt-pub: .a/#. is no valid topic$'

# 11 messages at 50 a second take a fifth of a second at least; --for ends what would go on for ever.
run mqtt-pub -p "$PORT" -q 1 -t r -m x --repeat 11 --rate 50/s --report json
expect_exit 0; expect_match "$T/out" '"acknowledged":11,'
expect_match "$T/out" '"seconds":(0\.[2-9]|[1-9])'
run mqtt-pub -p "$PORT" -q 1 -t r -m x --rate 100/s --for 300ms --report json
expect_exit 0; expect_match "$T/out" '"acknowledged":([2-9]|[12][0-9]|3[01]),'
run mqtt-pub -p "$PORT" -q 1 -t r -l --for 500ms --report json < <(seq 3; exec sleep 5)
expect_exit 0; expect_match "$T/out" '"acknowledged":3,'
run mqtt-pub -p "$PORT" -t r -m x --rate 0; expect_exit 1
