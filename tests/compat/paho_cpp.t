# timeout: 180
# [MQTT311-7.0.0-2] Eclipse Paho's C++ client on our broker, in every version, over TCP and TLS, together with our own tools.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../cli/lib.sh"
need c++
source=$(dirname "$0")/peers/paho_roundtrip.cpp
echo '#include <mqtt/async_client.h>' | c++ -std=c++17 -E -x c++ - >/dev/null 2>&1 || skip "libpaho-mqttpp-dev is not installed"
c++ -std=c++17 -O0 -o "$T/paho_roundtrip" "$source" -lpaho-mqttpp3 -lpaho-mqtt3as
make_certs

start_broker -v --listen mqtts://127.0.0.1:0 --cert "$T/certs/server.crt" --key "$T/certs/server.key"
mqtt-pub -L "$URL" -q 1 -r -t cpp/from/us -m 'kept by mqtt-pub'
for version in 3 4 5; do
    for way in "mqtt tcp" "mqtts ssl $T/certs/ca.crt"; do
        read -r scheme uri authority <<<"$way"
        hears_from "$version.$scheme" 'from Paho C++' timeout 60 "$T/paho_roundtrip" \
            "$uri://localhost:$(broker_port "$scheme")" "$version" ${authority:+"$authority"}
    done
done
