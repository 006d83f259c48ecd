# timeout: 90
# mqtt-tools(7): every recipe of the page, run as it stands there, does what the page says.
. "$(dirname "$0")/lib.sh"
need jq sqlite3 openssl
page=$lib_root/man/mqtt-tools.7
start_broker -v
export MQTT_URL=$URL
cd "$T"

if lib_find mandoc >/dev/null; then
    mandoc -Tlint "$page" | grep -v 'referenced manual not found' >"$T/lint" || true
    [ ! -s "$T/lint" ] || { cat "$T/lint" >&2; fail 'mandoc complains about mqtt-tools.7'; }
fi

# recipe NAME: the block of the page as a script, $T/NAME.sh.
recipe() {
    [ ! -s "$T/$1.sh" ] || return 0  # a shell may still be reading it
    awk -v mark=".\\\\\" recipe $1" '
        $0 == mark { found = 1; next }
        found && /^\.Bd/ { inside = 1; next }
        inside && /^\.Ed/ { exit }
        inside { gsub(/\\e/, "\\"); print }' "$page" >"$T/$1.sh"
    [ -s "$T/$1.sh" ] || fail "the page has no recipe $1"
    tried+=("$1")
}
tried=()
in_background() { recipe "$1"; background "$1" setsid bash "$T/$1.sh"; }
stop() { kill -TERM -- "-$1"; finish "$1"; }
subscribed_to() { contains "$BROKER_LOG" "Sending SUBACK to $1"; }
rows() { sqlite3 -cmd '.timeout 5000' readings.db 'SELECT id, topic, value FROM reading ORDER BY id' 2>/dev/null; }
row_count() { [ "$(rows | wc -l)" = "$1" ]; }
message() { timeout 20 mqtt-sub -t "$1" -C 1 -W 10; }

recipe cron
run bash -e "$T/cron.sh"; expect_exit 0
until_true 10 contains "$BROKER_LOG" "'load/$(hostname)'"

in_background presence; lamp=$pid
until_true 10 subscribed_to lamp
expect_eq 'presence' "$(message presence/lamp)" online
kill -KILL -- "-$lamp"; finish "$lamp"
is_offline() { [ "$(message presence/lamp)" = offline ]; }
until_true 20 is_offline

before=$(grep -c 'Sending SUBACK' "$BROKER_LOG")
in_background workers; first=$pid
in_background workers; second=$pid
more_subscribed() { [ "$(grep -c 'Sending SUBACK' "$BROKER_LOG")" -ge $((before + $1)) ]; }
until_true 10 more_subscribed 2
for i in 1 2 3 4; do mqtt-pub -q 1 -t "jobs/$i" -m "job $i"; done
until_true 10 has_lines done.log 4
expect_eq 'jobs, each once' "$(sort done.log)" "$(printf 'jobs/%d: 5 bytes\n' 1 2 3 4)"
stop "$first"; stop "$second"

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
in_background replay; replay=$pid
until_true 10 more_subscribed 2
mqtt-pub -q 1 -t device/17/a -m 1
mqtt-pub -q 1 -t device/17/b -m 2
finish "$replay"; finish "$lab"
expect_file "$T/lab.out" <<'END'
device/lab/a 1
device/lab/b 2
END

# Delivered twice, from a 3.1.1 client too; a quote is no way out; the second start goes on.
in_background sqlite; store=$pid
until_true 10 subscribed_to store
reading() { mqtt-pub "$@" -q 1 -t sensor/hall/temperature; }
reading -m '{"id": "a-1", "value": 21.5}'
reading -V 311 -m '{"id": "a-1", "value": 21.5}'
reading -m "{\"id\": \"a-2'); DROP TABLE reading; --\", \"value\": 4}"
until_true 10 row_count 2
stop "$store"
reading -m '{"id": "a-3", "value": -1}'
in_background sqlite; store=$pid
until_true 10 row_count 3
stop "$store"
expect_eq 'rows' "$(rows)" "a-1|sensor/hall/temperature|21.5
a-2'); DROP TABLE reading; --|sensor/hall/temperature|4.0
a-3|sensor/hall/temperature|-1.0"

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
recipe seal
run bash -e "$T/seal.sh"; expect_exit 0
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

expect_eq 'recipes of the page' "$(sed -nE 's/^\.\\" recipe //p' "$page" | sort)" \
    "$(printf '%s\n' "${tried[@]}" | sort -u)"
