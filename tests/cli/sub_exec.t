# mqtt-sub --exec, --exec-lines, --reply, --echo: what commands get, when messages are acknowledged, and what a
# failing command costs.
. "$(dirname "$0")/lib.sh"
start_broker
# session ID FILTER flags...: mqtt-sub with a kept session; a program, for `run`.
printf '#!/bin/bash\nexec mqtt-sub -p %s -i "$1" -c -q 1 -t "$2" "${@:3}"\n' "$PORT" >"$T/session"
chmod +x "$T/session"; PATH=$T:$PATH

# Payload on standard input, byte for byte; topic and properties in the environment; in order; output is ours.
session one 'e/#' -E
mqtt-pub -p "$PORT" -t 'e/1' -m 'a"$(id)' -q 1 -D publish content-type text/x -D publish user-property 'room no' '4 2'
printf 'x\0y' | mqtt-pub -p "$PORT" -t 'e/2' -s -q 1 -r
MQTT_CONTENT_TYPE=stale run session one 'e/#' -C 2 --exec 'printf "%s|%s|%s|%s|" "$MQTT_TOPIC" "$MQTT_QOS" "$MQTT_CONTENT_TYPE" "$MQTT_USER_ROOM_NO"; od -An -c'
expect_exit 0
expect_file "$T/out" <<'END'
e/1|1|text/x|4 2|   a   "   $   (   i   d   )
e/2|1|||   x  \0   y
END

# Acknowledged after exit 0 only: a session gets again what was not done. Retries come by themselves.
session two f -E
for i in 1 2 3; do mqtt-pub -p "$PORT" -t f -m "$i" -q 1; done
run session two f --exec 'read -r n; echo "$n" >>'"$T"'/seen; [ "$n" != 2 ]' --on-failure stop
expect_exit 12; expect_match "$T/err" 'f: the command ended with 1'
run session two f -C 2 --exec 'cat >>'"$T"'/seen; echo >>'"$T"'/seen'
expect_exit 0
expect_eq 'messages that commands saw' "$(tr '\n' ' ' <"$T/seen")" '1 2 2 3 '
run session two f -W 500ms; expect_exit 27; expect_quiet
session three g -E
mqtt-pub -p "$PORT" -t g -m x -q 1
background retrying session three g --exec "echo try >>$T/tries; [ \$(wc -l <$T/tries) = 2 ]"
until_true 15 has_lines "$T/tries" 2
expect_match "$T/retrying.err" 'again in 1 s'
kill -INT "$pid"; finish "$pid"
run session three g -W 500ms; expect_exit 27; expect_quiet
run mqtt-sub -p "$PORT" -t e/2 -C 1 --exec false; expect_exit 12
run mqtt-sub -p "$PORT" -t e/2 -C 1 --exec false --on-failure skip; expect_exit 0

# --jobs: at once, each as it likes; kill -9 in the middle loses nothing.
session four 'j' -E
seq 40 | mqtt-pub -p "$PORT" -t j -l -q 1
session four j --jobs 4 --exec "echo \$(cat) >>$T/jobs; sleep 0.05" & killed=$!
until_true 10 has_lines "$T/jobs" 8
kill -9 "$killed"; wait "$killed" 2>/dev/null || true
session four j --idle 1s --jobs 4 --exec "echo \$(cat) >>$T/rest"
expect_eq 'messages that were worked on' "$(sort -un "$T/jobs" "$T/rest" | wc -l)" 40

# A long-lived command: ok acknowledges; started again when it ends.
session five l -E
seq 5 | mqtt-pub -p "$PORT" -t l -l -q 1
cat >"$T/worker" <<'END'
n=0
while read -r line; do
    case $line in *'"payload":"2"'*) [ -e "$1/once" ] || { touch "$1/once"; exit 3; } ;; esac
    printf '%s\n' "$line" >>"$1/lines"
    case $line in *'"payload":"4"'*) printf 'ok\r\n' ;; *) echo ok ;; esac
done
END
run session five l -C 5 --exec-lines "exec bash $T/worker $T"
session five l --idle 2s --exec-lines "exec bash $T/worker $T"
expect_eq 'lines done' "$(sed -E 's/.*"payload":"([0-9]+)".*/\1/' "$T/lines" | sort -u | tr '\n' ' ')" '1 2 3 4 5 '
expect_eq 'lines with an end of Windows' "$(grep -c '"payload":"4"' "$T/lines")" 1

# Answering.
background echo mqtt-sub -p "$PORT" -t 'ask/echo' -q 1 --echo
background reply mqtt-sub -p "$PORT" -t 'ask/upper' -q 1 --reply 'tr a-z A-Z; printf "%s" "$MQTT_TOPIC"'
answer() { mqtt-pub -p "$PORT" --request -t "ask/$1" -m hello -q 1 -W 5s --format %p; }
until_true 15 answer echo; until_true 15 answer upper
expect_eq 'echo' "$(answer echo)" hello
expect_eq 'reply' "$(answer upper)" HELLOask/upper
mqtt-pub -p "$PORT" -t ask/echo -m x -q 1
until_true 10 grep -q 'without response topic' "$T/echo.err"

run mqtt-sub -p "$PORT" -t a --exec x --echo; expect_exit 1
run mqtt-sub -p "$PORT" -t a --jobs 2; expect_exit 1
run mqtt-sub -p "$PORT" -t a --reply x -V 311; expect_exit 1; expect_match "$T/err" 'needs MQTT 5.0'
