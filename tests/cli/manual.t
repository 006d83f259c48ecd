# timeout: 90
# mqtt-tools(7): the recipes of the page, run as they stand there, do what the page says. Those that need more than this
# machine has are in files of their own, recipes_*.t.
. "$(dirname "$0")/lib.sh"
need jq openssl
. "$(dirname "$0")/recipes.sh"
start_broker -v
export MQTT_URL=$URL

if lib_find mandoc >/dev/null; then
    mandoc -Tlint "$page" | grep -v 'referenced manual not found' >"$T/lint" || true
    [ ! -s "$T/lint" ] || { cat "$T/lint" >&2; fail 'mandoc complains about mqtt-tools.7'; }
fi

subscribed_to() { contains "$BROKER_LOG" "Sending SUBACK to $1"; }

run_recipe cron
until_true 10 contains "$BROKER_LOG" "'load/$(hostname)'"

in_background presence; lamp=$pid
until_true 10 subscribed_to lamp
expect_eq 'presence' "$(message presence/lamp)" online
kill -KILL -- "-$lamp"; finish "$lamp"
is_offline() { [ "$(message presence/lamp)" = offline ]; }
until_true 20 is_offline

in_background silent; silent=$pid  # it takes five seconds
before=$(grep -c 'Sending SUBACK' "$BROKER_LOG")
in_background script; script=$pid
in_background workers; first=$pid
in_background workers; second=$pid
more_subscribed() { [ "$(grep -c 'Sending SUBACK' "$BROKER_LOG")" -ge $((before + $1)) ]; }
until_true 10 more_subscribed 3
for i in 1 2 3 4; do mqtt-pub -q 1 -t "jobs/$i" -m "job $i"; done
until_true 10 has_lines done.log 4
expect_eq 'jobs, each once' "$(sort done.log)" "$(printf 'jobs/%d: 5 bytes\n' 1 2 3 4)"
stop "$first"; stop "$second"
mqtt-pub -q 1 -t alarm/1 -m 'it burns'
until_true 10 grep -q '^alarm/1: it burns$' alarms.log
finish "$silent"; expect_exit 0
until_true 10 grep -q '^alarm/17: silent for 5 seconds$' alarms.log
stop "$script"

before=$(grep -c 'Sending SUBACK' "$BROKER_LOG")
in_background lens; lens=$pid
until_true 10 more_subscribed 1
mqtt-pub -q 1 -t device/17/state -m ready
until_true 10 has_lines lens.out 1
expect_match lens.out '^[0-9T:+-]+ device/17/state q0 r0 5: ready$'
stop "$lens"

before=$(grep -c 'Sending SUBACK' "$BROKER_LOG")
timeout 30 mqtt-sub -t 'device/lab/#' -v -C 2 -W 20 >"$T/lab.out" &
lab=$!; lib_pids+=("$lab")
until_true 10 more_subscribed 1
messages=2 in_background replay; replay=$pid
until_true 10 more_subscribed 2
mqtt-pub -q 1 -t device/17/a -m 1
mqtt-pub -q 1 -t device/17/b -m 2
finish "$replay"; finish "$lab"
expect_file "$T/lab.out" <<'END'
device/lab/a 1
device/lab/b 2
END

openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=receiver -keyout receiver.key -out receiver.crt 2>/dev/null
letter() { # what travels is in $T/travelled
    before=$(grep -c 'Sending SUBACK' "$BROKER_LOG")
    in_background unseal
    until_true 10 more_subscribed 1
}
before=$(grep -c 'Sending SUBACK' "$BROKER_LOG")
mqtt-sub -t sealed/letter -C 1 -N -W 20 >"$T/travelled" & lib_pids+=("$!")
until_true 10 more_subscribed 1
letter; unseal=$pid
run_recipe seal
finish "$unseal"
expect_eq 'the letter' "$(cat unseal.out)" 'the code is 1234'
until_true 10 test -s "$T/travelled"
! grep -qa 'code is' "$T/travelled" || fail 'the server could read the letter'
letter; unseal=$pid
python3 -c 'import sys; b = bytearray(open(sys.argv[1], "rb").read()); b[-20] ^= 1; sys.stdout.buffer.write(b)' \
    "$T/travelled" | mqtt-pub -q 1 -t sealed/letter -s
finish "$unseal"
[ "$status" != 0 ] || fail 'a letter that was changed on its way was accepted'

recipe threshold
run bash -e "$T/threshold.sh"
[ "$status" = 3 ] || expect_exit 0  # 3: this machine is too busy to measure on
expect_match bench.xml '<testsuite'
[ -s bench.html ] || fail 'no bench.html'

in_background home; home=$pid
finish "$home"; expect_exit 0
kill -TERM -- "-$home"  # its broker, that the script left running

# The others have files of their own.
for name in $(sed -nE 's/^\.\\" recipe //p' "$page"); do
    grep -qE "(^| )(recipe|in_background|run_recipe) $name( |;|\$)" "$lib_root"/tests/cli/manual.t \
        "$lib_root"/tests/cli/recipes_*.t "$lib_root"/tests/cli/readings.sh "$lib_root"/tests/compat/rabbitmq_lib.sh ||
        fail "no test runs the recipe $name"
done
