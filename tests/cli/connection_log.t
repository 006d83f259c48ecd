# Every change of the connection is one line on stderr, with the reason in words and the next attempt; and what ends
# the trying: --max-retries, --exit-on-disconnect, reasons that trying again cannot cure.
. "$(dirname "$0")/drop_in.sh"
at() { echo "-h $HOST -p $PORT"; }
told() { grep -c -- "$1" "$T/err" || true; }

# Nobody listens: as many retries as were asked for, then the code of the failure.
PORT=$(free_port)
for tool in "mqtt-pub -t a -m x" "mqtt-sub -t a" "mqtt-pub -t a -l -q 1"; do
    run $tool $(at) --max-retries 2 --retry-delay 50ms </dev/null; expect_exit 14; expect_quiet
    expect_eq "$tool: attempts told" "$(told 'attempt [12] failed: .*refused.*; next attempt in [0-9]* ms$')" 2
    expect_match "$T/err" 'cannot connect'
    run $tool $(at) --max-retries 2 --retry-delay 50ms --quiet </dev/null; expect_exit 14
    [ ! -s "$T/err" ] || fail "$tool --quiet talks"
done
run mqtt-pub $(at) -t a -m x; expect_exit 14
expect_eq 'one try without the option' "$(told 'next attempt')" 0

# What time cannot cure is not tried again; what it can is.
fake_peer 2003008700 hold
run mqtt-sub $(at) -t a --max-retries 5; expect_exit 135
expect_eq 'not authorized: attempts' "$(told 'next attempt')" 0
fake_peer 2003008900 hold
run mqtt-sub $(at) -t a --max-retries 1 --retry-delay 50ms; expect_exit 137
expect_eq 'busy: attempts' "$(told 'attempt 1 failed: .*[Bb]usy.*next attempt')" 1
fake_peer 2003000000 900400010000e0018e
run mqtt-sub $(at) -t a -W 5; expect_exit 142
expect_match "$T/err" 'taken over'

# A lost connection.
fake_peer 2003000000 900400010000e0018b
run mqtt-sub $(at) -t a --exit-on-disconnect -W 20; expect_exit 139
expect_match "$T/err" 'connection lost: .*shutting down'
expect_eq 'no retry' "$(told 'next attempt')" 0
# A server that drops everybody at once is asked less and less often, and counts as failed.
run mqtt-sub $(at) -t a -W 4; expect_exit 27
lines=$(told 'next attempt')
[ "$lines" -ge 2 ] && [ "$lines" -le 10 ] || { cat "$T/err" >&2; fail "asked $lines times in 4 seconds"; }
expect_match "$T/err" 'connected again'
run mqtt-sub $(at) -t a -W 20 --max-retries 3 --retry-delay 50ms; expect_exit 139
expect_eq 'retries of a server that drops' "$(told 'next attempt')" 3

# What was not acknowledged when the time is over is told in numbers.
fake_peer 2003000000 ''
printf '1\n2\n3\n' >"$T/lines"
run mqtt-pub $(at) -t a -q 1 -l --timeout 1 --report json <"$T/lines"; expect_exit 27
expect_match "$T/err" '3 messages: 3 not acknowledged'
expect_match "$T/out" '"messages":3,"sent":0,"acknowledged":0,"refused":0,"reasons":\{\},"unsent":3,'
