# timeout: 240
# [MQTT311-7.0.0-2] Eclipse Paho's C client on our broker, in every version, over TCP and TLS. Not over WebSocket: version 1.3.12
# waits in select() for bytes that it has read already when two packets arrive together.
. "$(dirname "$0")/../cli/lib.sh"
need cc
source=$(dirname "$0")/peers/paho_roundtrip.c
echo '#include <MQTTClient.h>' | cc -E - >/dev/null 2>&1 || skip "libpaho-mqtt-dev is not installed"
cc -O1 -Wall -Werror -o "$T/paho_roundtrip" "$source" -lpaho-mqtt3cs
make_certs

start_broker -v --listen mqtts://127.0.0.1:0 \
    --cert "$T/certs/server.crt" --key "$T/certs/server.key"
for version in 3 4 5; do
    for way in "mqtt tcp" "mqtts ssl $T/certs/ca.crt"; do
        read -r scheme uri authority <<<"$way"
        # shellcheck disable=SC2086  # no authority is no word
        timeout 60 "$T/paho_roundtrip" "$uri://localhost:$(broker_port "$scheme")" "$version" $authority >"$T/out" 2>&1 ||
            { cat "$T/out" >&2; fail "version $version over $scheme"; }
    done
done
