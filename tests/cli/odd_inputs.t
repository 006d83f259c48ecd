# What scripts do by mistake: standard streams that are closed, full or without a reader, words that are empty,
# password commands that read, print for ever or end a pipeline, recordings that are none.
. "$(dirname "$0")/lib.sh"
start_broker
at=(-h "$HOST" -p "$PORT")

# ends CODE command...: in a shell of its own, since the words have redirections.
ends() {
    local want=$1; shift
    status=0; timeout -s KILL 20 bash -c "$*" >"$T/out" 2>"$T/err" </dev/null || status=$?
    [ "$status" = "$want" ] || { cat "$T/err" >&2; fail "exit status $status, expected $want: $*"; }
}
# Words that nobody can hear do not end a run; nor does a socket get the number of a stream that was closed.
for nowhere in '2>&-' '2>/dev/full' '2> >(exec true)'; do
    ends 0 "exec mqtt-pub ${at[*]} -t a -m x -q 1 -d $nowhere"
    ends 27 "exec mqtt-sub ${at[*]} -t a -W 0.1 -d $nowhere"
    ends 14 "exec mqtt-pub -h $HOST -p 1 -t a -m x $nowhere"
done
ends 0 "exec mqtt-pub ${at[*]} -t a -m x -q 1 <&- >&- 2>&-"
ends 1 "exec mqtt-pub ${at[*]} -t a -l <&-"
expect_match "$T/err" 'cannot read standard input: Bad file descriptor'
# Data that nobody gets is a failure, also when it was the last.
mqtt-pub "${at[@]}" -t kept -m x -r -q 1
for nowhere in '>&-' '>/dev/full'; do
    ends 6 "exec mqtt-sub ${at[*]} -t kept -C 1 $nowhere"
    expect_match "$T/err" 'cannot write: '
done
ends 6 "exec mqtt-sub ${at[*]} -t kept -C 1 --record /dev/full"
background echo mqtt-sub "${at[@]}" -t asked --echo
echo=$pid
until_true 10 mqtt-pub "${at[@]}" --request -t asked -m x -W 1
ends 6 "exec mqtt-pub ${at[*]} --request -t asked -m x -W 10 >/dev/full"
kill "$echo"; finish "$echo"
# So are help and reports; who reads the beginning only has had enough.
for asked in "mqtt-pub ${at[*]} -t a -m x --report json" 'mqtt-bench list' 'mqtt-broker-lite --print-config' \
    'mqtt-broker-lite store --help' mqtt-{pub,sub,bench,broker-lite}\ --{help,version}; do
    ends 6 "exec $asked >/dev/full"
    expect_match "$T/err" 'cannot write: No space left on device$'
done
ends 0 'set -o pipefail; trap "" PIPE; mqtt-pub --help all | true'

# A variable that is not set: nothing was meant by it.
for option in --exec --exec-lines --reply --until --expect --record; do
    run mqtt-sub "${at[@]}" -t a "$option" ''; expect_exit 1
    expect_match "$T/err" "option '$option' needs a word"
done
run mqtt-sub "${at[@]}" -t a --expect "$T"; expect_exit 1
expect_match "$T/err" "cannot read '$T': Is a directory .option '--expect'.;"
run mqtt-sub "${at[@]}" -t a --expect "$T/missing"; expect_exit 1
expect_match "$T/err" "cannot read '$T/missing': No such file or directory .option '--expect'.;"
run mqtt-pub "${at[@]}" -t a -m x --outbox ''; expect_exit 1
expect_match "$T/err" "option '--outbox' needs a word"
run mqtt-sub "${at[@]}" -t a --on-failure stop; expect_exit 1
expect_match "$T/err" "option '--on-failure' needs '--exec'"

# The messages are ours to read, not the password command's; SIGPIPE ends its pipelines; what never ends is ended.
seq 3 >"$T/lines"
run mqtt-pub "${at[@]}" -t a -l -u me --password-command "cat >$T/eaten; echo word" --report json <"$T/lines"
expect_exit 0
expect_match "$T/out" '"messages":3,'
[ ! -s "$T/eaten" ] || fail 'the password command got the messages'
run mqtt-pub "${at[@]}" -t a -m x -u me --password-command 'yes | head -n 1'; expect_exit 0
run mqtt-pub "${at[@]}" -t a -m x -u me --password-command yes; expect_exit 1
expect_match "$T/err" 'printed more than a password can have'

# Recordings: a folder, a topic with NUL, two kinds of time, a century slowed down.
run mqtt-pub "${at[@]}" --replay "$T"; expect_exit 1
expect_match "$T/err" "cannot read '$T': Is a directory"
printf '{"topic":"a\\u0000b"}\n' >"$T/recording"
run mqtt-pub "${at[@]}" --replay "$T/recording"; expect_exit 1
expect_match "$T/err" "line 1: 'a.x00b' is no valid topic"
printf '{"at":0,"topic":"a"}\n{"tst":"2026-05-06T21:48:00.0Z","topic":"b"}\n{"at":9,"topic":"c"}\n' >"$T/recording"
run mqtt-pub "${at[@]}" --replay "$T/recording" --timeout 20 --report json; expect_exit 0
expect_match "$T/out" '"messages":3,'
printf '{"at":0,"topic":"a"}\n{"at":3000000000,"topic":"b"}\n' >"$T/recording"
run mqtt-pub "${at[@]}" --replay "$T/recording" --speed 0.001 --timeout 200ms --report json; expect_exit 27
expect_match "$T/out" '"messages":1,'

# read_much PID: more than 50 MB.
read_much() { [ "$(awk '/rchar/ {print $2}' "/proc/$1/io")" -gt 50000000 ]; }
# An answer of --exec-lines that never ends is kept in bounded memory.
background lines mqtt-sub "${at[@]}" -t kept -q 1 --exec-lines 'exec tr "\0" x </dev/zero'
lines=$pid
until_true 10 pgrep -P "$lines"
started=$(awk '/VmRSS/ {print $2}' "/proc/$lines/status")
until_true 10 read_much "$lines"
grown=$(($(awk '/VmRSS/ {print $2}' "/proc/$lines/status") - started))
[ "$grown" -lt 20000 ] || fail "$grown KiB for an answer without an end"
kill -9 "$lines"; wait "$lines" || true
