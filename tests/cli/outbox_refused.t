# What a server refuses leaves the outbox, with the reason as exit code and the message in refused.jsonl.
. "$(dirname "$0")/lib.sh"
printf 'topic readwrite ok/#\n' >"$T/acl"
PORT=$(free_port) BROKER_URLS=$T/urls
printf '%s\n' "listener $PORT 127.0.0.1" 'allow_anonymous true' "acl_file $T/acl" "user $(id -un)" >"$T/conf"
mqtt-broker-lite -c "$T/conf" --ready-file "$BROKER_URLS" 2>"$T/broker.log" &
BROKER_PID=$!
lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up
printf '%s\n' '{"topic":"ok/1","payload":"a"}' '{"topic":"no/1","payload":"b"}' '{"topic":"ok/2","payload":"c"}' |
    mqtt-pub --outbox "$T/box" --no-drain --json-lines
run mqtt-pub --outbox "$T/box" --drain -p "$PORT" --report json
expect_exit 135
expect_match "$T/err" 'refused: Not authorized; it is kept in .*refused.jsonl'
expect_match "$T/out" '"delivered":2,"refused":1,.*"waiting":0'
expect_eq 'lines of refused.jsonl' "$(wc -l <"$T/box/refused.jsonl")" 1
expect_match "$T/box/refused.jsonl" '"topic":"no/1".*"payload":"b"'
