# --max-inflight: never more messages under way than that, and as many as that, in every version, at QoS 1 and 2, from
# lines and from an outbox; mosquitto's default of 20 under its names.
. "$(dirname "$0")/lib.sh"
need python3
seq 9 >"$T/lines"
mkdir "$T/links"; ln -s "$BIN/mqtt-pub" "$T/links/mosquitto_pub"

peer() { # peer LIMIT: sets PORT; what it says goes to $T/seen.LIMIT
    rm -f "$T/port"
    python3 "$(dirname "$0")/window_peer.py" "$1" "$T/port" >"$T/seen.$1" & lib_pids+=("$!")
    until_true 20 test -s "$T/port"
    PORT=$(cat "$T/port")
    SEEN=$T/seen.$1 n=0
}
# seen WHAT WANT: what the peer says about the next connection, but those that only made a session or removed it.
seen() {
    n=$((n + 1))
    until_true 10 eval '[ "$(used | wc -l)" -ge "$n" ]'
    expect_eq "$1" "$(used | sed -n "${n}p")" "$2"
}
used() { grep -v '^0 0 65535$' "$SEEN"; }

peer 3
for v in 31 311 5; do for qos in 1 2; do
    run mqtt-pub -h "$HOST" -p "$PORT" -V $v -t a -q $qos -l -M 3 <"$T/lines"; expect_exit 0
    seen "lines, -V $v, QoS $qos" '3 9 65535'
    mqtt-pub --outbox "$T/box.$v.$qos" --no-drain -t a -q $qos -l <"$T/lines"
    run mqtt-pub --outbox "$T/box.$v.$qos" --drain -h "$HOST" -p "$PORT" -V $v --max-inflight 3; expect_exit 0
    seen "outbox, -V $v, QoS $qos" '3 9 65535'
done; done
run mqtt-pub -h "$HOST" -p "$PORT" -t a -m x -q 1 --repeat 9 -M 1; expect_exit 0
seen 'repeats' '1 9 65535'

# mosquitto's default, which is 20, under its name only.
peer 20
seq 40 >"$T/lines"
run "$T/links/mosquitto_pub" -h "$HOST" -p "$PORT" -t a -q 1 -l <"$T/lines"; expect_exit 0
seen "mosquitto's default" '20 40 65535'
run mqtt-pub -h "$HOST" -p "$PORT" -t a -q 1 -l <"$T/lines"; expect_exit 0
seen 'no limit of ours' '40 40 65535'

# What a subscriber lets the server have under way is its Receive Maximum.
run mqtt-sub -h "$HOST" -p "$PORT" -t a -M 7 -W 300ms
seen 'of a subscriber' '0 0 7'
