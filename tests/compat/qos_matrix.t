# Our clients and Debian's mosquitto clients through both brokers: versions 3.1, 3.1.1 and 5, every pair of publish
# and subscribe QoS (the lower one counts), over TCP and TLS. [MQTT-3.8.4-8] [MQTT311-3.8.4-6]
# timeout: 240
. "$(dirname "$0")/../cli/lib.sh"
need mosquitto mosquitto_pub mosquitto_sub openssl
make_certs

# A message per publisher and QoS; every subscriber must see all of them at the lower of the two QoS.
check_version() {
    local broker=$1 version=$2 sub_qos pub_qos tool subs=() name
    shift 2  # the rest: how to connect
    local prefix=$broker/$version
    mosquitto_pub "$@" -V "$version" -t "$prefix/ready" -m ready -r -q 1
    for sub_qos in 0 1 2; do
        for tool in mqtt-sub mosquitto_sub; do
            name=$tool.$broker.$version.$sub_qos
            background "$name" "$tool" "$@" -V "$version" -t "$prefix/#" -q "$sub_qos" -F '%q %t %p' -C 7 -W 20
            subs+=("$pid:$name:$sub_qos")
            until_true 10 contains "$T/$name.out" ready
        done
    done
    for pub_qos in 0 1 2; do
        for tool in mqtt-pub mosquitto_pub; do
            "$tool" "$@" -V "$version" -t "$prefix/$tool" -q "$pub_qos" -m "sent $pub_qos"
        done
    done
    local sub
    for sub in "${subs[@]}"; do
        IFS=: read -r pid name sub_qos <<<"$sub"
        finish "$pid"
        expect_eq "exit status of $name" "$status" 0
        for pub_qos in 0 1 2; do
            for tool in mqtt-pub mosquitto_pub; do
                local lower=$((pub_qos < sub_qos ? pub_qos : sub_qos))
                expect_eq "$name, QoS $pub_qos from $tool" \
                    "$(grep -c "^$lower $prefix/$tool sent $pub_qos\$" "$T/$name.out")" 1
            done
        done
    done
}

start_broker --listen mqtts://127.0.0.1:0 --cert "$T/certs/server.crt" --key "$T/certs/server.key"
for version in mqttv31 mqttv311 mqttv5; do
    check_version ours "$version" -h localhost -p "$PORT"
    check_version ours-tls "$version" -h localhost -p "$(broker_port mqtts)" --cafile "$T/certs/ca.crt"
done

start_mosquitto "listener %PORT2% 127.0.0.1" "certfile $T/certs/server.crt" "keyfile $T/certs/server.key"
for version in mqttv31 mqttv311 mqttv5; do
    check_version theirs "$version" -h localhost -p "$PORT"
    check_version theirs-tls "$version" -h localhost -p "$PORT2" --cafile "$T/certs/ca.crt"
done
