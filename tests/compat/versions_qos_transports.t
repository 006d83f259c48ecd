# timeout: 300
# Every protocol version and QoS across our tools and mosquitto's, through our broker and mosquitto's, over
# TCP, TLS and (where the peer has it) WebSocket: each of 27 combinations of subscriber version, publisher
# version and QoS is delivered once, with its payload intact.
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/lib.sh"
need mosquitto mosquitto_pub mosquitto_sub openssl
make_certs
versions='31 311 5'

# exchange LABEL PUB SUB flags...: nine messages from every publisher version and QoS to three subscribers.
exchange() {
    local label=$1 pub=$2 sub=$3 v q; shift 3
    local pids=() wanted
    for v in $versions; do
        subscriber "$label.$v" "$sub" "$@" -V "$v" -i "sub-$v" -q 2 -t 'v/#' -C 9 -W 60
        pids+=("$pid")
    done
    for v in $versions; do
        for q in 0 1 2; do
            "$pub" "$@" -V "$v" -i "pub-$v" -q "$q" -t "v/$v/$q" -m "$v $q 温度 21.5" || fail "$label: publish $v $q"
        done
    done
    wanted=$(for v in $versions; do for q in 0 1 2; do echo "$v $q 温度 21.5"; done; done)
    for pid in "${pids[@]}"; do finish "$pid" 30; expect_eq "$label: exit status" "$status" 0; done
    for v in $versions; do
        expect_eq "$label: received by $v" "$(cat "$T/$label.$v.out")" "$wanted"
    done
}

tls=(--cafile "$T/certs/ca.crt")
with_broker theirs 'listener %PORT2% 127.0.0.1' "cafile $T/certs/ca.crt" "certfile $T/certs/server.crt" \
    "keyfile $T/certs/server.key"
exchange their-broker-tcp mqtt-pub mqtt-sub -h localhost -p "$PORT"
exchange their-broker-tls mqtt-pub mqtt-sub -h localhost -p "$PORT2" "${tls[@]}"
with_broker theirs 'listener %PORT2% 127.0.0.1' 'protocol websockets'
exchange their-broker-ws mqtt-pub mqtt-sub -h localhost -p "$PORT2" --ws

with_broker ours --listen mqtts://127.0.0.1:0 --listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0 \
    --listen "unix:$T/broker.sock" --cert "$T/certs/server.crt" --key "$T/certs/server.key"
exchange our-broker-their-tools mosquitto_pub mosquitto_sub -h localhost -p "$PORT"
exchange our-broker-our-pub mqtt-pub mosquitto_sub -h localhost -p "$PORT"
exchange our-broker-their-pub mosquitto_pub mqtt-sub -h localhost -p "$PORT"
exchange our-broker-their-tools-tls mosquitto_pub mosquitto_sub -h localhost -p "$(broker_port mqtts)" "${tls[@]}"
exchange ours-tls mqtt-pub mqtt-sub -h localhost -p "$(broker_port mqtts)" "${tls[@]}"
exchange ours-ws mqtt-pub mqtt-sub -h localhost -p "$(broker_port ws)" --ws
exchange ours-wss mqtt-pub mqtt-sub -h localhost -p "$(broker_port wss)" --ws "${tls[@]}"
exchange ours-unix mqtt-pub mqtt-sub --unix "$T/broker.sock"
