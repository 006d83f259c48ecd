# timeout: 240
# [MQTT311-7.0.0-2] MQTT.js (what Node-RED and MQTTX are made of) on our broker, in every version and over every transport.
. "$(dirname "$0")/../cli/lib.sh"
need node
export NODE_PATH=/usr/share/nodejs:/usr/lib/nodejs
node -e 'require("mqtt")' 2>/dev/null || skip "node-mqtt is not installed"
make_certs
script=$(dirname "$0")/peers/mqtt_js.js

start_broker -v --listen mqtts://127.0.0.1:0 --listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0 \
    --cert "$T/certs/server.crt" --key "$T/certs/server.key"
for version in 3 4 5; do
    for scheme in mqtt mqtts ws wss; do
        authority=; case $scheme in mqtts | wss) authority=$T/certs/ca.crt ;; esac
        # shellcheck disable=SC2086  # no authority is no word
        timeout 60 node "$script" "$scheme://127.0.0.1:$(broker_port "$scheme")" "$version" $authority >"$T/out" 2>&1 ||
            { cat "$T/out" >&2; fail "version $version over $scheme"; }
    done
done
