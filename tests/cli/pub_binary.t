# Payloads that are no text: hexadecimal, dumps and pack strings, as arguments, files and lines; each way round.
. "$(dirname "$0")/lib.sh"
start_broker
pub() { run mqtt-pub -h "$HOST" -p "$PORT" -t b -q 1 -r "$@"; }
got() { mqtt-sub -h "$HOST" -p "$PORT" -t b -C 1 -F %x; }

pub --hex -m '01 02 ff'; expect_exit 0; expect_eq 'hex' "$(got)" 0102ff
head -c 300 /dev/urandom >"$T/bytes"
pub -f "$T/bytes"; expect_exit 0
mqtt-sub -h "$HOST" -p "$PORT" -t b -C 1 --hex-dump >"$T/dump"
pub -n; pub --hex -f "$T/dump"; expect_exit 0
mqtt-sub -h "$HOST" -p "$PORT" -t b -C 1 -N | cmp - "$T/bytes" || fail 'a dump does not come back'
pub --pack '<hBf' -m '-5 0x10 1.5'; expect_exit 0; expect_eq 'pack' "$(got)" fbff100000c03f
expect_eq 'unpack' "$(mqtt-sub -h "$HOST" -p "$PORT" -t b -C 1 --unpack '<hBf')" '-5 16 1.5'
pub --template --pack 'HB' -m '{{seq}} 7' --repeat 3; expect_exit 0; expect_eq 'template' "$(got)" 000307
pub --hex -m '0a0b' --repeat 2; expect_exit 0; expect_eq 'repeat' "$(got)" 0a0b

# Lines: a wrong one is told of with its number, the others arrive.
printf '1\nx\n770\n' >"$T/lines"
pub -l --pack H --report json <"$T/lines"; expect_exit 1
expect_match "$T/err" "line 2: 'x' is no value for 'H' of the pack string"
expect_match "$T/out" '"acknowledged":2,.*"invalid":1'
expect_eq 'the last line' "$(got)" 0302

# Wrong words are found before anything is connected.
for words in "--hex -m 0g" "--pack H -m 70000" "--pack z -m 1" "--hex --pack H -m 1" "--hex -n" "--hex --json-lines"; do
    # shellcheck disable=SC2086  # words
    run mqtt-pub -h "$HOST" -p 1 -t b $words </dev/null; expect_exit 1; expect_quiet
done
