# What mqtt-broker-lite says when it starts and when it cannot, and how it stops.
. "$(dirname "$0")/lib.sh"
need openssl
make_certs

# Loopback of both families, the way to open it, and the URLs for scripts.
start_broker
expect_match "$BROKER_LOG" 'listening on mqtt://127\.0\.0\.1:[0-9]+$'
expect_match "$BROKER_LOG" 'to let others in: --bind any$'
expect_match "$BROKER_URLS" '^mqtt://127\.0\.0\.1:[0-9]+$'

# The port is taken: one line with address and remedy, nothing on stdout.
run mqtt-broker-lite -p "$PORT" --quiet
expect_exit 1
expect_quiet
expect_match "$T/err" "$PORT.*in use"
expect_eq "lines on stderr" "$(wc -l <"$T/err")" 1

# SIGTERM: told to clients, status 0.
kill "$BROKER_PID"
finish "$BROKER_PID"
expect_exit 0
expect_match "$BROKER_LOG" 'terminating$'

# Every kind of listener at once.
start_broker --tls 0 --ws 0 --wss 0 --unix "$T/mqtt.sock" --threads 2 \
    --cert "$T/certs/server.crt" --key "$T/certs/server.key"
for scheme in mqtt mqtts ws wss; do
    [ -n "$(broker_port "$scheme")" ] || fail "no $scheme URL in the ready file"
done
expect_match "$BROKER_URLS" "^unix:$T/mqtt\.sock"
[ -S "$T/mqtt.sock" ] || fail "no socket file"
stop_broker
[ ! -e "$T/mqtt.sock" ] || fail "the socket file is left behind"

# --bind any names the addresses of this machine and no longer claims to be closed.
start_broker --bind any
expect_match "$BROKER_URLS" '^mqtt://127\.0\.0\.1:'
expect_match "$BROKER_LOG" 'anyone who can reach'
stop_broker

# Idle, with a client and a store (where there is one), all threads together wake less than once a second.
kept=()
! has_store || kept=(--persistence batch --store "$T/idle.db")
start_broker "${kept[@]}"
background idle mqtt-sub -h "$HOST" -p "$PORT" -t a -i idle -k 60
until_true 10 grep -q 'as idle' "$BROKER_LOG"
wakes() { cat "/proc/$BROKER_PID/task/"*/status | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'; }
# Also the last commit and the log are over.
rests() { local now; now=$(wakes); sleep 0.5; [ "$(wakes)" = "$now" ]; }
until_true 20 rests
before=$(wakes)
sleep 6
after=$(wakes)
[ $((after - before)) -lt 6 ] || fail "$((after - before)) wake-ups in 6 s"
stop_broker

# Wrong words.
for words in '--tls 0' '--listen http://localhost:1' '--threads 0' '--threads x' '--nonsense'; do
    # shellcheck disable=SC2086
    run mqtt-broker-lite $words
    expect_exit 1
    expect_quiet
    expect_eq "lines on stderr for $words" "$(wc -l <"$T/err")" 1
done
