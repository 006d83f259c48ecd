# Flags that stand alone: each does what its line in the manual says, and its opposite shows without it.
. "$(dirname "$0")/drop_in.sh"
need openssl python3
start_broker -v
printf '{"a":[1,{"b":2}],"c":null}' | mqtt-pub -p "$PORT" -t kept/json -r -s -q 1

# --pretty: the same document over several lines.
run mqtt-sub -p "$PORT" -t kept/json -C 1 -F %J; expect_exit 0
expect_eq 'one line without --pretty' "$(wc -l <"$T/out")" 1
python3 -c 'import json,sys; d=json.load(sys.stdin); del d["tst"]; print(json.dumps(d))' <"$T/out" >"$T/plain"
run mqtt-sub -p "$PORT" -t kept/json -C 1 -F %J --pretty; expect_exit 0
[ "$(wc -l <"$T/out")" -gt 8 ] || fail '--pretty: not over several lines'
expect_match "$T/out" $'^\t"topic":\t"kept/json",$'
python3 -c 'import json,sys; d=json.load(sys.stdin); del d["tst"]; print(json.dumps(d))' <"$T/out" | diff - "$T/plain"

# -0: messages end with NUL.
mqtt-pub -p "$PORT" -t kept/lines -r -q 1 -m $'two\nlines'
run mqtt-sub -p "$PORT" -t kept/lines -C 1 -0; expect_exit 0
expect_eq 'ended by NUL' "$(od -An -tx1 "$T/out" | tr -d ' \n')" 74776f0a6c696e657300

# -d: a line per packet, however many are handed over at once and however large they are.
yes "$(printf '%03000d' 0)" | head -n 1500 >"$T/large" || true
run mqtt-pub -p "$PORT" -t large -l -d <"$T/large"; expect_exit 0
expect_eq '-d: packets' "$(grep -c "sending PUBLISH .*'large' 3000 bytes" "$T/err")" 1500
expect_eq '-d: nothing else' "$(grep -cvE ' sending (CONNECT|PUBLISH|DISCONNECT)|received CONNACK|connected to ' "$T/err")" 0

# -w: a line of the screen per topic, written again in its place.
background watch mqtt-sub -p "$PORT" -t 'w/#' -v -w -W 30
watch=$pid
until_true 10 contains "$BROKER_LOG" 'w/#'
for message in a/1 b/2 a/3; do mqtt-pub -p "$PORT" -q 1 -t "w/${message%/*}" -m "${message#*/}"; done
until_true 10 contains "$T/watch.out" 'w/a 3'
kill "$watch"; finish "$watch"
expect_match "$T/watch.out" $'^\e\\[2J\e\\[1;1HBroker: '
places() { grep -ao $'\e\\[[0-9]*;1H\e\\[Kw/[ab] [0-9]' "$T/watch.out" | tr -d '\033' | tr '\n' ' '; }
row=$(places | grep -oE '^\[[0-9]+' | tr -d '[')
expect_eq 'places' "$(places)" "[$row;1H[Kw/a 1 [$((row + 1));1H[Kw/b 2 [$row;1H[Kw/a 3 "

# --no-local: what the client itself publishes does not come back; --remove-retained publishes.
own() {
    mqtt-pub -p "$PORT" -q 1 -r -t own -m x
    run mqtt-sub -p "$PORT" -V 5 -t own --remove-retained -v --idle 500ms "$@"; expect_exit 0
}
own; expect_eq 'without --no-local' "$(tr '\n' ' ' <"$T/out")" 'own x own (null) '
own --no-local; expect_eq '--no-local' "$(tr '\n' ' ' <"$T/out")" 'own x '

# --latency, under both names that ask.
background echo mqtt-sub -p "$PORT" -t asked --echo
echo=$pid
until_true 10 contains "$BROKER_LOG" 'asked'
run mqtt-pub -p "$PORT" --request -t asked -m hello -W 20 --latency; expect_exit 0
expect_match "$T/out" '^hello$'
expect_match "$T/out" '^Latency: [0-9]+\.[0-9]+ ms$'
run "$LINKS/mosquitto_rr" -p "$PORT" -t asked -e answers -m hello -W 20 --latency; expect_exit 0
expect_match "$T/out" '^Latency: [0-9]+\.[0-9]{6}(µs|ms)$'
kill "$echo"; finish "$echo"

# --outbox-sync: whether keeping a message waits for the disk.
if lib_find strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    syncs() { strace -f -qq -e trace=fsync,fdatasync -o "$T/calls" mqtt-pub --outbox "$T/box.$1" --no-drain -t t -m m \
        --outbox-sync "$1"; grep -cE 'f(data)?sync' "$T/calls" || true; }
    [ "$(syncs always)" -ge 1 ] || fail '--outbox-sync always: does not wait for the disk'
    expect_eq '--outbox-sync never' "$(syncs never)" 0
fi
run mqtt-pub --outbox "$T/box" --no-drain -t t -m m --outbox-sync sometimes; expect_exit 1

# --no-tls against what would mean TLS; --tls-server-name instead of the host's name.
make_certs
run mqtt-pub -p "$PORT" --cafile "$T/certs/ca.crt" --no-tls -t t -m m -q 1; expect_exit 0
run mqtt-pub -p "$PORT" --cafile "$T/certs/ca.crt" -t t -m m -q 1; expect_exit 8
start_broker --listen mqtts://127.0.0.1:0 --cert "$T/certs/server.crt" --key "$T/certs/server.key"
tls() { run mqtt-pub -h "$HOST" -p "$(broker_port mqtts)" --cafile "$T/certs/ca.crt" -t t -m m -q 1 "$@"; }
tls --tls-server-name localhost; expect_exit 0
tls --tls-server-name elsewhere.example; expect_exit 23
expect_match "$T/err" 'elsewhere\.example'

# --ws-protocol: asked for in the upgrade.
python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True)
c = s.accept()[0]; sys.stdout.write(c.recv(4096).decode()); sys.stdout.flush()' >"$T/upgrade" & lib_pids+=("$!")
until_true 20 has_lines "$T/upgrade" 1
run mqtt-pub -h "$HOST" -p "$(head -n 1 "$T/upgrade")" --ws-protocol mqttv3.1 -t t -m m --connect-timeout 5s
[ "$status" != 0 ] || fail 'a peer that answers nothing was accepted'
expect_match "$T/upgrade" '^Sec-WebSocket-Protocol: mqttv3.1'
