# timeout: 240
# [MQTT311-7.0.0-2] Eclipse Paho's Python client on our broker, in every version, over TCP, TLS, WebSocket and secure
# WebSocket; and together with our own tools.
. "$(dirname "$0")/../cli/lib.sh"
PATH=/usr/bin:$PATH  # the one for which Debian has the module
python3 -c 'import paho.mqtt.client' 2>/dev/null || skip "python3-paho-mqtt is not installed"
make_certs
script=$(dirname "$0")/peers/paho_roundtrip.py

start_broker -v --listen mqtts://127.0.0.1:0 --listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0 \
    --cert "$T/certs/server.crt" --key "$T/certs/server.key"
for version in 31 311 5; do
    for way in "mqtt tcp" "mqtts tcp $T/certs/ca.crt" "ws websockets" "wss websockets $T/certs/ca.crt"; do
        read -r scheme transport authority <<<"$way"
        # shellcheck disable=SC2086  # no authority is no word
        timeout 60 python3 "$script" "$(broker_port "$scheme")" "$version" "$transport" $authority >"$T/out" 2>&1 ||
            { cat "$T/out" >&2; fail "MQTT $version over $scheme"; }
    done
done
