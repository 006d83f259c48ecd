# timeout: 120
# Our tools on NATS server, an MQTT 3.1.1 broker of QoS 0 and 1: what is said arrives, wildcards hold, retained
# messages are kept, and the fall-back from 5.0 to 3.1.1 happens by itself.
. "$(dirname "$0")/../cli/lib.sh"
need nats-server
PORT=$(free_port)
cat >"$T/nats.conf" <<EOF
server_name: test
host: 127.0.0.1
port: $(free_port)
jetstream { store_dir: "$T/nats" }
mqtt { host: 127.0.0.1, port: $PORT }
EOF
"$(lib_find nats-server)" -c "$T/nats.conf" >"$T/nats.log" 2>&1 &
lib_pids+=($!)
until_true 20 grep -q 'Server is ready' "$T/nats.log"

mqtt-sub -h "$HOST" -p "$PORT" -t 'n/+/x' -q 1 -v -C 4 -W 30 -d >"$T/sub.out" 2>"$T/sub.err" &
reader=$!
until_true 20 grep -q 'received SUBACK' "$T/sub.err"
for qos in 0 1; do
    mqtt-pub -h "$HOST" -p "$PORT" -t "n/$qos/x" -q "$qos" -m "温度 $qos"
    mqtt-pub -h "$HOST" -p "$PORT" -V 311 -t "n/$qos/x" -q "$qos" -m "311 $qos"
done
finish "$reader" 30
expect_eq "subscriber's exit status" "$status" 0
expect_eq "what arrived" "$(sort "$T/sub.out")" "$(printf 'n/0/x 311 0\nn/0/x 温度 0\nn/1/x 311 1\nn/1/x 温度 1' | sort)"

seq 1000 | mqtt-pub -h "$HOST" -p "$PORT" -t lines -l -q 1
mqtt-pub -h "$HOST" -p "$PORT" -t kept -r -q 1 -m here
run mqtt-sub -h "$HOST" -p "$PORT" -t kept -C 1 -W 20
expect_eq "retained" "$(cat "$T/out")" here
