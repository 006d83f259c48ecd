# mqtt-sub --until and --expect for tests of devices; --snapshot, mqtt-pub --restore, --remove-retained.
. "$(dirname "$0")/lib.sh"
start_broker
# session ID flags...: mqtt-sub with a kept session; a program, for `run`.
printf '#!/bin/bash\nexec mqtt-sub -p %s -i "$1" -c -q 1 -t "d/#" "${@:2}"\n' "$PORT" >"$T/session"
chmod +x "$T/session"; PATH=$T:$PATH
publish() { mqtt-pub -p "$PORT" -q 1 "$@"; }

session u -E
publish -t d/t -m '{"temp":20}'; publish -t d/t -m '{"temp":21}'; publish -t d/t -m '{"temp":22}'
run session u --until 'payload.temp > 20' -W 10s
expect_exit 0
expect_file "$T/out" <<'END'
{"temp":20}
{"temp":21}
END
run session u --until 'payload.temp > 30' -W 500ms
expect_exit 27; expect_match "$T/err" 'not seen: payload.temp > 30'
run mqtt-sub -p "$PORT" -t a --until 'payload ='; expect_exit 1; expect_match "$T/err" until

cat >"$T/expected" <<'END'
# comes first
{"topic":"d/state","payload":"on","qos":1}
payload.temp >= 5

{"topic":"d/state","payload":"off","properties":{"content-type":"text/plain"}}
END
session e -E
publish -t d/state -m on; publish -t d/x -m between; publish -t d/t -m '{"temp":5}'
publish -t d/state -m off -D publish content-type text/plain
run session e --expect "$T/expected" -W 10s; expect_exit 0
session e -E
publish -t d/state -m off -D publish content-type text/plain; publish -t d/state -m on
run session e --expect "$T/expected" -W 500ms
expect_exit 27; expect_match "$T/err" 'not seen, 2 of 3: payload.temp >= 5'
run mqtt-sub -p "$PORT" -t a --expect "$T/none"; expect_exit 1; expect_match "$T/err" "cannot read '.*none'"

# A snapshot ends by itself, has all, and restores all: binary, QoS, properties.
for i in $(seq 200); do printf '{"topic":"r/%s","payload":"v%s","retain":true,"qos":1}\n' "$i" "$i"; done |
    mqtt-pub -p "$PORT" --json-lines
printf '\377\0' | publish -t r/bin -s -r -D publish content-type x/y
background live mqtt-pub -p "$PORT" -t r/live -m now --repeat 100000 --repeat-delay 1ms
run mqtt-sub -p "$PORT" -t 'r/#' --snapshot; expect_exit 0
kill "$pid"; finish "$pid"
cp "$T/out" "$T/snapshot"
expect_eq 'retained messages' "$(wc -l <"$T/snapshot")" 201
run mqtt-sub -p "$PORT" -t 'r/#' --remove-retained --retained-only; expect_exit 0
run mqtt-sub -p "$PORT" --snapshot 'r/#'; expect_exit 0; expect_quiet
run mqtt-pub -p "$PORT" --restore "$T/snapshot" --report json; expect_exit 0
expect_match "$T/out" '"messages":201,.*"acknowledged":201'
mqtt-sub --snapshot "mqtt://127.0.0.1:$PORT/r/%23" >"$T/again"
without_time() { sed -E 's/"tst":"[^"]*",?//; s/"mid":[0-9]*,//' "$1" | sort; }
diff <(without_time "$T/snapshot") <(without_time "$T/again") || fail 'the snapshot differs after --restore'
run mqtt-sub -p "$PORT" -t r/bin -C 1 -F '%x %C %r'
expect_file "$T/out" <<'END'
ff00 x/y 1
END
run mqtt-pub -p "$PORT" --restore "$T/none"; expect_exit 1
