# timeout: 900
# The tests of tests/spec asked of mosquitto (5.0 and 3.1.1), NATS server and RabbitMQ (3.1.1): where they deviate stands in
# tests/spec/deviations.tsv, with what the standard says of it; anything else is a fault of theirs that is new, or of our tests.
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/rabbitmq_lib.sh"
need perl
[ -x "$BIN/test_spec" ] || skip 'test_spec is not built'
cd "$T"
# check BROKER STANDARD PORT: every test that does not hold is one that the list has. What another broker does late on a
# machine that is busy is asked once more, alone.
check() {
    local broker=$1 standard=$2 port=$3 line name
    timeout 280 "$lib_root/scripts/spec_check" -V "$standard" --target "$HOST:$port" >"$T/out" 2>"$T/err" || true
    grep -qE '^[0-9.:]+: [0-9]+ tests hold' "$T/out" || { cat "$T/err" >&2; fail "$broker, $standard: the check broke off"; }
    while IFS= read -r line; do
        awk -F'\t' -v broker="$broker" -v line="$line" '$1 ~ "^" broker " " && index(line, $3) { found = 1 } END { exit !found }' \
            "$lib_root/tests/spec/deviations.tsv" && continue
        name=${line#*: }; name=${name#* }; name=${name%%[,\[]*}
        timeout 120 "$lib_root/scripts/spec_check" -V "$standard" --target "$HOST:$port" "*$name*" >"$T/again" 2>&1 ||
            fail "$broker, not listed: $line"
    done < <(grep '^deviates: ' "$T/out")
    echo "note: $broker, $standard: $(tail -n 1 "$T/out")"
}
start_mosquitto
check mosquitto 5 "$PORT"
check mosquitto 311 "$PORT"
stop_broker

if lib_find nats-server >/dev/null; then
    nats=$(free_port)
    cat >"$T/nats.conf" <<CONF
server_name: test
host: 127.0.0.1
port: $(free_port)
jetstream { store_dir: "$T/nats" }
mqtt { host: 127.0.0.1, port: $nats }
CONF
    background nats "$(lib_find nats-server)" -c "$T/nats.conf"
    until_true 30 grep -q 'Server is ready' "$T/nats.err"
    check NATS 311 "$nats"
else
    echo 'note: nats-server is not installed'
fi
if lib_find rabbitmq-server >/dev/null; then
    start_rabbitmq
    check RabbitMQ 311 "$theirs"
else
    echo 'note: rabbitmq-server is not installed'
fi
